"""Rules for what others wrote: every vendored file is listed with version, licence and digest, and is what it was."""

import hashlib
import json
from pathlib import Path

from scripts.house.finding import Finding

LIST = Path("static/vendor/VENDOR.json")
FIELDS = {"file", "package", "version", "licence", "sha256"}
UNLISTED = {"VENDOR.json", "README.md"}


def judge(root: Path) -> list[Finding]:
    """Everything wrong with the vendored files of a repository."""
    folder = (root / LIST).parent
    if not folder.exists():
        return []
    entries = json.loads((root / LIST).read_text())
    findings = [finding for entry in entries if (finding := _entry(folder, entry))]
    listed = {entry.get("file") for entry in entries}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in listed | UNLISTED and not path.stem.upper().startswith("LICEN"):
            findings.append(Finding(LIST, 1, "vendored", f"{name} is not listed"))
    return findings


def _entry(folder: Path, entry: dict[str, str]) -> Finding | None:
    if lacking := sorted(FIELDS - entry.keys()):
        return Finding(LIST, 1, "vendored", f"{entry.get('file', '?')} lacks {', '.join(lacking)}")
    path = folder / entry["file"]
    if not path.is_file():
        return Finding(LIST, 1, "vendored", f"{entry['file']} is listed and not there")
    if (found := hashlib.sha256(path.read_bytes()).hexdigest()) != entry["sha256"]:
        return Finding(LIST, 1, "vendored", f"{entry['file']} has changed: sha256 is {found}")
    return None
