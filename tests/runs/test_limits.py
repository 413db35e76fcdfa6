"""Limits are never exceeded, nothing that waits for a place is lost, and nobody starves behind somebody else's many."""

import threading

import pytest
from django.db import connections
from django.utils import timezone

from pipelines_app.compiler import documents
from pipelines_app.environments import mapping
from pipelines_app.errors import DefinitionInvalid
from pipelines_app.models import Arrival, ArrivalState, Environment, Pipeline, Run, RunState, StepRun, StepState, Team
from pipelines_app.runs import leases, lifecycle, planning, queue, recovery
from tests import factories, road

DAYS = [f"2020-01-{day:02}" for day in range(1, 11)]
MANY = 1000


def document(name: str, *, team: str = "ops", **more: object) -> str:
    lines = [
        f"pipeline: {name}",
        f"team: {team}",
        *(f"{key}: {value}" for key, value in more.items()),
        f"sources: {{raw.{name}_in: {{format: csv, period: day, from: '{name}_{{period}}.csv', mode: partition,"
        " columns: {id: BIGINT}}}",
        "steps:",
        f"- dataset: mart.{name}_out",
        "  materialise: {kind: incremental, by: period}",
        f"  sql: SELECT count(*) AS n FROM raw.{name}_in",
    ]
    return "\n".join(lines)


def send(name: str, days: list[str]) -> None:
    for day in days:
        road.send(f"raw.{name}_in", b"id\n1\n2\n", name=f"{name}_{day}.csv")
    road._deliver()


def running() -> list[tuple[str, str]]:
    found = Run.objects.filter(state=RunState.RUNNING).order_by("id")
    return list(found.values_list("pipeline__name", "period"))


def steps_of(team: Team, count: int) -> list[int]:
    """As many ready steps of runs of a pipeline of the team."""
    pipeline = factories.make_pipeline(team=team)
    run, datasets = factories.make_run(pipeline), [factories.make_dataset(pipeline=pipeline) for _ in range(count)]
    ready = {"state": StepState.READY, "ready_at": timezone.now(), "team": team, "kind": "sql"}
    rows = [StepRun(run=run, dataset=dataset, position=at, **ready) for at, dataset in enumerate(datasets)]
    return [step.pk for step in StepRun.objects.bulk_create(rows)]


@pytest.mark.django_db
def test_ten_events_under_a_cap_of_two_all_have_their_effect_and_two_run_at_a_time() -> None:
    road.register_yaml(document("capped", concurrency=2))
    send("capped", DAYS)
    assert running() == [("capped", DAYS[0]), ("capped", DAYS[1])]
    while StepRun.objects.filter(state=StepState.READY).exists():
        road._execute()
        assert len(running()) <= 2
    assert dict(Run.objects.values_list("period", "state")) == dict.fromkeys(DAYS, RunState.SUCCEEDED)
    assert set(Arrival.objects.values_list("state", flat=True)) == {ArrivalState.CONSUMED}


@pytest.mark.django_db
def test_two_runs_of_one_period_never_run_at_once_whatever_the_cap() -> None:
    road.register_yaml(document("capped", concurrency=5))
    send("capped", DAYS[:1])
    road.send("raw.capped_in", b"id\n1\n", name=f"capped_{DAYS[0]}.csv")
    send("capped", DAYS[1:2])
    assert running() == [("capped", DAYS[0]), ("capped", DAYS[1])]
    assert Run.objects.get(state=RunState.QUEUED).period == DAYS[0]
    road.drain()
    assert set(Run.objects.values_list("state", flat=True)) == {RunState.SUCCEEDED}


def test_a_pipeline_that_rebuilds_a_whole_table_cannot_be_overtaken() -> None:
    text = document("whole", concurrency=2).replace("{kind: incremental, by: period}", "{kind: table}")
    with pytest.raises(DefinitionInvalid, match="made anew as a whole"):
        documents.parse(documents.from_yaml(text))


@pytest.mark.django_db
@pytest.mark.parametrize("limited", ["team", "environment"])
def test_the_end_of_a_run_starts_one_of_another_pipeline_that_waits_for_the_same_place(limited: str) -> None:
    for name in ("one", "two"):
        road.register_yaml(document(name))
    limit = Team.objects.filter(name="ops") if limited == "team" else Environment.objects.all()
    mapping.production()
    limit.update(max_runs=1)
    send("one", DAYS[:1])
    send("two", DAYS[:1])
    assert running() == [("one", DAYS[0])]
    while StepRun.objects.filter(state=StepState.READY).exists():
        road._execute()
        assert len(running()) <= 1
    assert set(Run.objects.values_list("state", flat=True)) == {RunState.SUCCEEDED}


@pytest.mark.django_db
def test_a_place_in_the_environment_goes_to_the_team_that_has_none() -> None:
    for name, team in (("many", "greedy"), ("single", "modest")):
        road.register_yaml(document(name, team=team, **({"concurrency": 2} if name == "many" else {})))
    mapping.production()
    Environment.objects.update(max_runs=2)
    send("many", DAYS)
    send("single", DAYS[:1])
    assert running() == [("many", DAYS[0]), ("many", DAYS[1])]
    lifecycle.cancel(Run.objects.get(period=DAYS[0], pipeline__name="many"), actor="user:ana", because="not now")
    planning.start_next(Pipeline.objects.get(name="many"))
    assert running() == [("many", DAYS[1]), ("single", DAYS[0])]


@pytest.mark.django_db
def test_what_is_urgent_runs_before_what_waited_longer() -> None:
    road.register_yaml(document("one"))
    send("one", DAYS[:3])
    Run.objects.filter(period=DAYS[1]).update(priority=-10)
    road.drain()
    order = Run.objects.order_by("started_at").values_list("period", flat=True)
    assert list(order) == [DAYS[0], DAYS[2], DAYS[1]]


@pytest.mark.django_db
def test_the_sweep_starts_what_could_start_and_was_forgotten() -> None:
    road.register_yaml(document("capped", concurrency=2))
    send("capped", DAYS[:2])
    Run.objects.filter(period=DAYS[1]).update(state=RunState.QUEUED, started_at=None)
    StepRun.objects.filter(run__period=DAYS[1]).delete()
    Arrival.objects.filter(period=DAYS[1]).update(run=None)
    recovery.ring_again()
    assert running() == [("capped", DAYS[0]), ("capped", DAYS[1])]


@pytest.mark.django_db
def test_one_step_of_a_team_does_not_wait_behind_a_thousand_of_another_and_the_cost_is_the_teams(
    django_assert_max_num_queries,
) -> None:
    steps_of(factories.make_team("greedy"), MANY)
    (single,) = steps_of(factories.make_team("modest"), 1)
    with django_assert_max_num_queries(6):
        first = leases.claim_next("one")
    second = leases.claim_next("two")
    assert single in {first.step.pk, second.step.pk}


@pytest.mark.django_db
def test_the_most_urgent_step_is_claimed_first_whoever_has_most_running() -> None:
    greedy = factories.make_team("greedy")
    urgent = steps_of(greedy, 3)
    later = steps_of(factories.make_team("modest"), 2)
    StepRun.objects.filter(pk__in=later).update(priority=-10)
    assert [leases.claim_next("one").step.pk for _ in range(5)] == [*urgent, *later]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_claim_every_step_once() -> None:
    pks = steps_of(factories.make_team("one"), 20) + steps_of(factories.make_team("two"), 20)
    won: list[int] = []

    def worker(name: str) -> None:
        while claim := leases.claim_next(name):
            won.append(claim.step.pk)
        connections.close_all()

    together(worker)
    assert sorted(won) == sorted(pks)
    assert set(StepRun.objects.values_list("epoch", flat=True)) == {1}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_at_once_do_not_exceed_the_limits_of_pipelines_team_and_environment() -> None:
    for number in range(8):
        road.register_yaml(document(f"p{number}", team=f"team-{number % 2}", concurrency=2))
    mapping.production()
    Environment.objects.update(max_runs=5)
    Team.objects.filter(name="team-0").update(max_runs=2)

    def ask(name: str) -> None:
        pipeline = Pipeline.objects.get(name=f"p{name[-1]}")
        for day in DAYS[:3]:
            send_quietly(pipeline, day)
        connections.close_all()

    together(ask)
    live = Run.objects.filter(state=RunState.RUNNING)
    assert live.count() == 5
    assert live.filter(pipeline__team__name="team-0").count() <= 2
    assert Run.objects.count() == 24


def send_quietly(pipeline: Pipeline, day: str) -> None:
    name = pipeline.name
    arrival = road.send(f"raw.{name}_in", b"id\n1\n2\n", name=f"{name}_{day}.csv")
    queue.put(pipeline, period=day, cause=arrival.event)


def together(do) -> None:
    """Call it with eight names, in threads that start at once; what fails in one fails the test."""
    start, failed = threading.Barrier(8), []

    def one(name: str) -> None:
        try:
            start.wait(20)
            do(name)
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=one, args=(f"worker-{index}",)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failed == []
