"""What the watch costs for each version of the sample: measuring it, and what is learned and judged from that.

The sample is played into embedded mode, which is then stopped; 200 versions are measured anew by one process.
"""

import json
import subprocess
import sys
import tempfile
from typing import Any

from bench.figures import Figure, Report, Target, parser, say
from bench.sites import ROOT, alone, play, settled
from controlplane.sample.installation import environment

CHEAP = Target(most=150)


def main() -> None:
    asked = parser(__doc__).parse_args()
    report = Report(title="The watch, for each version of the sample")
    with tempfile.TemporaryDirectory(prefix="loopline-bench-") as home:
        say("playing the sample")
        with alone(home) as place:
            play(place)
            settled(place)
        say("measuring again")
        told = _again(home)
    each = 1000 / told["versions"]
    for name in ("measuring", "judging"):
        report.add(Figure(name=f"{name}: processor", value=told[name]["cpu"] * each, unit="ms"))
    both = {key: told["measuring"][key] + told["judging"][key] for key in ("seconds", "cpu")}
    report.add(
        Figure(name="both: processor", value=both["cpu"] * each, unit="ms", target=CHEAP),
        Figure(name="both: time", value=both["seconds"] * each, unit="ms"),
    )
    report.notes.append(f"{told['versions']} versions, {told['failed']} of which could not be measured.")
    report.show(as_json=asked.json)


def _again(home: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.parts.measuring_again"]
    done = subprocess.run(command, env=environment(home, {}), cwd=ROOT, check=True, stdout=subprocess.PIPE)
    told: dict[str, Any] = json.loads(done.stdout.decode().splitlines()[-1])
    return told


if __name__ == "__main__":
    main()
