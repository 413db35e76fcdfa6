// Live parts: an element with data-live-url asks for itself again after data-live-every seconds and is morphed in place.
// The answer is the same element; when it comes without data-live-every, its state is final and polling stops.
import { say } from "./say.js";

const SLOWEST = 60;
const timers = new Map();
const failures = new WeakMap();
let paused = false;

const parts = () => document.querySelectorAll("[data-live-url][data-live-every]");

function wait(part) {
  const every = Number(part.dataset.liveEvery);
  if (!(every > 0)) return;
  const slower = Math.min(every * 2 ** (failures.get(part) ?? 0), Math.max(SLOWEST, every));
  timers.set(part, setTimeout(() => poll(part), slower * 1000));
}

function schedule() {
  for (const [part, timer] of timers) {
    if (part.isConnected && part.dataset.liveUrl && part.dataset.liveEvery) continue;
    clearTimeout(timer);
    timers.delete(part);
  }
  for (const part of parts()) if (!timers.has(part)) wait(part);
  const button = document.querySelector("[data-live-pause]");
  if (button) button.hidden = parts().length === 0 && !paused;
}

// Typing, an open menu, ticked boxes or marked text inside the part: leave it alone until the next turn.
function inUse(part) {
  const active = document.activeElement;
  if (active && part.contains(active) && active.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) return true;
  if (part.querySelector("dialog[open], .confirm[open], :popover-open, input[name=item]:checked")) return true;
  const marked = getSelection();
  return Boolean(marked && !marked.isCollapsed && part.contains(marked.anchorNode));
}

async function poll(part) {
  timers.delete(part);
  if (!part.isConnected) return schedule();
  if (paused || document.hidden || !navigator.onLine) return undefined;
  if (inUse(part)) return wait(part);
  const said = part.dataset.liveSay;
  await window.htmx.ajax("GET", part.dataset.liveUrl, { source: part, target: part, swap: "outerMorph" });
  const now = part.isConnected ? part : document.getElementById(part.id);
  if (now?.dataset.liveSay && now.dataset.liveSay !== said) say(now.dataset.liveSay, now.dataset.liveTone);
  return schedule();
}

function resume() {
  for (const part of parts()) if (!timers.has(part)) poll(part);
}

function watchAnswers() {
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    ctx.live = ctx.sourceElement.matches?.("[data-live-url]") && ctx.request.method === "GET";
  });
  document.addEventListener("htmx:before:response", (event) => {
    const { ctx } = event.detail;
    if (!ctx.live) return;
    // A redirect means that the session ended: the whole page shall say so, not a part of it.
    if (ctx.response.raw.redirected) {
      event.preventDefault();
      location.reload();
    }
    if (ctx.response.status < 400) failures.delete(ctx.sourceElement);
    else failures.set(ctx.sourceElement, (failures.get(ctx.sourceElement) ?? 0) + 1);
  });
  document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
    if (ctx?.live) failures.set(ctx.sourceElement, (failures.get(ctx.sourceElement) ?? 0) + 1);
  });
  document.addEventListener("htmx:after:settle", schedule);
  document.addEventListener("loopline:arrived", schedule);
}

function watchPause() {
  const button = document.querySelector("[data-live-pause]");
  button?.addEventListener("click", () => {
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    button.querySelector("use").setAttribute("href", paused ? "#i-play" : "#i-pause");
    say(paused ? "Updates are paused" : "Updates go on");
    if (!paused) resume();
  });
}

export function startLive() {
  watchAnswers();
  watchPause();
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !paused) resume(); });
  addEventListener("online", resume);
  schedule();
}
