// The console's behaviour. Pages work without it; it makes them quicker. One listener each, on the document.
import { remember } from "./memory.js";
import { say } from "./say.js";
import { startLive } from "./live.js";
import { startPalette } from "./palette.js";
import { startTimes } from "./times.js";
import { startForms } from "./forms.js";
import { startUploads } from "./upload.js";

const root = document.documentElement;

function startTheme() {
  const chosen = root.dataset.theme ?? "system";
  for (const choice of document.querySelectorAll("[data-theme-choice]")) choice.checked = choice.value === chosen;
  document.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-theme-choice]")) return;
    const system = target.value === "system";
    if (system) delete root.dataset.theme;
    else root.dataset.theme = target.value;
    remember("theme", system ? null : target.value);
    document.dispatchEvent(new CustomEvent("loopline:theme"));
  });
}

function startCopying() {
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest("[data-copy], [data-copy-text]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    await copy(button.dataset.copyText ?? source?.value ?? source?.textContent ?? "", source);
    const label = button.innerHTML;
    button.textContent = "Copied";
    setTimeout(() => { button.innerHTML = label; }, 1600);
  });
}

async function copy(text, source) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain http off this machine has no clipboard: select the text, so that the person can copy it.
  if (source) getSelection().selectAllChildren(source);
  return undefined;
}

function startAnswers() {
  document.addEventListener("loopline:say", ({ detail }) => say(detail.text ?? detail.value, detail.tone));
  document.addEventListener("htmx:response:error", ({ detail }) => {
    const { status, headers } = detail.ctx.response;
    if (detail.ctx.live || status === 422 || status === 400) return;
    const reference = headers.get("X-Request-ID");
    say(`${REASONS[status] ?? "The server could not do this. Try again in a minute."}${reference ? ` Reference ${reference}` : ""}`, "bad");
  });
  const offline = document.querySelector("[data-offline]");
  if (!offline) return;
  const show = () => { offline.hidden = navigator.onLine; };
  addEventListener("offline", show);
  addEventListener("online", show);
}

const REASONS = {
  401: "You are signed out. Reload the page to sign in again.",
  403: "You may not do this, or the page was open too long. Reload it and try again.",
  404: "It is no longer there. Reload the page.",
  409: "Somebody or something was quicker: it has changed meanwhile. Reload the page.",
  413: "This is larger than the platform accepts.",
  429: "Too many requests. Wait a minute and try again.",
};

// A row of tabs that is wider than the window shows the one that is open.
function startTabs() {
  const show = () => {
    const tab = document.querySelector(".tabs [aria-current]");
    const strip = tab?.parentElement;
    if (strip) strip.scrollLeft += Math.max(0, tab.getBoundingClientRect().right - strip.getBoundingClientRect().right);
  };
  document.addEventListener("loopline:arrived", show);
  show();
}

startTheme();
startTabs();
startCopying();
startAnswers();
startForms();
startUploads();
startTimes();
startLive();
startPalette();
