"""Judge series that lie in files by what the watch judges its own metrics with."""

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitoring_app.learning import series
from monitoring_app.learning.series import Point, Verdict
from monitoring_app.learning.series_clock import clock_of


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
        judged = {name: self._judged(manifest, name, how) for name, how in _read_manifest(manifest).items()}
        scores = {name: [verdict.score for verdict in verdicts] for name, (verdicts, _) in judged.items()}
        alarms = {name: _alarms(verdicts, freq) for name, (verdicts, freq) in judged.items()}
        asked = options["scores"]
        options["out"].write_text(json.dumps(scores if asked is True else alarms))
        if isinstance(asked, str):
            Path(asked).write_text(json.dumps(scores))
        found = sum(len(ones) for ones in alarms.values())
        points = sum(len(ones) for ones in scores.values())
        self.stdout.write(f"{len(judged)} series, {points} points, {found} alarms")

    def _judged(self, manifest: Path, name: str, how: dict[str, Any]) -> tuple[list[Verdict], str]:
        frequency = str(how.get("freq", "D"))
        points = _read_series(manifest.parent / "series" / f"{name}.csv")
        sensitivity, warmup = float(how.get("sensitivity", 1)), int(how.get("warmup", 0))
        return series.judge(points, frequency=frequency, sensitivity=sensitivity, warmup=warmup), frequency


def _read_manifest(path: Path) -> dict[str, dict[str, Any]]:
    try:
        manifest = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(manifest, dict) or not all(isinstance(how, dict) for how in manifest.values()):
        raise CommandError(f"{path} has to hold one object: {{id: {{freq, warmup}}}}")
    return manifest


def _read_series(path: Path) -> list[Point]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return [Point(row["t"], _number(row["value"])) for row in csv.DictReader(file)]
    except (OSError, KeyError, ValueError) as error:
        raise CommandError(f"{path} cannot be read as a CSV with the columns t and value: {error!r}") from error


def _number(text: str | None) -> float | None:
    """A number, or None where a file says in its own way that there is none."""
    if text is None or text.strip().lower() in {"", "na", "nan", "null", "none"}:
        return None
    value = float(text)
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
