"""What starts with an event, on PostgreSQL, Redis and Celery, each figure beside its limit in the same run.

The parts, in `bench/parts`: `start`, from an accepted arrival to its first step; `steps`, steps that have nothing to
do; `sweep`, the sweep with nothing due.
"""

import argparse

from bench.figures import Report, parser
from bench.parts import starts, steps, sweeping
from bench.sites import together

RATES = (1.0, 20.0)
PARTS = {"start": starts.measure, "steps": steps.measure, "sweep": sweeping.measure}


def main() -> None:
    asked = _arguments()
    report = Report(title="Events: from an arrival to the first step, steps with nothing to do, the sweep")
    with together() as (production, place):
        for name in asked.parts:
            PARTS[name](report, production, place, asked)
    report.show(as_json=asked.json)


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure (all)")
    made.add_argument("--messages", type=int, default=200, help="how many arrivals at each rate (200)")
    made.add_argument("--rates", type=float, nargs="+", default=RATES, help="arrivals a second (1 20)")
    made.add_argument("--wide", type=int, default=490, help="steps of the run that is all breadth (490)")
    return made.parse_args()


if __name__ == "__main__":
    main()
