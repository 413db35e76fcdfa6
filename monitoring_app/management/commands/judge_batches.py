"""Judge files by the files of the days before them."""

import json
import math
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitoring_app.expectations import folders
from monitoring_app.learning.batches import Verdict


class Command(BaseCommand):
    help = (
        "Judge each batch of a manifest by the files of the days before it, as datasets are judged; needs no database."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("manifest", type=Path)
        parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = folders.read(options["manifest"])
        except folders.Unfit as error:
            raise CommandError(str(error)) from error
        judged = {name: _told(verdict) for name, verdict in folders.judge(manifest)}
        for name, fault in manifest.faults.items():
            self.stderr.write(f"{name} is not judged: {fault}")
        try:
            options["out"].write_text(json.dumps(judged, indent=1) + "\n")
        except OSError as error:
            raise CommandError(f"{options['out']} cannot be written: {error}") from error
        alarms = sum(bool(one["alarm"]) for one in judged.values())
        self.stdout.write(f"{len(judged):,} batches judged, {alarms:,} alarmed: {options['out']}")
        if manifest.faults:
            raise CommandError(f"{len(manifest.faults):,} entries could not be judged.", returncode=2)


def _told(verdict: Verdict) -> dict[str, object]:
    return {
        "alarm": verdict.alarm,
        "score": round(verdict.score, 4) if math.isfinite(verdict.score) else 0.0,
        "columns": list(verdict.columns),
        "checks": list(verdict.checks),
        "reasons": [finding.words for finding in verdict.findings if finding.words],
    }
