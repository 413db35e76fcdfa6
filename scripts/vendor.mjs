// Fetches the pinned front-end libraries with npm, bundles CodeMirror once, and writes static/vendor with its record.
// Run: node scripts/vendor.mjs   (needs npm; the product itself needs neither npm nor node)
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const target = join(dirname(fileURLToPath(import.meta.url)), "..", "static", "vendor");

const PINNED = {
  "htmx.org": "4.0.1",
  "@dagrejs/dagre": "3.1.3",
  uplot: "1.6.32",
  "@codemirror/autocomplete": "6.20.4",
  "@codemirror/commands": "6.11.1",
  "@codemirror/lang-sql": "6.10.0",
  "@codemirror/language": "6.13.1",
  "@codemirror/lint": "6.9.8",
  "@codemirror/search": "6.7.2",
  "@codemirror/state": "6.7.6",
  "@codemirror/view": "6.43.15",
};
const BUNDLER = { esbuild: "0.28.2" };

const COPIED = [
  { file: "htmx.min.js", package: "htmx.org", from: "dist/htmx.min.js" },
  { file: "dagre.min.js", package: "@dagrejs/dagre", from: "dist/dagre.min.js" },
  { file: "uplot.min.js", package: "uplot", from: "dist/uPlot.iife.min.js" },
  { file: "uplot.min.css", package: "uplot", from: "dist/uPlot.min.css" },
];

const EDITOR_ENTRY = `
export { Compartment, EditorState, Prec } from "@codemirror/state";
export {
  EditorView, drawSelection, highlightActiveLine, highlightSpecialChars, keymap, lineNumbers, placeholder, tooltips,
} from "@codemirror/view";
export { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
export { HighlightStyle, bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
export { SQLDialect, sql } from "@codemirror/lang-sql";
export { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
export { forEachDiagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
export { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
export { tags } from "@lezer/highlight";
`;

const workshop = mkdtempSync(join(tmpdir(), "loopline-vendor-"));
const shop = (...parts) => join(workshop, "node_modules", ...parts);
const manifest = (name) => JSON.parse(readFileSync(shop(name, "package.json"), "utf8"));
const digest = (file) => createHash("sha256").update(readFileSync(join(target, file))).digest("hex");

function install() {
  writeFileSync(join(workshop, "package.json"), JSON.stringify({ private: true, dependencies: { ...PINNED, ...BUNDLER } }));
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: workshop, stdio: "inherit" });
}

function bundleEditor() {
  writeFileSync(join(workshop, "codemirror.mjs"), EDITOR_ENTRY);
  const out = join(target, "codemirror.min.js");
  execFileSync(shop(".bin", "esbuild"), [
    "codemirror.mjs", "--bundle", "--format=esm", "--minify", "--legal-comments=none", "--target=es2022", `--outfile=${out}`,
    "--metafile=meta.json",
  ], { cwd: workshop, stdio: "inherit" });
  const inputs = Object.keys(JSON.parse(readFileSync(join(workshop, "meta.json"), "utf8")).inputs);
  const packages = new Set(inputs.filter((path) => path.startsWith("node_modules/")).map(packageOf));
  return [...packages].sort().map((name) => {
    const { version, license } = manifest(name);
    return { package: name, version, licence: license };
  });
}

function packageOf(path) {
  const parts = path.split("/").slice(1);
  return parts[0].startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
}

install();
const notices = (name) => {
  const file = readdirSync(shop(name)).find((each) => /^licen[cs]e/i.test(each));
  return file ? `${name}\n${"-".repeat(name.length)}\n${readFileSync(shop(name, file), "utf8").trim()}\n` : "";
};
const record = COPIED.map(({ file, package: name, from }) => {
  copyFileSync(shop(name, from), join(target, file));
  const { version, license } = manifest(name);
  // Source maps are not vendored, so a browser must not be sent looking for them.
  writeFileSync(join(target, file), readFileSync(join(target, file), "utf8").replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n"));
  return { file, package: name, version, licence: license, sha256: digest(file) };
});
const bundled = bundleEditor();
record.push({
  file: "codemirror.min.js", package: "@codemirror/*", version: PINNED["@codemirror/view"], licence: "MIT",
  sha256: digest("codemirror.min.js"), bundled,
});
const shipped = new Set([...COPIED.map((each) => each.package), ...bundled.map((each) => each.package)]);
writeFileSync(join(target, "LICENSES.txt"), [...shipped].sort().map(notices).filter(Boolean).join("\n"));
writeFileSync(join(target, "VENDOR.json"), JSON.stringify(record, null, 2) + "\n");
rmSync(workshop, { recursive: true });
