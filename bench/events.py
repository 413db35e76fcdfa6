"""What starts with an event, on PostgreSQL, Redis and Celery, each figure beside its limit in the same run.

The parts, in `bench/parts`: `start`, from an accepted arrival to its first step; `steps`, steps that have nothing to
do; `sweep`, the sweep with nothing due; `faults`, events while workers die; `pages`, the lists with a long history;
`webhooks`, signed messages accepted a second.
"""

import argparse

from bench.figures import Report, parser
from bench.fill import RUNS
from bench.parts import faults, pages, starts, steps, sweeping, webhooks
from bench.sites import together

RATES = (1.0, 20.0)
# In this order: the last two stop the workers, and the pages leave a million runs behind.
PARTS = {
    "start": starts.measure,
    "steps": steps.measure,
    "sweep": sweeping.measure,
    "faults": faults.measure,
    "pages": pages.measure,
    "webhooks": webhooks.measure,
}


def main() -> None:
    asked = _arguments()
    report = Report(title=f"Events: {', '.join(asked.parts)}")
    with together(asked.home) as (production, place):
        for name in (name for name in PARTS if name in asked.parts):
            PARTS[name](report, production, place, asked)
    report.show(as_json=asked.json)


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure (all)")
    made.add_argument("--messages", type=int, default=200, help="how many arrivals at each rate (200)")
    made.add_argument("--rates", type=float, nargs="+", default=RATES, help="arrivals a second (1 20)")
    made.add_argument("--wide", type=int, default=490, help="steps of the run that is all breadth (490)")
    made.add_argument("--runs", type=int, default=RUNS, help=f"how long a history the pages have ({RUNS:,} runs)")
    made.add_argument("--events", type=int, default=10_000, help="how many events under faults (10,000)")
    made.add_argument("--home", help="a folder to keep the installation in, and to use it again")
    made.add_argument("--long", type=int, default=40, help="steps of each of the run's ten chains (40)")
    return made.parse_args()


if __name__ == "__main__":
    main()
