// Uploads with progress. The form is an ordinary multipart form; this sends it by XMLHttpRequest to know how far it is.
import { say } from "./say.js";

const place = () => location.pathname + location.search;
let shown = place();
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function size(bytes) {
  let unit = 0, amount = bytes;
  while (amount >= 1023.5 && unit < UNITS.length - 1) { amount /= 1024; unit += 1; }
  return `${unit && amount < 9.95 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[unit]}`;
}

function named(zone) {
  const files = [...zone.querySelector("input[type=file]").files];
  const all = size(files.reduce((sum, file) => sum + file.size, 0));
  zone.querySelector("[data-drop-name]").textContent = files.length > 1 ? `${files.length} files, ${all}` : files.length ? all : "";
  // The page may say what a file of this name will set off before it is sent.
  const names = zone.closest("form")?.querySelector("[data-drop-names]");
  if (names) names.value = files[0]?.name ?? "";
  zone.dispatchEvent(new CustomEvent("chosen", { bubbles: true }));
}

function dragging(event) {
  const zone = event.target.closest?.("[data-drop]");
  for (const other of document.querySelectorAll(".drop.over")) if (other !== zone) other.classList.remove("over");
  if (!zone) return;
  event.preventDefault();
  zone.classList.add("over");
}

function dropped(event) {
  const zone = event.target.closest?.("[data-drop]");
  if (!zone) return;
  event.preventDefault();
  zone.classList.remove("over");
  const input = zone.querySelector("input[type=file]");
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function submitted(event) {
  const form = event.target;
  const zone = form.querySelector("[data-drop]");
  if (!form.matches("[data-upload]") || !zone || event.defaultPrevented || !zone.querySelector("input[type=file]").files.length) return;
  event.preventDefault();
  send(form, zone, event.submitter);
}

function send(form, zone, submitter) {
  const bar = zone.querySelector("progress"), status = zone.querySelector("[data-drop-status]");
  const request = new XMLHttpRequest();
  request.open("POST", form.getAttribute("action") || location.href);
  request.upload.addEventListener("progress", ({ loaded, total, lengthComputable }) => {
    if (!lengthComputable) return;
    bar.value = 100 * loaded / total;
    status.textContent = loaded < total ? `${Math.floor(bar.value)} %, ${size(loaded)} of ${size(total)}` : "Sent. The platform is looking at it …";
  });
  request.addEventListener("load", () => show(request));
  request.addEventListener("error", () => { ended(form, zone); say("The upload broke off. Check the connection and send it again.", "bad"); });
  bar.hidden = false;
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  request.send(new FormData(form, submitter));

  function show({ responseText, responseURL, status: code }) {
    const page = new DOMParser().parseFromString(responseText, "text/html");
    const main = page.getElementById("main");
    if (!main) {
      ended(form, zone);
      say(code === 413 ? "This file is larger than the platform accepts." : `The upload was refused (${code}).`, "bad");
      return;
    }
    arrive(page, main, responseURL);
  }
}

// The answer is a page: after a redirect the next one, after a problem the form with its errors. It is shown as it came.
function arrive(page, main, url) {
  if (url !== location.href) history.pushState({}, "", url);
  shown = place();
  document.title = page.title;
  document.getElementById("main").replaceWith(document.adoptNode(main));
  const nav = page.getElementById("nav");
  if (nav) document.getElementById("nav")?.replaceWith(document.adoptNode(nav));
  for (const script of main.querySelectorAll("script[src]")) load(script.src);
  window.htmx.process(document.body);
  document.getElementById("main").focus();
  scrollTo(0, 0);
  document.dispatchEvent(new CustomEvent("loopline:arrived"));
}

function load(source) {
  if ([...document.scripts].some((script) => script.src === source && !script.closest("main"))) return;
  const script = document.createElement("script");
  script.src = source;
  script.type = "module";
  document.head.append(script);
}

function ended(form, zone) {
  zone.querySelector("progress").hidden = true;
  zone.querySelector("[data-drop-status]").textContent = "";
  for (const button of form.querySelectorAll("button")) button.disabled = false;
  delete form.dataset.sent;
}

export function startUploads() {
  document.addEventListener("dragover", dragging);
  document.addEventListener("dragleave", dragging);
  document.addEventListener("drop", dropped);
  document.addEventListener("submit", submitted);
  document.addEventListener("change", ({ target }) => {
    const zone = target.closest?.("[data-drop]");
    if (zone && target.matches("input[type=file]")) named(zone);
  });
  addEventListener("popstate", () => { if (place() !== shown) location.reload(); });
}
