"""The sweep does all it can: what fails is kept apart and said, what is long is done once and aside."""

import base64
import json
import os
import queue
from datetime import timedelta

import pytest
from django.utils import timezone
from redis import Redis

from controlplane import bells, celery, envelopes, sweep
from controlplane.sample.client import until
from controlplane.sweep import Chore
from pipelines_app import wake
from pipelines_app.clock import database_now
from pipelines_app.models import Dataset, Pipeline, Pulse, Run, RunState, StepRun, StepState
from pipelines_app.runs import recovery
from pipelines_app.singly import SomeFailed
from tests import factories, road

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def stale_step(name: str) -> StepRun:
    """A step on its last attempt whose worker is gone, in a run of a pipeline of its own."""
    pipeline = factories.make_pipeline(name, document={})
    run = factories.make_run(pipeline)
    ago = timezone.now() - HOUR
    lease = {"state": "running", "owner": "gone", "lease_until": ago, "epoch": 3, "attempt": 3}
    return factories.make_step(run, factories.make_dataset(f"raw.{name}"), **lease)


def test_a_step_that_cannot_be_recovered_does_not_keep_the_others() -> None:
    road.register_sample("reference")
    bad, good = stale_step("bad"), stale_step("good")  # the bad one is of a revision that does not parse
    Run.objects.filter(pk=good.run_id).update(revision=Pipeline.objects.get(name="reference").current)
    StepRun.objects.filter(pk=good.pk).update(dataset=Dataset.objects.get(name="raw.airlines"), attempt=1)
    with pytest.raises(SomeFailed, match="1 could not be done"):
        recovery.recover()
    assert StepRun.objects.get(pk=good.pk).state == StepState.READY
    assert StepRun.objects.get(pk=bad.pk).state == StepState.RUNNING


def test_a_pipeline_whose_revision_does_not_parse_does_not_keep_the_others_queued() -> None:
    broken = factories.make_pipeline("a-broken-one")
    road.register_sample("reference")
    for pipeline in Pipeline.objects.all():
        factories.make_run(pipeline, state="queued")
    with pytest.raises(SomeFailed, match="1 could not be done; the first was a-broken-one"):
        recovery.ring_again()
    assert list(Run.objects.filter(state=RunState.QUEUED).values_list("pipeline", flat=True)) == [broken.pk]


def test_a_chore_that_fails_is_said_in_its_pulse_until_it_goes_well_and_the_others_are_done(monkeypatch) -> None:
    done, broken = [], [True]

    def fails(now) -> None:
        if broken:
            raise ValueError("a row that nobody can read")

    chores = [Chore("breaks", timedelta(0), fails), Chore("goes on", timedelta(0), done.append)]
    monkeypatch.setattr(sweep, "CHORES", chores)
    sweep.once()
    assert len(done) == 1
    assert Pulse.objects.get(name="chore:breaks").detail == "ValueError: a row that nobody can read"
    assert Pulse.objects.filter(name="sweep").exists()
    broken.clear()
    sweep.once()
    assert Pulse.objects.get(name="chore:breaks").detail == ""


def test_a_chore_that_takes_long_is_not_begun_by_the_next_sweep_too(monkeypatch) -> None:
    now, begun = timezone.now(), []

    def walk(moment) -> None:
        begun.append(moment)
        if len(begun) < 5:
            sweep.keep_house(now + timedelta(minutes=len(begun)))  # another sweep, while this one still walks

    monkeypatch.setattr(sweep, "LONG_CHORES", [Chore("walk", HOUR, walk)])
    sweep.keep_house(now)
    assert begun == [now]
    begun.extend([now] * 5)
    sweep.keep_house(now + HOUR)
    assert begun[-1] == now + HOUR


def test_of_two_who_saw_a_chore_due_one_gets_it() -> None:
    now = timezone.now()
    chore = Chore("walk", HOUR, print)
    seen = Pulse.objects.create(name=chore.pulse, at=now - HOUR)
    assert [sweep._claims(chore, seen, now) for _ in range(2)] == [True, False]


@pytest.mark.promise(22)
def test_the_sweep_goes_by_the_databases_clock() -> None:
    assert abs(database_now() - timezone.now()) < timedelta(seconds=5)
    factories.make_team()
    sweep.once()
    assert abs(database_now() - Pulse.objects.get(name="sweep").at) < timedelta(seconds=30)


@pytest.fixture
def queues(monkeypatch):
    """The bells of embedded mode, open, with nobody who takes from them."""
    fresh = {kind: queue.SimpleQueue() for kind in wake.KINDS}
    monkeypatch.setattr(bells, "_bells", fresh)
    bells.begin()
    yield fresh
    bells.end(0)


def test_what_is_rung_for_and_not_taken_yet_is_not_rung_for_again(queues) -> None:
    for _ in range(3):
        bells.ring(wake.STEP, 7, again=True)
    bells.ring(wake.DELIVERY, 7)
    assert (queues[wake.STEP].qsize(), queues[wake.DELIVERY].qsize()) == (1, 1)
    bells.ring(wake.START, 7)
    bells.ring(wake.START, 8)
    assert queues[wake.DELIVERY].qsize() == 2  # what may lead to steps is a delivery like any other
    bells.taken(queues[wake.STEP].get())
    bells.ring(wake.STEP, 7)
    assert queues[wake.STEP].qsize() == 1


@pytest.mark.parametrize("kind", [wake.DELIVERY, wake.START, wake.STEP, wake.NOTIFICATION])
def test_every_bell_is_heard_by_somebody_in_embedded_mode(queues, kind) -> None:
    bells.ring(kind, 7)
    assert sum(bell.qsize() for bell in queues.values()) == 1


def rung_for(client, waiting_in) -> int:
    """The step of the oldest bell in a queue."""
    _, bell = client.brpop([waiting_in], timeout=10)
    return json.loads(base64.b64decode(json.loads(bell)["body"]))[0][0]


@pytest.mark.postgres
def test_what_the_sweep_rings_for_again_does_not_pile_up_in_redis_and_a_first_bell_always_goes() -> None:
    with Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.delete(celery.STEPS)
        celery.ring(wake.STEP, 7, again=True)
        assert rung_for(client, celery.STEPS) == 7
        client.rpush(celery.STEPS, *["a bell"] * celery.MOST_WAITING)
        try:
            celery.ring(wake.STEP, 7, again=True)
            celery.ring(wake.STEP, 8)
            until(lambda: client.llen(celery.STEPS) > celery.MOST_WAITING, "a bell", patience=10)
            client.ltrim(celery.STEPS, 0, 0)
            assert rung_for(client, celery.STEPS) == 8
        finally:
            client.delete(celery.STEPS)


@pytest.mark.postgres
@pytest.mark.parametrize("kind", celery.BELLS)
def test_a_bell_is_the_message_that_celery_itself_would_send(kind) -> None:
    task, goes_to = celery.BELLS[kind]
    with Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.delete(goes_to)
        try:
            celery.app.send_task(task, args=[7], queue=goes_to)
            theirs = json.loads(client.brpop([goes_to], timeout=10)[1])
        finally:
            client.delete(goes_to)
    ours = json.loads(envelopes.enclosed(celery.app, task, 7, goes_to))
    ids = [one["headers"]["id"] for one in (ours, theirs)]
    assert ids[0] != ids[1]
    assert all(ids)
    for one in (ours, theirs):
        one["body"] = json.loads(base64.b64decode(one["body"]))
        said = [one["headers"].pop("id"), one["headers"].pop("root_id"), one["properties"].pop("correlation_id")]
        assert len(set(said)) == 1
        assert one["properties"].pop("delivery_tag")
        one["properties"].pop("reply_to")
    assert ours.pop("headers") == theirs.pop("headers")
    assert ours == theirs
