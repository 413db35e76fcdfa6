"""Break everything that is promised to hold, and say how it went: `python -m tests.chaos [number...] [--write]`."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from tests.chaos import promises
from tests.chaos.recording import RECORD, WANTED

PYTEST = [sys.executable, "-m", "pytest", "-p", "tests.chaos.recording", "-q", "-s"]
# Embedded mode is broken on SQLite, everything else on PostgreSQL, Redis and Celery.
SESSIONS = {"postgres": ["-m", "promise and not browser", "tests"], "sqlite": ["tests/killing/test_embedded.py"]}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("number", nargs="*", type=int, help="promises to try; all if none is named")
    parser.add_argument("--write", action="store_true", help="write the table of docs/promises.md anew, and no more")
    asked = parser.parse_args()
    if asked.write:
        promises.write()
        return 0
    wanted = asked.number or list(promises.PROMISES)
    with tempfile.TemporaryDirectory(prefix="loopline-chaos-") as folder:
        record = Path(folder) / "record.jsonl"
        record.touch()
        codes = [_run(database, arguments, wanted, record) for database, arguments in SESSIONS.items()]
        notes = [json.loads(line) for line in record.read_text().splitlines()]
    sys.stdout.write(told(wanted, notes))
    unheld = [number for number in wanted if not any(number in note["promises"] for note in notes)]
    return int(bool(unheld) or any(code not in {0, 5} for code in codes))  # 5: no test of these promises there


def _run(database: str, arguments: list[str], wanted: list[int], record: Path) -> int:
    ours = {"LOOPLINE_TEST_DATABASE": database, RECORD: str(record), WANTED: " ".join(map(str, wanted))}
    return subprocess.run([*PYTEST, *arguments], env=os.environ | ours, cwd=promises.ROOT, check=False).returncode


def told(wanted: list[int], notes: list[dict[str, Any]]) -> str:
    """The table: every promise, what was done to it, what came of it."""
    faults: dict[int, list[str]] = {}
    for holder in promises.holders():
        if holder.faults and holder.faults not in faults.setdefault(holder.promise, []):
            faults[holder.promise].append(holder.faults)
    lines = ["", " #  seconds  result               promise, and the faults injected"]
    for number in wanted:
        mine = [note for note in notes if number in note["promises"]]
        seconds = sum(note["seconds"] for note in mine)
        lines.append(f"{number:2}  {seconds:7.1f}  {_result(mine):<20} {promises.PROMISES[number]}")
        lines += [f"{'':34}{fault}" for fault in faults.get(number, [])]
        lines += [f"{'':34}{_blamed(note)}" for note in mine if note["outcome"] != "passed"]
    return "\n".join([*lines, ""])


def _result(notes: list[dict[str, Any]]) -> str:
    if not notes:
        return "NOT TRIED"
    counted = Counter(note["outcome"] for note in notes)
    if counted["failed"]:
        return f"BROKEN in {counted['failed']} of {len(notes)}"
    skipped = f", {counted['skipped']} skipped" if counted["skipped"] else ""
    return f"held by {counted['passed']}{skipped}" if counted["passed"] else f"SKIPPED ({counted['skipped']})"


def _blamed(note: dict[str, Any]) -> str:
    return f"{note['outcome']}: {note['test']} {note['reason']}"


if __name__ == "__main__":
    sys.exit(main())
