"""The rules of the house find what they are for, and let honest work pass."""

import hashlib
import json
from pathlib import Path

import pytest

from scripts.house import code, pages, texts, vendored

MODULE = Path("pipelines_app/runs/planning.py")
DOOR = Path("pipelines_app/web/runs.py")
PAGE = Path("templates/runs/list.html")


@pytest.mark.parametrize(
    ("path", "source", "rule"),
    [
        (MODULE, "x = 1\n" * 401, "file-size"),
        (MODULE, "def long():\n" + "    x = 1\n" * 50, "function-size"),
        (MODULE, "def late():\n    import json\n", "inner-import"),
        (Path("pipelines_app/runs/helpers.py"), "", "module-name"),
        (Path("pipelines_app/services/runs.py"), "", "module-name"),
        (MODULE, "def process_run(): ...\n", "function-name"),
        (MODULE, "eval('1')\n", "dangerous"),
        (MODULE, "html.mark_safe(name)\n", "dangerous"),
        (DOOR, "@csrf_exempt\ndef hook(request): ...\n", "dangerous"),
        (DOOR, "@method_decorator(csrf_exempt, name='dispatch')\nclass Hook: ...\n", "dangerous"),
        (MODULE, "import pickle\n", "unsafe-loading"),
        (MODULE, "yaml.load(text)\n", "unsafe-loading"),
        (MODULE, "yaml.load(text, Loader=yaml.Loader)\n", "unsafe-loading"),
        (MODULE, "Run.objects.raw('select 1')\n", "raw-queryset"),
        (MODULE, "cursor.execute(f'select {name}')\n", "built-sql"),
        (MODULE, "cursor.execute('select %s' % name)\n", "built-sql"),
        (MODULE, "cursor.execute('select {}'.format(name))\n", "built-sql"),
        (MODULE, "import requests\n", "http-client"),
        (MODULE, "from urllib import request\n", "http-client"),
        (DOOR, "runs = Run.objects.all()\n", "unscoped-lookup"),
        (DOOR, "run = get_object_or_404(Run, pk=pk)\n", "unscoped-lookup"),
    ],
)
def test_code_that_breaks_a_rule_is_found(path: Path, source: str, rule: str) -> None:
    assert [finding.rule for finding in code.judge(path, source)] == [rule]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (MODULE, "x = 1\n" * 400),
        (MODULE, "cursor.execute('select 1 where id = %s', [pk])\n"),
        (MODULE, "pattern = re.compile('x')\n"),
        (MODULE, "class Ours(yaml.SafeLoader): ...\n\nyaml.load(text, Loader=Ours)\n"),
        (MODULE, "class Reader:\n    def get_queryset(self): ...\n"),
        (MODULE, "con.execute(f'SET threads = {n}')  # house: built-sql because SET takes no parameters\n"),
        (DOOR, "run = get_object_or_404(Run.objects.visible_to(user), pk=pk)\n"),
        (Path("pipelines_app/web/hooks.py"), "@csrf_exempt\ndef hook(request): ...\n"),
        (Path("monitoring_app/channels/slack.py"), "import requests_hardened\n"),
        (Path("tests/servers/session.py"), "import urllib.request\n"),
    ],
)
def test_honest_code_passes(path: Path, source: str) -> None:
    assert code.judge(path, source) == []


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("<p>\n" * 121, "template-size"),
        ("<p style='color: red'>", "inline-style"),
        ("<style>p {}</style>", "inline-style"),
        ("<script>go()</script>", "inline-script"),
        ("<button onclick='go()'>", "inline-script"),
        ("{{ name|safe }}", "unescaped"),
        ("<script src='https://cdn.example/x.js'></script>", "from-elsewhere"),
        ("<h1>Your jobs</h1>", "words"),
    ],
)
def test_a_template_that_breaks_a_rule_is_found(source: str, rule: str) -> None:
    assert [finding.rule for finding in pages.judge(PAGE, source)] == [rule]


@pytest.mark.parametrize(
    "source",
    [
        "<script src=\"{% static 'app.js' %}\" defer></script>",
        "<a href='https://example.org/'>elsewhere, by choice</a>",
        "<option{% if one == chosen %} selected{% endif %}>",
        "{# jobs #}<p class='{{ job }}'>Runs</p>",
    ],
)
def test_an_honest_template_passes(source: str) -> None:
    assert pages.judge(PAGE, source) == []


def test_a_text_ends_no_loose_ends_and_names_no_machine() -> None:
    loose = "# " + "TO" + "DO"
    assert [finding.rule for finding in texts.judge(MODULE, f"{loose} later\n")] == ["loose-end"]
    assert texts.judge(MODULE, f"{loose}(#12) later\n") == []
    assert [finding.rule for finding in texts.judge(Path("README.md"), "see /" + "home/ann/x\n")] == ["one-machine"]
    lock = Path("requirements/runtime.lock")
    assert [finding.rule for finding in texts.judge(lock, "--index-url=x\n")] == ["index"]


def test_every_test_that_needs_spark_is_where_it_is_run() -> None:
    rooms = next(line for line in Path("Makefile").read_text().splitlines() if line.startswith("ON_SPARK"))
    marked = [path for path in Path("tests").rglob("test_*.py") if "mark." + "spark" in path.read_text()]
    assert len(marked) >= 3
    assert [path for path in marked if not any(map(path.is_relative_to, rooms.split()))] == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, None),
        ({"sha256": "0" * 64}, "has changed"),
        ({"file": "other.js"}, "not there"),
        ({"licence": None}, "lacks licence"),
    ],
)
def test_a_vendored_file_is_what_its_list_says(tmp_path: Path, change: dict[str, str | None], says: str | None) -> None:
    folder = tmp_path / "static/vendor"
    folder.mkdir(parents=True)
    (folder / "x.js").write_text("x")
    entry = {"file": "x.js", "package": "x", "version": "1", "licence": "MIT"}
    entry["sha256"] = hashlib.sha256(b"x").hexdigest()
    entry = {key: value for key, value in (entry | change).items() if value is not None}
    (folder / "VENDOR.json").write_text(json.dumps([entry]))
    findings = [str(finding) for finding in vendored.judge(tmp_path)]
    assert (says in findings[0]) if says else findings == []


def test_a_vendored_file_that_is_not_listed_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "static/vendor"
    folder.mkdir(parents=True)
    (folder / "VENDOR.json").write_text("[]")
    (folder / "x.js").write_text("x")
    assert "x.js is not listed" in str(vendored.judge(tmp_path)[0])
