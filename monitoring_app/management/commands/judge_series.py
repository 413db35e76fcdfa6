"""Judge series that lie in files by what the watch judges its own metrics with."""

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitoring_app.learning import series
from monitoring_app.learning.series import Point, Verdict
from monitoring_app.learning.series_clock import clock_of

NOTHING = frozenset({"", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none", "-", "."})


class Command(BaseCommand):
    help = (
        "Judge every point of series in files by the points up to it. MANIFEST is JSON, {id: {freq, warmup}}, beside "
        "series/<id>.csv with the columns t and value; FILE gets {id: [[start, end], ...]}, the alarms."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("manifest", type=Path)
        parser.add_argument("--out", type=Path, required=True, help="the file to write")
        parser.add_argument(
            "--scores",
            nargs="?",
            const=True,
            help="write {id: [score or null, ...]} to the file of --out instead, or to the file that is named here too",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        manifest: Path = options["manifest"]
        judged: dict[str, _Judged] = {}
        faults = 0
        for name, how in _read_manifest(manifest).items():
            try:
                judged[name] = _judge(manifest.parent / "series" / f"{name}.csv", how)
            except _Unfit as error:
                faults += 1
                self.stderr.write(f"{name} is not judged: {error}")
        scores = {name: [verdict.score for verdict in one.verdicts] for name, one in judged.items()}
        alarms = {name: _alarms(one.verdicts, one.frequency) for name, one in judged.items()}
        asked = options["scores"]
        _write(options["out"], scores if asked is True else alarms)
        if isinstance(asked, str):
            _write(Path(asked), scores)
        found = sum(len(ones) for ones in alarms.values())
        points = sum(len(ones) for ones in scores.values())
        self.stdout.write(f"{len(judged)} series, {points} points, {found} alarms")
        if faults:
            raise CommandError(f"{faults:,} series could not be judged.", returncode=2)


class _Unfit(Exception):
    """A series, or what a manifest says of it, that says nothing one can work by."""


@dataclass(frozen=True)
class _Judged:
    verdicts: Sequence[Verdict]
    frequency: str


def _judge(path: Path, how: Any) -> _Judged:
    if not isinstance(how, dict):
        raise _Unfit("the manifest has to say {freq, warmup} of it")
    frequency = str(how.get("freq") or "D")
    warmup, sensitivity = _said(how, "warmup", 0), _said(how, "sensitivity", 1)
    if sensitivity <= 0:
        raise _Unfit(f"its sensitivity has to be above 0; it is {sensitivity:g}")
    points = _read_series(path)
    return _Judged(series.judge(points, frequency=frequency, sensitivity=sensitivity, warmup=round(warmup)), frequency)


def _said(how: dict[str, Any], name: str, usual: float) -> float:
    """A number that the manifest says, or the usual one where it says none."""
    said = how.get(name)
    try:
        number = float(usual if said is None else said)
    except (TypeError, ValueError) as error:
        raise _Unfit(f"its {name} is no number: {said!r}") from error
    if not math.isfinite(number):
        raise _Unfit(f"its {name} is no number: {said!r}")
    return number


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise CommandError(f"{path} has to hold one object: {{id: {{freq, warmup}}}}")
    return manifest


def _write(path: Path, told: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(told))
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error}") from error


def _read_series(path: Path) -> list[Point]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file)
            names = [name.strip().lower() for name in next(rows, [])]
            if not {"t", "value"} <= set(names):
                raise _Unfit(f"{path} has to have the columns t and value; it has {', '.join(names) or 'none'}")
            moment, value = names.index("t"), names.index("value")
            return [Point(_cell(row, moment), _number(_cell(row, value))) for row in rows if row]
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise _Unfit(f"{path} cannot be read as a CSV: {error}") from error


def _cell(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _number(text: str) -> float | None:
    """A number, or None where a file says in its own way that there is none."""
    if text.lower() in NOTHING:
        return None
    try:
        value = float(text)
    except ValueError as error:
        raise _Unfit(f"{text[:40]!r} is no number") from error
    return value if math.isfinite(value) else None


def _alarms(verdicts: Sequence[Verdict], frequency: str) -> list[list[str]]:
    """First and last moment of each alarm; one that is about rows that never came begins with the first of them."""
    clock = clock_of(frequency)
    alarms = []
    for first, last in series.alarmed(verdicts):
        begins = verdicts[first]
        absent = begins.absent if begins.kind is series.Kind.MISSING else 0
        alarms.append([clock.earlier(begins.at, absent), verdicts[last].at])
    return alarms
