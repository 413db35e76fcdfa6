// Runs before the first paint, so that the chosen theme never flashes. Everything else waits in loopline.js.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const theme = localStorage.getItem("loopline.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; the system's theme applies.
  }
})();
