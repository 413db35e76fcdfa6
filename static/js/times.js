// Keeps relative times true while a page stays open; the key "x" shows exact ones instead.
const MINUTE = 60, HOUR = 3600, DAY = 86400;
let exact = false;

function apart(seconds) {
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  const hours = Math.floor(seconds / HOUR), minutes = Math.floor((seconds % HOUR) / MINUTE);
  return hours < 6 && minutes ? `${hours} h ${minutes} min` : `${hours} h`;
}

function relative(time) {
  const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
  if (Math.abs(seconds) < 5) return "just now";
  if (Math.abs(seconds) >= DAY) return null; // the server's words hold for the day
  return seconds > 0 ? `${apart(Math.round(seconds))} ago` : `in ${apart(Math.round(-seconds))}`;
}

function refresh() {
  for (const time of document.querySelectorAll("time[data-when]")) {
    time.dataset.words ||= time.textContent;
    const words = exact ? time.dataset.when : relative(time) ?? time.dataset.words;
    if (time.textContent !== words) time.textContent = words;
  }
}

export function toggleExact() {
  exact = !exact;
  refresh();
}

export function startTimes() {
  document.addEventListener("htmx:after:settle", refresh);
  setInterval(refresh, 15000);
}
