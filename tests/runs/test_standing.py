"""How pipelines stand: one word each, the usual length, the last runs only."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pipelines_app.runs import standing
from tests import factories

pytestmark = pytest.mark.django_db


def run(pipeline, *, seconds=None, **fields):
    now = timezone.now()
    began = now - timedelta(seconds=seconds) if seconds is not None else None
    made = factories.make_run(pipeline, started_at=began, **fields)
    if seconds is not None:
        type(made).objects.filter(pk=made.pk).update(finished_at=now)
    return made


@pytest.mark.parametrize(
    ("states", "paused", "late", "word"),
    [
        ([], False, False, "waiting"),
        (["succeeded"], False, False, "succeeded"),
        (["succeeded", "failed"], False, False, "failed"),
        (["failed", "running"], False, True, "running"),
        (["failed", "queued"], False, False, "queued"),
        (["failed", "queued"], True, False, "paused"),
        (["running"], True, False, "running"),
        (["succeeded"], True, False, "paused"),
        (["succeeded"], False, True, "late"),
        ([], False, True, "late"),
    ],
)
def test_a_pipeline_is_said_in_one_word(states, paused, late, word):
    pipeline = factories.make_pipeline(paused_at=timezone.now() if paused else None)
    if late:
        factories.make_slot(factories.make_dataset(pipeline=pipeline), state="late")
    for state in states:
        run(pipeline, state=state)
    assert standing.standings([pipeline])[0].state == word


def test_usual_is_the_median_of_what_went_well():
    pipeline = factories.make_pipeline()
    for seconds in (1, 2, 9):
        run(pipeline, seconds=seconds, state="succeeded")
    run(pipeline, seconds=500, state="failed")
    assert standing.standings([pipeline])[0].usual == pytest.approx(2, abs=0.01)


def test_only_the_last_twenty_runs_of_each_pipeline_count_oldest_first():
    busy, idle = factories.make_pipeline(), factories.make_pipeline()
    made = [run(busy, state="succeeded").pk for _ in range(23)]
    alone = run(idle, state="failed").pk
    runs = standing.last_runs([busy, idle])
    assert [last.pk for last in runs[busy.pk]] == made[3:]
    assert [last.pk for last in runs[idle.pk]] == [alone]
    assert standing.last_runs([]) == {}
