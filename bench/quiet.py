"""What many watched datasets cost while nothing happens: embedded mode with deadlines and promises, and no data.

The share of the processor is that of two cores. Nothing falls due in the time it is watched, unless that is midnight.
All are registered before it is started, so that it begins with the slots and the promises of all at once.
"""

import argparse
import subprocess
import sys
import tempfile
import time

from bench.figures import Figure, Report, Target, parser, say
from bench.idle import at_rest, cpu_seconds
from bench.sites import ROOT, Place, alone, settled
from controlplane.sample.installation import environment, manage

CORES = 2
CHEAP = Target(most=5)


def main() -> None:
    asked = _arguments()
    report = Report(title=f"{asked.datasets:,} datasets that sit quietly, for {asked.seconds:.0f} s")
    with tempfile.TemporaryDirectory(prefix="loopline-bench-") as home:
        variables = environment(home, {"EMAIL_URL": "", "LOOPLINE_SLACK_TEST_URL": ""})
        _run(variables, *manage("prepare", "--json"))
        say(f"registering {asked.datasets // 2} pipelines")
        _run(variables, sys.executable, "-m", "bench.parts.many_datasets", str(asked.datasets // 2))
        with alone(home) as place:
            begun = cpu_seconds(place.web)
            share = _share(place, asked.seconds)
            start = cpu_seconds(place.web) - begun - share * asked.seconds / 100
        hourly = float(_run(variables, sys.executable, "-m", "bench.parts.once_an_hour").split()[-1])
    an_hour = share / CORES + 100 * hourly / 3600 / CORES
    report.add(
        Figure(name="share of two cores", value=share / CORES, unit="%"),
        Figure(name="the same, with what is done once an hour", value=an_hour, unit="%", target=CHEAP),
        Figure(name="what is done once an hour: processor", value=hourly, unit="s"),
        Figure(name="after the start, until it rests: processor", value=start, unit="s"),
    )
    report.show(as_json=asked.json)


def _run(variables: dict[str, str], *command: str) -> str:
    return subprocess.run(command, env=variables, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--seconds", type=float, default=60, help="how long to watch (60)")
    made.add_argument("--datasets", type=int, default=1_000, help="how many (1,000)")
    return made.parse_args()


def _share(place: Place, seconds: float) -> float:
    """Percent of one core."""
    settled(place)
    at_rest(place)
    say(f"watching it for {seconds:.0f} s")
    before, begun = cpu_seconds(place.web), time.monotonic()
    time.sleep(seconds)
    return 100 * (cpu_seconds(place.web) - before) / (time.monotonic() - begun)


if __name__ == "__main__":
    main()
