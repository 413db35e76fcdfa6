"""The 22 queries of TPC-H at scale factor 1, each materialised, checked and published by the platform.

The tables are loaded first. A round registers the queries as a pipeline of its own, so that nothing of the round before
is used again, asks for a run, and takes the time from its start to its end. Limit: one DuckDB connection with the same
threads that writes the answers of the same queries over the same tables into Parquet files (`bench.raw_tpch`), run
before and after; the better one counts, as the best round does.
"""

import json
import os
import subprocess
import sys
import tempfile
from argparse import Namespace
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.figures import Figure, Report, Target, parser, say
from bench.parts import tpch
from bench.sites import ROOT, Place, alone, settled
from controlplane.sample.client import until

WALL = Target(most=1.5, times_limit=True)
PATIENCE_SECONDS = 1800


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--scale", type=float, default=1.0, help="the scale factor (1)")
    made.add_argument("--rounds", type=int, default=3, help="how often (3)")
    asked = made.parse_args()
    report = Report(title=f"TPC-H at scale factor {asked.scale:g}: 22 queries, each materialised, checked, published")
    with tempfile.TemporaryDirectory(prefix="loopline-bench-") as folder:
        _measure(report, Path(folder), asked)
    report.show(as_json=asked.json)


def _measure(report: Report, folder: Path, asked: Namespace) -> None:
    say("making the tables")
    with tpch.made(asked.scale) as tables:
        files = tpch.files(tables, folder)
    before = _raw(folder, asked)
    with alone() as place:
        say("loading them")
        place.client.post("/pipelines", _tables())
        for name, path in files.items():
            place.client.upload(name, path.name, path.read_bytes(), key=name)
        settled(place, patience=PATIENCE_SECONDS)
        rounds = [_round(place, number, asked) for number in range(asked.rounds)]
    limit = min(before, _raw(folder, asked))
    best = min(rounds, key=lambda run: _seconds(run))
    report.add(
        Figure(name="22 steps, start to end of the run", value=_seconds(best), unit="s", limit=limit, target=WALL)
    )
    for seen in sorted((one["step"] for one in best["steps"]), key=lambda step: str(step["dataset"])):
        report.add(Figure(name=f"  {seen['dataset']}", value=_seconds(seen), unit="s"))
    report.notes.append(f"rounds: {', '.join(f'{_seconds(run):.2f}' for run in rounds)} s; steps share the cores")


def _raw(folder: Path, asked: Namespace) -> float:
    """Seconds of the plain script."""
    say("the plain script")
    command = [sys.executable, "-m", "bench.raw_tpch", str(folder), str(asked.scale)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, env=dict(os.environ))
    return float(json.loads(done.stdout)["seconds"])


def _tables() -> dict[str, object]:
    """The pipeline that takes in the tables and makes nothing of them."""
    return {key: value for key, value in tpch.pipeline().items() if key not in ("steps", "parameters")} | {
        "pipeline": "bench-tpch-tables"
    }


def _round(place: Place, number: int, asked: Namespace) -> dict[str, Any]:
    say(f"round {number + 1}")
    definition = tpch.pipeline()
    steps = [step | {"dataset": f"{step['dataset']}_{number}"} for step in definition["steps"]]
    kept = {key: definition[key] for key in ("team", "parameters")}
    name = f"bench-tpch-{number}"
    place.client.post(
        "/pipelines",
        kept | {"pipeline": name, "steps": steps, "values": {"value_share": f"{0.0001 / asked.scale:.10f}"}},
    )

    def ended() -> dict[str, Any] | None:
        found = place.client.get("/runs", pipeline=name, limit=1)["results"]
        run = place.client.get(f"/runs/{found[0]['id']}") if found else None
        return run if run and run["finished_at"] else None

    run: dict[str, Any] = until(ended, "the run to end", patience=PATIENCE_SECONDS, pause=0.5)
    if run["state"] != "succeeded" or len(run["steps"]) != len(steps):
        raise RuntimeError(f"The run {run['state']} with {len(run['steps'])} steps: {run['reason']}")
    return run


def _seconds(row: dict[str, Any]) -> float:
    began, ended = (datetime.fromisoformat(row[name]) for name in ("started_at", "finished_at"))
    return (ended - began).total_seconds()


if __name__ == "__main__":
    main()
