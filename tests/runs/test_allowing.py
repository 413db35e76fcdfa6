"""How much may be at work at once is said by admins, audited, obeyed across workers, and told to who waits."""

import pytest
from django.db import connections

from pipelines_app.errors import NotAllowed, NotFound
from pipelines_app.intake import why_not
from pipelines_app.models import (
    AuditEntry,
    Delivery,
    Disposition,
    EngineLimit,
    Pipeline,
    Role,
    Run,
    RunState,
    StepRun,
    StepState,
    Team,
)
from pipelines_app.runs import allowing, leases
from tests import factories, road
from tests.runs.test_limits import DAYS, document, running, send, steps_of, together

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return factories.make_user("ana", team=road.team("ops"), role=Role.ADMIN)


@pytest.fixture
def root():
    return factories.make_user("root", superuser=True)


def change(user, of: str, name: str, most: int | None):
    return allowing.change(user, of=of, name=name, most=most, actor=f"user:{user.username}")


def test_a_run_beyond_the_limit_waits_for_a_place_and_says_so_until_the_limit_is_raised(ana) -> None:
    for name in ("one", "two"):
        road.register_yaml(document(name))
    change(ana, "team", "ops", 1)
    send("one", DAYS[:1])
    send("two", DAYS[:1])
    assert running() == [("one", DAYS[0])]
    said = Delivery.objects.get(disposition=Disposition.WAITING).outcome
    assert "which waits for a place: the team ops has 1 run at work, as many as it may" in said
    ticks = why_not.of(Pipeline.objects.get(name="two"), ana, now=Run.objects.latest("id").created_at)[0].ticks
    assert [tick.text for tick in ticks if not tick.holds][-1].startswith("It waits for a place: the team ops")
    assert [(row.at_work, row.waiting) for row in allowing.seen_by(ana) if row.of == "team"] == [(1, 1)]
    change(ana, "team", "ops", 2)
    assert running() == [("one", DAYS[0]), ("two", DAYS[0])]
    written = (
        AuditEntry.objects.filter(action__startswith="limit")
        .order_by("id")
        .values_list("action", "subject", "team__name", "change")
    )
    assert list(written) == [
        ("limit.team", "ops", "ops", {"before": None, "after": 1}),
        ("limit.team", "ops", "ops", {"before": 1, "after": 2}),
    ]


def test_taking_the_limit_of_the_environment_away_starts_what_waited(root) -> None:
    for name in ("one", "two"):
        road.register_yaml(document(name))
    change(root, "environment", "production", 1)
    send("one", DAYS[:1])
    send("two", DAYS[:1])
    assert len(running()) == 1
    change(root, "environment", "production", None)
    assert len(running()) == 2


def test_only_admins_change_limits_and_only_those_of_what_is_theirs(ana, root) -> None:
    factories.make_user("vic", team=Team.objects.get(name="ops"))
    other = factories.make_user("eve", team=factories.make_team("others"), role=Role.ADMIN)
    for user, of, name, refusal in [
        (ana, "environment", "production", NotAllowed),
        (ana, "engine", "duckdb", NotAllowed),
        (other, "team", "ops", NotFound),
        (root, "engine", "abacus", NotFound),
        (root, "planet", "ops", NotFound),
    ]:
        with pytest.raises(refusal):
            change(user, of, name, 3)
    assert not AuditEntry.objects.filter(action__startswith="limit").exists()


def test_an_engine_is_given_no_more_steps_than_it_may_have_by_all_workers_together(root) -> None:
    for name, team in (("one", "ops"), ("two", "ops"), ("three", "modest")):
        road.register_yaml(document(name, team=team))
        send(name, DAYS[:1])
    change(root, "engine", "duckdb", 2)
    first, second = leases.claim_next("worker-1"), leases.claim_next("worker-2")
    assert first is not None
    assert second is not None
    assert {first.step.run.pipeline.team.name, second.step.run.pipeline.team.name} == {"ops", "modest"}
    left = StepRun.objects.get(state=StepState.READY)
    assert leases.claim_next("worker-3") is None
    assert leases.claim(left.pk, "worker-3") is None
    EngineLimit.objects.update(max_steps=3)
    assert leases.claim_next("worker-3") is not None


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_do_not_exceed_what_an_engine_may_have() -> None:
    steps_of(factories.make_team("one"), 10)
    steps_of(factories.make_team("two"), 10)
    allowing.change(factories.make_user("root", superuser=True), of="engine", name="duckdb", most=3, actor="user:root")
    won: list[int] = []

    def worker(name: str) -> None:
        while claim := leases.claim_next(name):
            won.append(claim.step.pk)
        connections.close_all()

    together(worker)
    assert len(won) == len(set(won)) == 3


def test_with_an_engine_limit_of_one_everything_is_done_still(root) -> None:
    for name in ("one", "two"):
        road.register_yaml(document(name))
    change(root, "engine", "duckdb", 1)
    send("one", DAYS[:2])
    send("two", DAYS[:2])
    road.drain()
    assert set(Run.objects.values_list("state", flat=True)) == {RunState.SUCCEEDED}
