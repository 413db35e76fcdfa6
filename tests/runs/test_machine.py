"""Claim, renew, expire, commit, fail, cancel and sweep, in any order: a step takes effect once or not at all."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from pipelines_app import lake
from pipelines_app.engines.base import Written
from pipelines_app.errors import IllegalMove
from pipelines_app.models import Run, RunState, StepRun, StepState
from pipelines_app.quality.gates import Verdict
from pipelines_app.runs import advancing, cancelling, execution, leases, publishing, recovery, staging
from pipelines_app.runs.leases import Claim
from pipelines_app.runs.publishing import Failure, Fenced
from pipelines_app.runs.staging import Staged
from tests import road
from tests.invariants import violations, violations_now

DAY = "2013-01-05"
LONG_AGO = timedelta(hours=1)
ROUNDS = 60
ADMITTED = Verdict(results=())
REFUSED = Verdict(results=(), refusal="too many rows are bad")


class Machine(RuleBasedStateMachine):
    """One run of four steps, and workers who do what workers do at the worst moments."""

    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.room = transaction.atomic()
        self.room.__enter__()
        self.steps = list(StepRun.objects.order_by("position").values_list("pk", flat=True))
        self.ended: dict[int, str] = {}

    def teardown(self) -> None:
        """The faults stop: whatever has happened, the run ends and nothing is violated."""
        try:
            for _ in range(ROUNDS):
                if not self.works_on():
                    break
            road.drain()
            assert violations(files=False) == []
        finally:
            transaction.set_rollback(True)
            self.room.__exit__(None, None, None)

    def works_on(self) -> bool:
        self.leases_end()
        self.sweeps()
        self.back_off_ends()
        for pk in self.steps:
            claim = leases.claim(pk, "the last worker")
            if claim is not None:
                publishing.publish(staged(claim), ADMITTED)
        return Run.objects.live().exists()

    @rule(target=claims, which=st.integers(0, 3), owner=st.sampled_from(["one", "two"]))
    def claims_a_step(self, which: int, owner: str):
        step = StepRun.objects.get(pk=self.steps[which])
        claim = leases.claim(step.pk, owner)
        assert (claim is not None) == (step.state == StepState.READY and step.not_before <= timezone.now())
        if claim is None:
            return multiple()
        assert claim.epoch == step.epoch + 1
        return claim

    @rule(claim=claims)
    def renews(self, claim: Claim) -> None:
        held = is_held(claim)
        assert leases.renew(claim) == held

    @rule(claim=claims, verdict=st.sampled_from([ADMITTED, ADMITTED, REFUSED]))
    def publishes(self, claim: Claim, verdict: Verdict) -> None:
        self.ends(claim, lambda: publishing.publish(staged(claim), verdict))

    @rule(claim=claims)
    def fails(self, claim: Claim) -> None:
        self.ends(claim, lambda: publishing.fail(claim, Failure(kind="sql", message="division by zero")))

    @rule(claim=claims)
    def tries_again(self, claim: Claim) -> None:
        self.ends(
            claim,
            lambda: execution.again(
                claim.step, epoch=claim.epoch, because="its process was killed", wait=timedelta(seconds=1)
            ),
        )

    def ends(self, claim: Claim, end) -> None:
        """Whoever holds the step ends it; whoever does not is told so, and changes nothing."""
        if is_held(claim):
            end()
        else:
            with pytest.raises(Fenced):
                end()

    @rule()
    def leases_end(self) -> None:
        StepRun.objects.filter(state=StepState.RUNNING).update(lease_until=timezone.now() - LONG_AGO)

    @rule()
    def back_off_ends(self) -> None:
        StepRun.objects.filter(state=StepState.READY).update(not_before=timezone.now() - LONG_AGO)

    @rule()
    def sweeps(self) -> None:
        stale = [step.pk for step in leases.expired()]
        recovery.recover()
        recovery.ring_again()
        assert not StepRun.objects.filter(pk__in=stale, state=StepState.RUNNING).exists()

    @rule()
    def is_cancelled(self) -> None:
        run = Run.objects.get()
        if run.state == RunState.RUNNING:
            cancelling.cancel(run, actor="user:ana", because="not today")
        else:
            with pytest.raises(IllegalMove):
                cancelling.cancel(run, actor="user:ana", because="not today")

    @invariant()
    def nothing_is_violated(self) -> None:
        assert violations_now() == []

    @invariant()
    def what_is_over_stays_over(self) -> None:
        now = dict(StepRun.objects.values_list("pk", "state"))
        assert {pk: now[pk] for pk in self.ended} == self.ended
        self.ended = {pk: state for pk, state in now.items() if state in advancing.OVER}


def is_held(claim: Claim) -> bool:
    return StepRun.objects.filter(pk=claim.step.pk, epoch=claim.epoch, state=StepState.RUNNING).exists()


def staged(claim: Claim) -> Staged:
    """The output of an attempt, as if an engine had written it."""
    place = lake.path(f"data/{claim.step.pk}-{claim.epoch}.parquet")
    written = Written(path=place, rows=842, bytes=4096, columns=(), fingerprint="0" * 64, seconds=0.1)
    return Staged(work=staging.gather(claim), written=written)


@pytest.mark.promise(4, 29, faults="claim, renew, expire, commit, fail, cancel, sweep in any order")
@pytest.mark.django_db
def test_a_step_takes_effect_once_or_not_at_all_whatever_happens_in_whatever_order() -> None:
    road.register_sample("flights-daily")
    road.send_flights(DAY)
    road._deliver()
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
