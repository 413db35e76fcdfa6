"""What a sweep costs does not grow with what is open and what waits."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from controlplane import sweep
from monitoring_app.models import Pledge
from pipelines_app.intake import foreseeing
from pipelines_app.models import Dataset, Outlook, Pipeline, Pulse, Slot
from tests import factories, road

pytestmark = pytest.mark.django_db
OPEN = 10_000
MOST_QUERIES = 10


@pytest.fixture
def ledger():
    """Ten thousand open slots of a hundred sources in as many pipelines, none of which falls due soon."""
    team, far = factories.make_team(), timezone.now() + timedelta(days=30)
    pipelines = [factories.make_pipeline(team=team) for _ in range(100)]
    sources = [factories.make_dataset(pipeline=one, is_source=True, period_kind="hour") for one in pipelines]
    event = factories.make_event()
    Slot.objects.bulk_create(
        [
            Slot(
                dataset=source,
                period=f"2030-{number // 24 + 1:02}-01T{number % 24:02}",
                **dict.fromkeys(("expected_at", "due_at", "late_at", "missing_at", "next_at"), far),
                event=event,
            )
            for source in sources
            for number in range(OPEN // len(sources))
        ]
    )
    Outlook.objects.bulk_create(
        [Outlook(pipeline=pipeline, revision=pipeline.current, look_at=far) for pipeline in Pipeline.objects.all()]
    )
    Pledge.objects.bulk_create(
        [Pledge(pipeline=pipeline, revision=pipeline.current) for pipeline in Pipeline.objects.all()]
    )
    return Dataset.objects.filter(pk__in=[source.pk for source in sources])


def test_a_sweep_with_nothing_to_do_costs_ten_queries_however_many_slots_are_open(ledger):
    assert Slot.objects.open().count() == OPEN
    sweep.once()  # claims what is done once a minute
    for moment in (None, timezone.now() + timedelta(minutes=2)):
        begun = time.monotonic()
        with CaptureQueriesContext(connection) as captured:
            sweep.once(moment)
        asked = [one["sql"] for one in captured.captured_queries]
        assert len(asked) <= MOST_QUERIES, "\n".join(asked)
        assert time.monotonic() - begun < 2  # 200 ms on a quiet machine
    assert Pulse.objects.filter(name="sweep").exists()


PROMISING = """
pipeline: feeds-%s
team: shop
sources:
  raw.fed_%s: {format: csv, period: day, from: "fed_{period}.csv", columns: {n: BIGINT}}
steps:
  - dataset: mart.made_%s
    sql: SELECT n FROM raw.fed_%s
    materialise: {kind: incremental, by: period}
sla: [{arrival: {dataset: mart.made_%s, by: "09:00", timezone: UTC}}]
"""


def test_late_arrivals_are_foreseen_with_as_many_queries_for_two_slots_as_for_sixty():
    asked = {}
    for number in (1, 2):
        road.register_yaml(PROMISING.replace("%s", str(number)))
    now = timezone.now()
    for count in (2, 60):
        Slot.objects.all().delete()
        for number in range(count):
            day = (now - timedelta(days=number // 2)).date().isoformat()
            source = Dataset.objects.get(name=f"raw.fed_{number % 2 + 1}")
            factories.make_slot(source, period=day, due_at=now + timedelta(hours=1))
        foreseeing.look_again(now)  # writes down what is new
        with CaptureQueriesContext(connection) as captured:
            assert foreseeing.look_again(now) == 0
        asked[count] = len(captured.captured_queries)
    assert asked[2] == asked[60] <= 6
    assert Slot.objects.exclude(risk_at=None).count() == 60
