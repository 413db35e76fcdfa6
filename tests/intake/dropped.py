"""A pipeline whose files are dropped into a folder, and the folder."""

from datetime import UTC, datetime, timedelta

from pipelines_app.intake import dropping
from pipelines_app.models import DropSource
from tests import road

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
DEFINITION = """
pipeline: flights-dropped
team: ops-analytics
sources:
  raw.flights:
    format: csv
    columns: {{carrier: VARCHAR, minutes: INTEGER}}
    period: day
    from: "flights_{{period}}.csv"
    drop: {drop}
"""


def register(url, **drop):
    """Register the pipeline, and give its drop."""
    entries = ", ".join(f'{key}: "{value}"' for key, value in {"url": url, **drop}.items())
    entries = entries.replace('stable_seconds: "10"', "stable_seconds: 10")
    road.register_yaml(DEFINITION.format(drop=f"{{{entries}}}"))
    return DropSource.objects.get()


def look(seconds=0):
    """Look there, so many seconds after noon; gives the row as it is afterwards."""
    source = DropSource.objects.select_related("dataset__pipeline", "dataset__team").get()
    dropping.look(source, NOON + timedelta(seconds=seconds))
    return DropSource.objects.get()


def day(number):
    return f"flights_2026-05-{number:02}.csv"


BYTES = b"carrier,minutes\nLX,12\n"
