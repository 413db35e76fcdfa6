"""The strict Content-Security-Policy begins in the files: nothing inline, nothing from elsewhere, digests recorded."""

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VENDOR = ROOT / "static/vendor"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
OURS = sorted((ROOT / "static/js").glob("*.js"))


def test_every_vendored_file_is_the_one_on_record():
    record = {entry["file"]: entry for entry in json.loads((VENDOR / "VENDOR.json").read_text())}
    assert {path.name for path in VENDOR.glob("*.js")} | {path.name for path in VENDOR.glob("*.css")} == set(record)
    for name, entry in record.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == entry["sha256"], name
        assert entry["version"], name
        assert entry["licence"], name


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_holds_no_inline_style_script_or_handler(template):
    source = template.read_text()
    assert not re.search(r"\sstyle=", source)
    assert "<style" not in source
    assert not re.search(r"\son[a-z]+=", source)
    assert "hx-on" not in source
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", source)
    assert not re.search(r'(src|href)="(https?:)?//', source)
    assert "|safe" not in source


# What a first visit loads, in kB: to be made smaller, and not to grow unseen.
BUDGETS = {"css/loopline.css": 32, "vendor/htmx.min.js": 38, "vendor/codemirror.min.js": 443, "js/editor.js": 13}


@pytest.mark.parametrize(("file", "most"), BUDGETS.items())
def test_what_a_page_loads_stays_within_its_budget(file, most):
    assert (ROOT / "static" / file).stat().st_size <= most * 1000, f"{file} has outgrown its budget"


@pytest.mark.parametrize("script", OURS, ids=lambda path: path.name)
def test_our_scripts_evaluate_nothing(script):
    assert not re.search(r"\beval\(|new Function|document\.write|https?://(?!www\.w3\.org)", script.read_text())
