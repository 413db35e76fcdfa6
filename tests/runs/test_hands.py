"""A worker goes on with what it made ready itself: the claim and what made the step ready are one transaction."""

import pytest
import yaml

from bench.sites import tiny
from pipelines_app import events, wake
from pipelines_app.models import Delivery, DeliveryState, Event, StepRun, StepState
from pipelines_app.runs import execution, hands
from tests import road

DAY = b"id,amount\n1,2\n"


RUNG: list[str] = []


def ring(kind: str, pk: int, *, again: bool = False) -> None:
    """A doorbell that remembers."""
    RUNG.append(kind)


@pytest.fixture
def rung(settings) -> list[str]:
    """The kinds of bells that were rung."""
    RUNG.clear()
    settings.WAKE = f"{__name__}.ring"
    return RUNG


@pytest.fixture
def arrived(transactional_db) -> Delivery:
    """A file that came in, and of which nobody was told yet."""
    road.register_yaml(yaml.safe_dump(tiny("hand"), sort_keys=False))
    road.drain()
    road.send("raw.bench_hand", DAY, name="hand_2020-01-01.csv")
    return Delivery.objects.get(state=DeliveryState.PENDING)


def test_who_is_told_of_an_arrival_with_an_open_hand_has_claimed_its_first_step(arrived, rung) -> None:
    with hands.hold_open("worker") as hand:
        events.deliver(arrived.pk)
    step = StepRun.objects.get(position=0)
    assert (hand.claim.step, hand.claim.epoch) == (step, 1)
    assert (step.state, step.owner, step.attempt) == (StepState.RUNNING, "worker", 1)
    assert Event.objects.filter(kind="step.started", run=step.run_id).count() == 1
    assert wake.STEP not in rung


def test_without_a_hand_the_first_step_is_rung_for_and_free(arrived, rung) -> None:
    events.deliver(arrived.pk)
    assert StepRun.objects.get(position=0).state == StepState.READY
    assert rung == [wake.STEP]


def test_what_is_rolled_back_is_in_no_hand(arrived, rung, settings, tmp_path) -> None:
    settings.FAILPOINTS = str(tmp_path)
    (tmp_path / "before_delivery_commit.here").write_text("fail")
    with hands.hold_open("worker") as hand:
        events.deliver(arrived.pk)
    assert hand.claim is None
    assert not StepRun.objects.exists()
    arrived.refresh_from_db()
    assert (arrived.state, arrived.attempts) == (DeliveryState.PENDING, 1)


def test_a_hand_takes_one_step_and_rings_for_the_others(arrived, rung) -> None:
    with hands.hold_open("worker") as hand:
        events.deliver(arrived.pk)
        road.send("raw.bench_hand", DAY, name="hand_2020-01-02.csv")
        road._deliver()
        first = hand.claim
        execution._work(first)
    assert rung.count(wake.STEP) == 1  # the query after the load; the second day waits for the first
    assert hand.claim == first


def test_who_goes_on_does_a_whole_run_and_finds_nothing_left(arrived, rung) -> None:
    with hands.hold_open("worker") as hand:
        events.deliver(arrived.pk)
    assert execution.go_on("worker", claim=hand.claim, seconds=60) is False
    assert set(StepRun.objects.values_list("state", "owner")) == {(StepState.SUCCEEDED, "worker")}
    assert StepRun.objects.count() == 2
    assert wake.STEP not in rung


def test_what_a_step_tells_is_handed_over_by_who_did_it_and_nobody_is_rung_for(arrived, rung) -> None:
    with hands.hold_open("worker") as hand:
        events.deliver(arrived.pk)
    rung.clear()
    execution.go_on("worker", claim=hand.claim, seconds=60)
    assert Event.objects.filter(kind="dataset.published").count() == 2
    assert not Delivery.objects.filter(state=DeliveryState.PENDING).exists()
    assert set(rung) == {wake.PROFILE}


@pytest.mark.parametrize("other_is_rung", [True, False])
def test_who_has_gone_on_for_long_enough_has_only_its_own_bell_rung_again(arrived, rung, other_is_rung) -> None:
    road.register_yaml(yaml.safe_dump(tiny("other"), sort_keys=False))
    road.send("raw.bench_other", DAY, name="other_2020-01-01.csv")
    with hands.hold_open("worker") as hand:
        events.deliver(arrived.pk)
    road._deliver()
    other = StepRun.objects.get(dataset__name="raw.bench_other")
    rung_again = execution.go_on("worker", claim=hand.claim, rung=other.pk if other_is_rung else 0, seconds=0)
    assert rung_again is other_is_rung
    assert StepRun.objects.filter(state=StepState.SUCCEEDED).count() == 1
