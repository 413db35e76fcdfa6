"""How many runs may run at once: of a pipeline, of a team, in an environment. Whoever asks holds the pipeline."""

from dataclasses import dataclass

from django.db import connection

from pipelines_app.models import Environment, Pipeline, Run, RunState, Team

STANDING = """
    SELECT
        (SELECT id FROM pipelines_app_run
         WHERE pipeline_id = %(pipeline)s AND environment_id = %(environment)s AND period = %(period)s
         AND state = 'queued' AND again_from = ''),
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
    """A pipeline's live runs: those of one period, whether any waits, how many run."""

    waiting: int | None
    running_for_period: int | None
    any_waits: bool
    running: int
    environment_max: int | None


def standing(pipeline: Pipeline, environment: Environment, *, period: str = "") -> Standing:
    """How the pipeline stands, in one statement."""
    asked: dict[str, int | str] = {"pipeline": pipeline.pk, "environment": environment.pk, "period": period}
    with connection.cursor() as cursor:
        cursor.execute(STANDING, asked)
        waiting, same, any_waits, running, most = cursor.fetchone()
    return Standing(
        waiting=waiting, running_for_period=same, any_waits=bool(any_waits), running=running, environment_max=most
    )


def has_room(pipeline: Pipeline, environment: Environment, now: Standing) -> bool:
    """Whether one more run of the pipeline may start. Holds what is limited, so that two cannot take the last place.

    Always in one order: the pipeline, then its team, then the environment.
    """
    if pipeline.paused_at or pipeline.current_id is None or now.running >= 1:
        return False
    return _team_has_room(pipeline.team) and (now.environment_max is None or _environment_has_room(environment))


def _team_has_room(team: Team) -> bool:
    if team.max_runs is None:
        return True
    most = Team.objects.select_for_update(no_key=True).get(pk=team.pk).max_runs
    running = Run.objects.filter(pipeline__team=team, state=RunState.RUNNING)
    return most is None or running.count() < most


def _environment_has_room(environment: Environment) -> bool:
    most = Environment.objects.select_for_update(no_key=True).get(pk=environment.pk).max_runs
    running = Run.objects.filter(environment=environment, state=RunState.RUNNING)
    return most is None or running.count() < most
