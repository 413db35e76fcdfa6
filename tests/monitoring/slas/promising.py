"""A pipeline that promises something, and what becomes of it, with the clock in hand."""

from datetime import UTC, datetime, timedelta

from monitoring_app.models import Sla
from monitoring_app.slas import sweeping
from pipelines_app.models import Dataset, DatasetVersion, Pipeline, Run
from tests import factories, road

START = datetime(2026, 3, 2, 6, tzinfo=UTC)  # a Monday
PIPELINE = """
pipeline: orders
team: shop
sources:
  raw.orders: {{format: csv, period: day, columns: {{id: BIGINT}}, arrival: {{by: "07:00", timezone: UTC}}}}
steps:
  - {{dataset: mart.orders, sql: SELECT id FROM raw.orders}}
sla: [{targets}]
"""


def promise(*targets):
    """Register a pipeline that promises this, and have the clock read it at START."""
    road.register_yaml(PIPELINE.format(targets=", ".join(targets)))
    sweeping.sweep(START)


def the(kind, dataset="mart.orders"):
    """The promise of a kind that is in force."""
    return Sla.objects.get(kind=kind, until=None, dataset__name=dataset)


def of_runs(kind):
    return Sla.objects.get(kind=kind, until=None, dataset=None)


def ran(at, *, seconds=60, state="succeeded", period="2026-03-02", **fields):
    """A run that began then and took so long; still under way if `seconds` is None."""
    run = factories.make_run(Pipeline.objects.get(), period=period, state=state, **fields)
    ended = None if seconds is None else at + timedelta(seconds=seconds)
    Run.objects.filter(pk=run.pk).update(created_at=at, started_at=at, finished_at=ended)
    return run


def published(at, *, run=None, period="2026-03-02", name="mart.orders"):
    """A version that readers see since then."""
    step = factories.make_step(
        run or ran(at), Dataset.objects.get(name=name), state="succeeded", started_at=at, finished_at=at
    )
    version = factories.make_version(step, period=period)
    DatasetVersion.objects.filter(pk=version.pk).update(created_at=at)
    return version


def after(**length):
    """So long after START."""
    return START + timedelta(**length)


def states(sla):
    """What became of a promise, oldest first."""
    return list(sla.results.order_by("due_at").values_list("subject", "state"))
