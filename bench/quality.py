"""What the watch makes of batches without a fault, and of damaged ones: `python -m bench.quality [--json]`.

The sample's flights and weather, day by day, and tables made up to be unlike them. Each is judged by
`manage.py judge_batches`, as anybody would.
"""

import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, Report, Target, parser, say
from bench.parts import damages, damages_more, tables
from bench.parts.tables import Batch

ROOT = Path(__file__).resolve().parents[1]
SEED = 20130208
LONG = 60
FROM = 7  # batches that are only learned from
DAMAGES = {**damages.KINDS, **damages_more.MORE}


@dataclass(frozen=True)
class Case:
    """One batch to be judged: damaged in a way and in a column, or as it is."""

    id: str
    days: int
    kind: str = ""
    column: str = ""


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--days", type=int, default=75, help="days of each table that is made up")
    arguments.add_argument("--tables", nargs="*", default=sorted(tables.MADE), help="which tables")
    arguments.add_argument("--keep", type=Path, help="write every verdict to this file")
    options = arguments.parse_args()
    report = Report("Batches judged by what was learned from those before")
    with tempfile.TemporaryDirectory() as folder:
        cases = _laid_out(Path(folder), options.tables, options.days)
        began = time.monotonic()
        judged = _judged(Path(folder))
        _add(report, cases, judged, time.monotonic() - began)
        if options.keep:
            rows = {case.id: {**judged[case.id], "kind": case.kind, "damaged": case.column} for case in cases}
            options.keep.write_text(json.dumps(rows, indent=1))
    report.show(as_json=options.json)


def _laid_out(folder: Path, names: Sequence[str], days: int) -> list[Case]:
    """Write every table's days, and the damaged batches beside them, and the manifest of all."""
    cases: list[Case] = []
    manifest: list[dict[str, str]] = []
    for name in names:
        say(f"making {name}")
        batches = tables.MADE[name](random.Random(f"{SEED} {name}"), days)
        for place, (day, batch) in enumerate(batches.items()):
            path = f"{name}/{name}_{day}.csv"
            _write(folder / path, batch)
            if place >= FROM:
                cases.append(Case(f"{name} {day}", place))
                manifest.append(_entry(name, day, path, cases[-1].id))
        for case, day, batch in _damaged(name, batches):
            path = f"damaged/{case.id.replace('/', ' ')}.csv"
            _write(folder / path, batch)
            cases.append(case)
            manifest.append(_entry(name, day, path, case.id))
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return cases


def _damaged(name: str, batches: Mapping[str, Batch]) -> Iterator[tuple[Case, str, Batch]]:
    """Two batches of a table with each kind of damage: one among its first fortnights, one late in its history."""
    kept = list(batches)
    for kind, damage in DAMAGES.items():
        chance = random.Random(f"{SEED} {name} {kind}")
        for day in (chance.choice(kept[FROM:30]), chance.choice(kept[-12:])):
            place = kept.index(day)
            done = damage(batches[day], batches[kept[place - 1]], chance)
            if done is not None:
                yield Case(f"{name} {day} {kind}", place, kind, done[1]), day, done[0]


def _entry(name: str, day: str, file: str, id: str) -> dict[str, str]:
    arrival = f"{day}T05:00:00Z"
    return {
        "id": id,
        "table": name,
        "day": day,
        "file": file,
        "history_dir": name,
        "history_before": day,
        "arrival": arrival,
    }


def _write(path: Path, batch: Batch) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(batch.header)
        writer.writerows(batch.rows)


def _judged(folder: Path) -> dict[str, dict[str, object]]:
    command = [sys.executable, "manage.py", "judge_batches", str(folder / "manifest.json")]
    subprocess.run([*command, "--out", str(folder / "verdicts.json")], check=True, cwd=ROOT, stdout=sys.stderr)
    return json.loads((folder / "verdicts.json").read_text())


def _add(report: Report, cases: Sequence[Case], judged: dict[str, dict[str, object]], seconds: float) -> None:
    clean = [case for case in cases if not case.kind]
    late = [case for case in clean if case.days >= LONG]
    bad = [case for case in cases if case.kind]
    alarmed = [case for case in bad if judged[case.id]["alarm"]]
    columns = [case for case in alarmed if case.column]
    right = [case for case in columns if case.column in judged[case.id]["columns"]]
    report.add(
        Figure(name="false alarms", value=_share(clean, judged), unit="share", target=Target(most=0.05)),
        Figure(name=f"false alarms after {LONG}", value=_share(late, judged), unit="share", target=Target(most=0.02)),
        Figure(name="recall", value=_share(bad, judged), unit="share", target=Target(least=0.95)),
        Figure(name="column", value=len(right) / max(1, len(columns)), unit="share", target=Target(least=0.95)),
        Figure(name="seconds per batch", value=seconds / len(cases), unit="s", target=Target(most=0.2)),
    )
    kinds = _grouped(bad, lambda case: f"recall: {case.kind}")
    names = _grouped(clean, lambda case: f"false: {case.id.split()[0]}")
    for name, some in {**kinds, **names}.items():
        report.add(Figure(name=name, value=_share(some, judged), unit="share"))
    report.notes.append(f"{len(clean):,} batches without a fault, {len(bad):,} damaged in {len(kinds)} ways.")


def _grouped(cases: Sequence[Case], name: Callable[[Case], str]) -> dict[str, list[Case]]:
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[name(case)].append(case)
    return groups


def _share(cases: Sequence[Case], judged: dict[str, dict[str, object]]) -> float:
    return sum(bool(judged[case.id]["alarm"]) for case in cases) / max(1, len(cases))


if __name__ == "__main__":
    main()
