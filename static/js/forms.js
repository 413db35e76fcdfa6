// Forms: focus the error summary, send once, say what must be typed, add rows, show what belongs to a choice.
function focusSummary() {
  const summary = document.querySelector("[data-focus]:not([data-focused])");
  if (!summary) return;
  summary.dataset.focused = "";
  summary.focus();
}

export function focusField(id) {
  const found = document.getElementById(id);
  const field = found?.matches("input, select, textarea") ? found : found?.querySelector("input, select, textarea");
  if (!field) return false;
  if (field.editor) field.editor.focus();
  else field.focus();
  (field.editor?.dom ?? field).scrollIntoView({ block: "center" });
  return true;
}

function onClick(event) {
  const link = event.target.closest("[data-error-link]");
  if (link && focusField(decodeURIComponent(link.hash.slice(1)))) event.preventDefault();
  const adder = event.target.closest("[data-add-row]");
  if (adder) addRow(adder.dataset.addRow);
}

function onSubmit(event) {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button:not([type=button])")) {
    button.classList.add("busy");
    button.setAttribute("aria-disabled", "true");
  }
  return undefined;
}

// The page may come back from the browser's memory with a form that was sent.
function forget() {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button.busy")) {
      button.classList.remove("busy");
      button.removeAttribute("aria-disabled");
    }
  }
}

function onInput({ target }) {
  const wanted = target.dataset?.mustEqual;
  if (wanted !== undefined) target.setCustomValidity(target.value === wanted ? "" : `Type ${wanted} to confirm`);
}

function addRow(name) {
  const template = document.querySelector(`template[data-row-template="${CSS.escape(name)}"]`);
  const total = document.querySelector(`input[name="${CSS.escape(name)}-TOTAL_FORMS"]`);
  const place = Number(total.value);
  const row = document.createElement("div");
  row.innerHTML = template.innerHTML.replaceAll("__prefix__", String(place));
  const added = [...row.children];
  document.querySelector(`[data-rows="${CSS.escape(name)}"]`).append(...added);
  total.value = String(place + 1);
  added[0]?.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  for (const element of added) window.htmx?.process(element);
  document.dispatchEvent(new CustomEvent("loopline:added"));
  showWhatApplies();
}

// data-show-when="kind=csv|tsv": the element shows while the control of that name in its form has one of the values.
function showWhatApplies() {
  for (const part of document.querySelectorAll("[data-show-when]")) {
    const [name, values] = part.dataset.showWhen.split("=");
    const control = part.closest("form")?.elements[name];
    const value = control?.type === "checkbox" ? String(control.checked) : control?.value;
    part.hidden = !values.split("|").includes(value);
  }
}

function onChange({ target }) {
  showWhatApplies();
  const form = target.closest("form[data-auto]");
  if (form && !target.matches("input[type=text], input[type=search]")) form.requestSubmit();
}

// A zone that nobody has chosen is the browser's, if the page knows it and nothing was typed.
function guessZones() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || !document.querySelector(`#zones option[value="${CSS.escape(zone)}"]`)) return;
  for (const field of document.querySelectorAll("[data-zone-guess]")) if (field.value === field.defaultValue) field.value = zone;
}

export function startForms() {
  document.addEventListener("click", onClick);
  document.addEventListener("submit", onSubmit);
  document.addEventListener("input", onInput);
  document.addEventListener("change", onChange);
  document.addEventListener("htmx:after:settle", () => { focusSummary(); showWhatApplies(); });
  document.addEventListener("loopline:arrived", () => { focusSummary(); showWhatApplies(); guessZones(); });
  addEventListener("pageshow", forget);
  showWhatApplies();
  guessZones();
  focusSummary();
}
