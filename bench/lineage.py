"""Lineage of 10,000 datasets and 200,000 edges between columns: up and down by datasets and by columns, and its page.

On SQLite, then on PostgreSQL, each in a database of its own. Limit: the first step alone of the same walks, and of the
page an answer that asks the database nothing.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.figures import Figure, Report, Target, parser, say
from tests.servers.postgres import Postgres

DATABASES = ["SQLite", "PostgreSQL"]
WALK, PAGE = Target(most=50), Target(most=200)


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--databases", nargs="+", default=DATABASES, choices=DATABASES)
    asked = made.parse_args()
    report = Report(title="Lineage: 10,000 datasets, 200,000 edges between columns, at most 2,000 datasets a walk; p95")
    for name in asked.databases:
        say(name)
        with tempfile.TemporaryDirectory(prefix="loopline-bench-") as folder, _database(name, Path(folder)) as url:
            for one in _measured(url, folder):
                target = PAGE if one["page"] else WALK
                figure = {"value": one["p95"], "unit": "ms", "limit": one["limit"], "target": target}
                report.add(Figure(name=f"{name}: {one['name']}", **figure))
    report.notes.append("limits: one step of the same walk; for the page, an answer that asks the database nothing")
    report.show(as_json=asked.json)


@contextmanager
def _database(name: str, folder: Path) -> Iterator[str]:
    """The address of an empty database that is gone afterwards."""
    if name == "SQLite":
        yield f"sqlite://{folder / 'lineage.sqlite3'}"
        return
    room = folder / "postgres"
    room.mkdir()
    folder.chmod(0o755)
    server = Postgres(room, durable=True)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def _measured(url: str, folder: str) -> list[dict[str, Any]]:
    """What a process of its own found out: a setting of Django holds for a whole process."""
    settings = {"DJANGO_SETTINGS_MODULE": "controlplane.settings.development", "LOOPLINE_HOME": folder}
    found = subprocess.run(
        [sys.executable, "-m", "bench.parts.lineage"],
        env={**os.environ, **settings, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return [json.loads(line) for line in found.stdout.splitlines() if line.startswith("{")]


if __name__ == "__main__":
    main()
