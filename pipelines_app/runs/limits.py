"""How many runs may run at once: of a pipeline, of a team, in an environment. Whoever asks holds the pipeline."""

from dataclasses import dataclass

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from pipelines_app import locks, prepared
from pipelines_app.models import Environment, Pipeline, Run, RunState, Team
from pipelines_app.runs.recipes import compiled

STANDING = """
    SELECT
        (SELECT id FROM pipelines_app_run
         WHERE pipeline_id = %(pipeline)s AND environment_id = %(environment)s AND period = %(period)s
         AND state = 'queued' AND again_from = '' AND parameters_key = %(key)s),
        (SELECT id FROM pipelines_app_run
         WHERE pipeline_id = %(pipeline)s AND environment_id = %(environment)s AND period = %(period)s
         AND state = 'running'),
        EXISTS (SELECT 1 FROM pipelines_app_run
         WHERE pipeline_id = %(pipeline)s AND environment_id = %(environment)s AND state = 'queued'),
        (SELECT count(*) FROM pipelines_app_run
         WHERE pipeline_id = %(pipeline)s AND environment_id = %(environment)s AND state = 'running'),
        (SELECT max_runs FROM pipelines_app_environment WHERE id = %(environment)s)
"""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A pipeline's live runs: those of one period, whether any waits, how many run.

    `waiting` is the one of the period and of the same parameters.
    """

    waiting: int | None
    running_for_period: int | None
    any_waits: bool
    running: int
    environment_max: int | None


def standing(pipeline: Pipeline, environment: Environment, *, period: str = "", key: str = "") -> Standing:
    """How the pipeline stands, in one statement; `key` tells the parameters of a run that would be queued."""
    asked: dict[str, int | str] = {"pipeline": pipeline.pk, "environment": environment.pk, "period": period, "key": key}
    with prepared.cursor() as cursor:
        cursor.execute(STANDING, asked)
        waiting, same, any_waits, running, most = cursor.fetchone()
    return Standing(
        waiting=waiting, running_for_period=same, any_waits=bool(any_waits), running=running, environment_max=most
    )


def has_room(pipeline: Pipeline, environment: Environment, now: Standing) -> bool:
    """Whether one more run of the pipeline may start. Holds what is limited, so that two cannot take the last place.

    Always in one order: the pipeline, then the environment, then its team.
    """
    if pipeline.paused_at or now.running >= at_once(pipeline):
        return False
    return (now.environment_max is None or _environment_has_room(environment)) and _team_has_room(pipeline.team)


def any_shared_place(pipeline: Pipeline, environment: Environment, now: Standing) -> bool:
    """Whether anything is left of what the pipeline shares with others, once it is held."""
    if now.environment_max is not None:
        return _environment_has_room(environment)
    return _team_has_room(pipeline.team)


def obstacle(pipeline: Pipeline, environment: Environment) -> str:
    """Why a queued run of the pipeline has not started, in words; it may have just got its place."""
    if pipeline.paused_at:
        return "the pipeline is paused"
    team, running = pipeline.team, Run.objects.filter(state=RunState.RUNNING)
    most = Environment.objects.values_list("max_runs", flat=True).get(pk=environment.pk)
    if most is not None and running.filter(environment=environment).count() >= most:
        return f"for a place: {environment} has {most:,} run{'' if most == 1 else 's'} at work, as many as it may"
    if team.max_runs is not None and running.filter(pipeline__team=team).count() >= team.max_runs:
        number = f"{team.max_runs:,} run{'' if team.max_runs == 1 else 's'}"
        return f"for a place: the team {team} has {number} at work, as many as it may"
    return "others run before it"


def at_once(pipeline: Pipeline) -> int:
    """How many runs of the pipeline may run at once, for different periods."""
    return compiled(pipeline.current_id).definition.concurrency if pipeline.current_id is not None else 0


def are_shared(pipeline: Pipeline, now: Standing) -> bool:
    """Whether the pipeline shares its places with others, so that the end of one run may let one of another start."""
    return pipeline.team.max_runs is not None or now.environment_max is not None


def hold_shared(pipeline: Pipeline, environment: Environment, now: Standing) -> None:
    """Hold what the pipeline shares with others: who asks for a place meanwhile waits, and then sees what was taken."""
    if now.environment_max is not None:
        locks.hold(Environment.objects.filter(pk=environment.pk))
    if pipeline.team.max_runs is not None:
        locks.hold(Team.objects.filter(pk=pipeline.team_id))


def waiting(environment: Environment) -> "QuerySet[Pipeline]":
    """Pipelines with runs that wait: the most urgent first, then of the team that has least running, then by chance."""
    of_pipeline = Run.objects.filter(pipeline=OuterRef("pk"), environment=environment)
    of_team = Run.objects.filter(pipeline__team=OuterRef("team"), environment=environment, state=RunState.RUNNING)
    queued = of_pipeline.filter(state=RunState.QUEUED).order_by("-priority", "id")
    running = of_pipeline.filter(state=RunState.RUNNING).order_by()
    return (
        Pipeline.objects.filter(paused_at=None)
        .annotate(urgency=Subquery(queued.values("priority")[:1]))
        .filter(urgency__isnull=False)
        .annotate(running=Coalesce(Subquery(running.values("pipeline").annotate(n=Count("pk")).values("n")), 0))
        .annotate(
            of_team=Coalesce(
                Subquery(of_team.order_by().values("pipeline__team").annotate(n=Count("pk")).values("n")), 0
            )
        )
        .order_by("-urgency", "of_team", "?")
    )


def _team_has_room(team: Team) -> bool:
    if team.max_runs is None:
        return True
    most = locks.held(Team.objects.filter(pk=team.pk)).get().max_runs
    running = Run.objects.filter(pipeline__team=team, state=RunState.RUNNING)
    return most is None or running.count() < most


def _environment_has_room(environment: Environment) -> bool:
    most = locks.held(Environment.objects.filter(pk=environment.pk)).get().max_runs
    running = Run.objects.filter(environment=environment, state=RunState.RUNNING)
    return most is None or running.count() < most


def longing(environment: Environment, most: int = 100) -> list[tuple[Pipeline, int]]:
    """Pipelines with runs that wait, and how many they have running; whether that is all they may, each is asked."""
    running = dict(waiting(environment).values_list("pk", "running")[:most])  # type: ignore[misc]  # as annotated
    found = Pipeline.objects.in_bulk(running)
    return [(found[pk], count) for pk, count in running.items()]
