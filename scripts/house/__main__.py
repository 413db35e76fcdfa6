"""Judge every file git knows of: `python -m scripts.house`."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.house import code, pages, texts, vendored
from scripts.house.finding import Finding

ROOT = Path(__file__).resolve().parents[2]
TEXTS = {".py", ".html", ".md", ".yaml", ".yml", ".toml", ".sh", ".lock", ".css", ".js", ".txt", ".sql", ".svg", ""}
OTHERS_WROTE = ("static/vendor/", "LICENSE")


def main() -> int:
    findings = [*vendored.judge(ROOT), *(finding for path in tracked() for finding in judge(path))]
    for finding in findings:
        print(finding)
    return bool(findings)


def tracked() -> Iterator[Path]:
    """Every text in the repository that is ours, new files included."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in sorted(set(listed.stdout.split("\0")) - {""}):
        path = Path(name)
        if path.suffix in TEXTS and not name.startswith(OTHERS_WROTE) and (ROOT / path).is_file():
            yield path


def judge(path: Path) -> list[Finding]:
    source = (ROOT / path).read_text()
    findings = texts.judge(path, source)
    if path.suffix == ".py" and "migrations" not in path.parts:
        findings += code.judge(path, source)
    if path.suffix == ".html" and path.parts[0] == "templates":
        findings += pages.judge(path, source)
    return findings


if __name__ == "__main__":
    sys.exit(main())
