// The command palette (Ctrl or Cmd with K) and the single-key shortcuts, which can be switched off.
import { recall, remember } from "./memory.js";
import { toggleExact } from "./times.js";

let palette, input, list, asked = 0, chosen = 0, opener = null;

const pages = () => [...document.querySelectorAll("[data-go]")].map((link) => ({
  label: link.firstChild.textContent.trim(), kind: "Page", url: link.href,
}));

function openPalette() {
  if (!palette || palette.open) return;
  opener = document.activeElement;
  input.value = "";
  palette.showModal();
  search();
}

async function search() {
  const words = input.value.trim().toLowerCase();
  const near = pages().filter(({ label }) => label.toLowerCase().includes(words));
  show(near);
  const turn = ++asked;
  if (!words) return;
  try {
    const answer = await fetch(`${palette.dataset.paletteUrl}?q=${encodeURIComponent(words)}`, { headers: { Accept: "application/json" } });
    if (turn === asked && answer.ok) show([...near, ...await answer.json()]);
  } catch {
    if (turn === asked) show([...near, { label: "The search does not answer", kind: "offline", url: "" }]);
  }
}

function show(found) {
  chosen = 0;
  list.replaceChildren(...found.slice(0, 40).map(option));
  if (!found.length) {
    const none = document.createElement("li");
    none.className = "pad quiet";
    none.textContent = input.value.trim() ? "Nothing by this name" : "";
    list.append(none);
  }
  mark();
}

function option({ label, kind, url }, place) {
  const item = document.createElement("li");
  item.setAttribute("role", "option");
  item.id = `palette-${place}`;
  item.dataset.url = url;
  const name = document.createElement("span"), what = document.createElement("span");
  name.textContent = label;
  what.textContent = kind;
  what.className = "quiet";
  item.append(name, what);
  return item;
}

function mark() {
  const options = [...list.querySelectorAll("[role=option]")];
  options.forEach((item, place) => item.setAttribute("aria-selected", String(place === chosen)));
  if (options[chosen]) {
    input.setAttribute("aria-activedescendant", options[chosen].id);
    options[chosen].scrollIntoView({ block: "nearest" });
  } else input.removeAttribute("aria-activedescendant");
}

function move(step) {
  const many = list.querySelectorAll("[role=option]").length;
  if (!many) return;
  chosen = (chosen + step + many) % many;
  mark();
}

function go(item) {
  if (!item?.dataset.url) return;
  palette.close();
  location.assign(item.dataset.url);
}

function onPaletteKey(event) {
  if (event.key === "ArrowDown") move(1);
  else if (event.key === "ArrowUp") move(-1);
  else if (event.key === "Enter") go(list.querySelector("[aria-selected=true]"));
  else return;
  event.preventDefault();
}

// Letters that follow "g": the first free letter of each page's name, so that they can be guessed.
function ways() {
  const taken = new Map();
  for (const page of pages()) {
    const letter = [...page.label.toLowerCase()].find((each) => /[a-z]/.test(each) && !taken.has(each));
    if (letter) taken.set(letter, page);
  }
  return taken;
}

function openShortcuts() {
  const dialog = document.getElementById("shortcuts");
  const table = dialog.querySelector("[data-shortcuts-list]");
  for (const old of table.querySelectorAll("[data-way]")) old.remove();
  for (const [letter, { label }] of ways()) {
    const key = document.createElement("dt"), what = document.createElement("dd");
    key.dataset.way = what.dataset.way = "";
    for (const each of ["g", letter]) {
      const cap = document.createElement("kbd");
      cap.textContent = each;
      key.append(cap, " ");
    }
    what.textContent = `Go to ${label}`;
    table.append(key, what);
  }
  dialog.querySelector("[data-shortcuts-on]").checked = recall("shortcuts") !== "off";
  dialog.showModal();
}

let afterG = false;

function onKey(event) {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || recall("shortcuts") === "off") return;
  const [target] = event.composedPath();
  if (target.matches?.("input, textarea, select, [contenteditable=true]") || document.querySelector("dialog[open]")) return;
  if (single(event.key)) event.preventDefault();
}

function single(key) {
  if (afterG) {
    afterG = false;
    const page = ways().get(key);
    if (page) location.assign(page.url);
    return Boolean(page);
  }
  if (key === "g") {
    afterG = true;
    setTimeout(() => { afterG = false; }, 1200);
  } else if (key === "?") openShortcuts();
  else if (key === "x") toggleExact();
  else if (key === "/") return focusFilter();
  return false;
}

function focusFilter() {
  const filter = document.querySelector("main input[type=search], main .filters input");
  filter?.focus();
  return Boolean(filter);
}

export function startPalette() {
  palette = document.getElementById("palette");
  if (!palette) return;
  input = palette.querySelector("input");
  list = palette.querySelector("[role=listbox]");
  input.addEventListener("input", search);
  input.addEventListener("keydown", onPaletteKey);
  list.addEventListener("click", ({ target }) => go(target.closest("[role=option]")));
  palette.addEventListener("close", () => { asked += 1; opener?.focus?.(); });
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette-open]")) openPalette();
    if (!event.target.closest("[data-shortcuts-open]")) return;
    event.preventDefault();
    document.getElementById("user-menu")?.hidePopover();
    openShortcuts();
  });
  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-shortcuts-on]")) remember("shortcuts", target.checked ? null : "off");
  });
}
