// SQL editors: every <textarea data-editor="sql"> gets completion and live checking; the textarea stays the form's field.
import {
  EditorState, EditorView, HighlightStyle, SQLDialect, autocompletion, bracketMatching, closeBrackets, closeBracketsKeymap,
  completionKeymap, Compartment, defaultKeymap, drawSelection, highlightSelectionMatches, highlightSpecialChars, history,
  historyKeymap, indentOnInput, keymap, lineNumbers, lintKeymap, placeholder, search, searchKeymap, setDiagnostics, sql,
  syntaxHighlighting, tags,
} from "../vendor/codemirror.min.js";

const PAUSE = 300;

// The words that analysts write; a short list keeps completion useful.
const dialect = SQLDialect.define({
  keywords: "select distinct from where group by having order asc desc nulls first last limit offset as on using join inner left right full outer cross semi anti lateral union intersect except all with recursive case when then else end and or not in exists between like ilike is null true false over partition rows range unbounded preceding following current row window filter qualify cast try_cast interval values exclude replace unnest any",
  types: "boolean tinyint smallint integer bigint hugeint float double decimal varchar text date time timestamp timestamptz uuid json blob",
  builtin: "count sum avg min max median quantile_cont stddev coalesce nullif greatest least abs round floor ceil concat lower upper trim length substr replace split_part regexp_matches regexp_extract strptime strftime date_trunc date_part date_diff extract current_date row_number rank dense_rank lag lead first_value last_value string_agg list array_agg arg_max arg_min approx_count_distinct",
  operatorChars: "*+-%<>!=&|^/~:",
  specialVar: "$",
});

// The editor lives in a shadow root, where CodeMirror adopts its style sheets: no style element, so the strict policy holds.
const look = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--surface)", fontSize: "13px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", maxHeight: "60vh", overflow: "auto" },
  ".cm-content": { padding: "8px 0", minHeight: "120px", caretColor: "var(--ink)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--ink-3)", border: "0" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 8px 0 10px" },
  ".cm-line": { padding: "0 10px" },
  ".cm-placeholder": { color: "var(--ink-3)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": { backgroundColor: "var(--accent-soft)" },
  ".cm-selectionMatch": { backgroundColor: "var(--warn-soft)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--accent)" },
  ".cm-tooltip": { backgroundColor: "var(--surface)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "6px", boxShadow: "var(--shadow)", overflow: "hidden" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "14em" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "3px 8px !important" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--ink)" },
  ".cm-completionDetail": { color: "var(--ink-3)", fontStyle: "normal", marginLeft: "12px" },
  ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent)", fontWeight: "650" },
  ".cm-diagnostic": { padding: "6px 10px", fontFamily: "system-ui, sans-serif", borderLeftWidth: "3px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-diagnosticAction": { backgroundColor: "var(--accent)", color: "var(--surface)", borderRadius: "4px", padding: "2px 8px" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad) 1.5px", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warn) 1.5px", textUnderlineOffset: "3px" },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--ink)", borderTop: "1px solid var(--line)" },
  ".cm-textfield, .cm-button": { backgroundImage: "none", backgroundColor: "var(--surface)", color: "var(--ink)", border: "1px solid var(--edge)", borderRadius: "4px" },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--warn)" },
  { tag: [tags.lineComment, tags.blockComment], color: "var(--ink-3)", fontStyle: "italic" },
  { tag: [tags.typeName, tags.standard(tags.name)], color: "var(--accent)" },
]);

const columnOf = ({ name, type }) => ({ label: name, type: "property", detail: type ?? "" });

// {tables: [{name, columns: [{name, type}]}], parameters: [{name, type}]} becomes completion: tables, their columns after a
// dot, the columns of the tables that the text names, and parameters after "$".
function completion(known) {
  const tables = known.tables ?? [];
  const schema = Object.fromEntries(tables.map(({ name, columns }) => [name, columns.map(columnOf)]));
  const source = (context) => {
    const typed = context.matchBefore(/[$\w]+$/);
    if (!typed && !context.explicit) return null;
    const text = context.state.doc.toString();
    const named = tables.filter(({ name }) => text.includes(name));
    const parameters = (known.parameters ?? []).map(({ name, type }) => ({ label: `$${name}`, type: "variable", detail: type ?? "" }));
    const options = [...named.flatMap(({ columns }) => columns.map(columnOf)), ...tables.map(({ name }) => ({ label: name, type: "class", detail: "dataset" })), ...parameters];
    return { from: typed ? typed.from : context.pos, options: distinct(options), validFor: /^[$\w.]*$/ };
  };
  return [sql({ dialect, schema, upperCaseKeywords: true }), dialect.language.data.of({ autocomplete: source })];
}

const distinct = (options) => [...new Map(options.map((option) => [option.label, option])).values()];

class SqlEditor {
  constructor(textarea) {
    this.textarea = textarea;
    this.language = new Compartment();
    this.asked = 0;
    this.build();
    textarea.editor = { focus: () => this.view.focus(), dom: this.host };
    this.status = Object.assign(document.createElement("p"), { className: "hint" });
    this.status.setAttribute("role", "status");
    this.host.after(this.status);
    if (textarea.dataset.schemaUrl) this.learn();
    if (textarea.dataset.checkUrl && textarea.value.trim()) this.check();
  }

  build() {
    const { textarea } = this;
    this.host = Object.assign(document.createElement("div"), { className: "editor" });
    textarea.after(this.host);
    textarea.hidden = true;
    const root = this.host.attachShadow({ mode: "open" });
    this.view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({ doc: textarea.value, extensions: this.extensions() }),
    });
    textarea.form?.addEventListener("reset", () => setTimeout(() => this.put(textarea.value)));
    textarea.form?.addEventListener("change", ({ target }) => { if (target !== textarea) this.soon(); });
  }

  extensions() {
    const { textarea } = this;
    const label = textarea.labels?.[0]?.textContent.trim() || textarea.getAttribute("aria-label") || "SQL";
    const words = { "aria-label": label, spellcheck: "false" };
    if (textarea.getAttribute("aria-invalid")) words["aria-invalid"] = "true";
    return [
      lineNumbers(), highlightSpecialChars(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(),
      autocompletion({ icons: false, activateOnTypingDelay: 60 }), highlightSelectionMatches(), search({ top: false }),
      syntaxHighlighting(colours), look, EditorView.lineWrapping, EditorView.contentAttributes.of(words),
      EditorState.tabSize.of(4), placeholder(textarea.placeholder), EditorState.readOnly.of(textarea.readOnly),
      this.language.of(completion({})),
      keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
      EditorView.updateListener.of((update) => { if (update.docChanged) this.changed(); }),
    ];
  }

  put(text) {
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
  }

  changed() {
    this.textarea.value = this.view.state.doc.toString();
    this.textarea.dispatchEvent(new Event("input", { bubbles: true }));
    this.soon();
  }

  soon() {
    if (!this.textarea.dataset.checkUrl) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check(), PAUSE);
  }

  async learn() {
    const answer = await fetch(this.textarea.dataset.schemaUrl, { headers: { Accept: "application/json" } });
    if (answer.ok) this.view.dispatch({ effects: this.language.reconfigure(completion(await answer.json())) });
  }

  async check() {
    const turn = ++this.asked;
    let answer;
    try {
      answer = await fetch(this.textarea.dataset.checkUrl, { method: "POST", body: this.body(), headers: this.headers() });
    } catch {
      this.status.textContent = "The check does not answer; it is tried again with the next change.";
      return;
    }
    if (turn !== this.asked) return;
    if (!answer.ok) {
      this.status.textContent = "The check could not be made; what you wrote is kept.";
      return;
    }
    this.show(await answer.json());
  }

  body() {
    const fields = this.textarea.form ? new FormData(this.textarea.form) : new FormData();
    for (const [name, value] of [...fields]) if (value instanceof File) fields.delete(name);
    fields.set("sql", this.textarea.value);
    fields.set("field", this.textarea.name);
    return new URLSearchParams(fields);
  }

  headers() {
    const token = this.textarea.form?.elements.csrfmiddlewaretoken?.value;
    return { Accept: "application/json", ...(token && { "X-CSRFToken": token }) };
  }

  show(answer) {
    const problems = answer.problems ?? [];
    this.view.dispatch(setDiagnostics(this.view.state, problems.map((problem) => this.diagnostic(problem))));
    const [first] = problems;
    this.status.textContent = !this.textarea.value.trim() ? "" : first
      ? `${problems.length === 1 ? "One problem" : `${problems.length} problems`}. Line ${first.line}, column ${first.column}: ${first.message}`
      : "No problems found.";
    this.status.className = first ? "hint bad" : "hint";
    const before = document.getElementById(`${this.textarea.id}_preview`)?.querySelector("[data-before]");
    if (before) before.hidden = !first;
    this.textarea.dispatchEvent(new CustomEvent("loopline:checked", { bubbles: true, detail: answer }));
  }

  diagnostic({ line, column, message, suggestion, severity }) {
    const { doc } = this.view.state;
    const at = doc.line(Math.min(Math.max(line ?? 1, 1), doc.lines));
    const from = Math.min(at.from + Math.max((column ?? 1) - 1, 0), at.to);
    const word = /^[$\w.]+/.exec(doc.sliceString(from, at.to));
    const to = word ? from + word[0].length : Math.min(from + 1, doc.length);
    const replace = (view, start, end) => view.dispatch({ changes: { from: start, to: end, insert: suggestion } });
    const actions = suggestion ? [{ name: `Use ${suggestion}`, apply: replace }] : [];
    return { from, to, severity: severity ?? "error", message, actions };
  }
}

function start() {
  for (const textarea of document.querySelectorAll('textarea[data-editor="sql"]')) if (!textarea.editor) new SqlEditor(textarea);
}

start();
document.addEventListener("htmx:after:settle", start);
document.addEventListener("loopline:added", start);
document.addEventListener("loopline:arrived", start);
