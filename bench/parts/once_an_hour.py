"""Run inside an installation's environment: do what is done about once an hour, and print its seconds of processor."""

import time

import django

django.setup()

from controlplane import sweep  # noqa: E402
from pipelines_app.clock import database_now  # noqa: E402


def main() -> None:
    now = database_now()
    chores = [chore for chore in (*sweep.LONG_CHORES, *sweep.OUTSIDE_CHORES) if chore.every.total_seconds() >= 3600]
    began = time.process_time()
    for chore in chores:
        chore.do(now)
    print(time.process_time() - began)


if __name__ == "__main__":
    main()
