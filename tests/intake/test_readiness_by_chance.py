"""Random arrivals in any order against every kind of policy: a period is consumed once, and nothing ready waits."""

from collections import defaultdict

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipelines_app import events
from pipelines_app.environments import mapping
from pipelines_app.facts import DatasetPublished
from pipelines_app.intake import waiting
from pipelines_app.models import (
    Current,
    Dataset,
    Delivery,
    DeliveryState,
    Disposition,
    Event,
    Part,
    Pipeline,
    Run,
    RunState,
    Waiting,
    WaitState,
)
from pipelines_app.runs import lifecycle, planning
from tests import factories
from tests.intake.test_waiting import DAILY, DAY, FAR, NEXT, reader, sources

NEEDED = {"every": 3, "two": 2, "either": 1, "later": 3}
START = {
    "every": "all",
    "two": "{when: {at_least: 2}}",
    "either": "any",
    "later": "{when: all, not_before: '06:00', timezone: Asia/Tokyo}",
}
CAME = st.tuples(st.sampled_from(DAILY), st.sampled_from([DAY, NEXT, FAR]), st.booleans())


class Undone(Exception):
    """Takes back what one example wrote."""


def publish(name: str, period: str) -> Event:
    """What the load of a file leaves behind, without an engine."""
    dataset = Dataset.objects.get(name=f"raw.{name}")
    run = factories.make_run(Pipeline.objects.get(name="up"), state="succeeded", period=period)
    version = factories.make_version(factories.make_step(run, dataset), period=period)
    place = f"data/by-chance/{version.pk}"
    known = {"dataset": dataset, "environment": run.environment}
    Part.objects.create(version=version, period=period, path=place, rows=1, bytes=1, since=version.number, **known)
    Current.objects.update_or_create(**known, defaults={"version": version})
    fact = DatasetPublished(
        run=run.pk, pipeline="up", dataset=dataset.name, period=period, version=version.pk, number=1, rows=1
    )
    return events.record(fact, actor="user:test")


def deliver() -> None:
    while pks := list(Delivery.objects.filter(state=DeliveryState.PENDING, attempts=0).values_list("pk", flat=True)):
        for pk in pks:
            events.deliver(pk)


def finish() -> None:
    """Every run that is at work goes well, and the next may begin."""
    while running := list(Run.objects.filter(state=RunState.RUNNING).select_related("pipeline", "cause")):
        for run in running:
            lifecycle.move(run, RunState.SUCCEEDED, cause=run.cause)
            planning.start_next(run.pipeline)
    deliver()


def check(came: list[tuple[str, str]], told: list[Event], *, late: bool) -> None:
    """What must hold once everything that came was told of; `late`: the far period's time has come, too."""
    there: dict[str, int] = defaultdict(int)
    for _, period in came:
        there[period] += 1
    stuck = Delivery.objects.exclude(state=DeliveryState.DONE).exclude(event__kind="run.moved")
    assert not stuck.exists()
    for name, needed in NEEDED.items():
        for period, number in there.items():
            ready = number >= needed and (late or name != "later" or period != FAR)
            runs = Run.objects.filter(pipeline__name=name, period=period).prefetch_related("causes")
            waits = Waiting.objects.filter(pipeline__name=name, period=period, state=WaitState.WAITING)
            where = f"{name} of {period}: {number} came"
            assert runs.exists() is ready, where
            assert waits.exists() is not ready if needed > 1 else not waits.exists(), where
            caused = [event.pk for run in runs for event in run.causes.all() if event.kind == DatasetPublished.kind]
            mine = {event.pk for event in told if event.period == period}
            assert set(caused) == (mine if ready else set()), where  # all of them, and none of another period
            if needed == len(DAILY):
                assert len(runs) <= 1, where
                assert len(caused) == len(set(caused)), where
    for event in told:
        outcome = event.deliveries.get(consumer="readiness")
        waits = any(there[event.period] < needed for needed in NEEDED.values()) or (event.period == FAR and not late)
        assert outcome.disposition == (Disposition.WAITING if waits else outcome.disposition), outcome.outcome
        if not waits:
            assert outcome.disposition in {Disposition.CONSUMED, Disposition.MERGED}, outcome.outcome


@pytest.mark.django_db
def test_whatever_comes_in_whatever_order_is_consumed_once_and_nothing_that_is_ready_waits() -> None:
    sources()
    for name, start in START.items():
        reader(start, name=name)
    mapping.production()
    deliver()

    @settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(CAME, min_size=1, max_size=7, unique_by=lambda one: one[:2]))
    def example(arrivals: list[tuple[str, str, bool]]) -> None:
        try:
            with transaction.atomic():
                told = []
                for name, period, goes_on in arrivals:
                    told.append(publish(name, period))
                    if goes_on:
                        deliver()
                        finish()
                deliver()
                finish()
                came = [(name, period) for name, period, _ in arrivals]
                check(came, told, late=False)
                waiting.move_on(timezone.now().replace(year=2950))
                finish()
                check(came, told, late=True)
                raise Undone
        except Undone:
            pass

    example()
