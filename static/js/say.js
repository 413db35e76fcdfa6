// Says something once, in the status region at the corner; screen readers hear it, too.
const ICONS = { good: "check", warn: "mark", bad: "alert", run: "mark" };
const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export function say(text, tone = "run") {
  const region = document.getElementById("toasts");
  if (!region || !text) return;
  const message = document.createElement("div");
  message.className = `message ${tone}`;
  const words = document.createElement("span");
  words.textContent = text;
  message.append(icon(ICONS[tone] ?? "mark"), words);
  region.append(message);
  setTimeout(() => message.remove(), tone === "bad" ? 20000 : 7000);
}
