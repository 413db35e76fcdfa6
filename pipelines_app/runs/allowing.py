"""Saying how much may be at work at once: of a team, in an environment, on an engine. Audited."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count

from pipelines_app import locks, wake
from pipelines_app.access import audit
from pipelines_app.engines.registry import NAMES
from pipelines_app.environments import mapping, places
from pipelines_app.errors import NotAllowed, NotFound
from pipelines_app.models import (
    ANY_ROLE,
    EngineLimit,
    Environment,
    Role,
    Run,
    RunState,
    StepRun,
    StepState,
    Team,
    User,
)
from pipelines_app.runs import leases, limits, planning

TEAM, ENVIRONMENT, ENGINE = "team", "environment", "engine"
MOST = 32_767  # what the column holds


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How much of something may be at work at once (none: any number), how much is, and whether the asker may say."""

    of: str
    name: str
    most: int | None
    at_work: int
    waiting: int
    may_change: bool

    @property
    def noun(self) -> str:
        return "steps" if self.of == ENGINE else "runs"

    @property
    def is_full(self) -> bool:
        return self.most is not None and self.at_work >= self.most


def seen_by(user: User) -> list[Limit]:
    """The limits of the asker's teams, of the environments and of the engines; a fixed number of queries."""
    mapping.production()
    return [*_teams(user), *_environments(user), *_engines(user)]


def _teams(user: User) -> list[Limit]:
    teams = list(user.teams_with(*ANY_ROLE).order_by("name"))
    led = set(user.teams_with(Role.ADMIN).values_list("pk", flat=True))
    runs = Run.objects.live().filter(pipeline__team__in=teams).order_by()
    counts = {
        (team, state): n for team, state, n in runs.values_list("pipeline__team", "state").annotate(n=Count("pk"))
    }
    return [
        Limit(
            of=TEAM,
            name=team.name,
            most=team.max_runs,
            at_work=counts.get((team.pk, RunState.RUNNING), 0),
            waiting=counts.get((team.pk, RunState.QUEUED), 0),
            may_change=team.pk in led,
        )
        for team in teams
    ]


def _environments(user: User) -> list[Limit]:
    runs = Run.objects.live().order_by()
    counts = {(one, state): n for one, state, n in runs.values_list("environment", "state").annotate(n=Count("pk"))}
    return [
        Limit(
            of=ENVIRONMENT,
            name=one.name,
            most=one.max_runs,
            at_work=counts.get((one.pk, RunState.RUNNING), 0),
            waiting=counts.get((one.pk, RunState.QUEUED), 0),
            may_change=user.is_superuser,
        )
        for one in Environment.objects.order_by("name")
    ]


def _engines(user: User) -> list[Limit]:
    most = dict(EngineLimit.objects.values_list("engine", "max_steps"))
    steps = StepRun.objects.filter(state__in=[StepState.RUNNING, StepState.READY]).order_by()
    found = steps.values_list("run__environment__engine", "state").annotate(n=Count("pk"))
    counts = {(engine, state): n for engine, state, n in found}
    return [
        Limit(
            of=ENGINE,
            name=name,
            most=most.get(name),
            at_work=counts.get((name, StepState.RUNNING), 0),
            waiting=counts.get((name, StepState.READY), 0),
            may_change=user.is_superuser,
        )
        for name in NAMES
        if name in places.offered()
    ]


def change(user: User, *, of: str, name: str, most: int | None, actor: str) -> Limit:
    """Write a limit, or take it away, and start what now has room; raises NotFound, NotAllowed."""
    before = _own(user, of, name)
    with transaction.atomic():
        team = _WRITES[of](name, most)
        words = {"before": before.most, "after": most}
        audit.record(actor=actor, action=f"limit.{of}", subject=name, team=team, change=words)
    if of == ENGINE:
        wake.ring_for_steps(leases.ready())
    else:
        for pipeline, _ in limits.longing(mapping.production()):
            planning.start_next(pipeline)
    return _own(user, of, name)


def _own(user: User, of: str, name: str) -> Limit:
    found = next((one for one in seen_by(user) if (one.of, one.name) == (of, name)), None)
    if found is None:
        raise NotFound(f"There is no {of} {name!r} here whose limit you may see.")
    if not found.may_change:
        who = "an admin of the team" if of == TEAM else "an admin of the platform"
        raise NotAllowed(f"You may not change what the {of} {name} may do.", todo=f"Ask {who}.")
    return found


def _of_team(name: str, most: int | None) -> Team | None:
    team = locks.held(Team.objects.filter(name=name)).get()
    Team.objects.filter(pk=team.pk).update(max_runs=most)
    return team


def _of_environment(name: str, most: int | None) -> Team | None:
    Environment.objects.filter(name=name).update(max_runs=most)
    return None


def _of_engine(name: str, most: int | None) -> Team | None:
    locks.hold(Environment.objects.all(), EngineLimit.objects.filter(engine=name))
    if most is None:
        EngineLimit.objects.filter(engine=name).delete()
    else:
        limit, _ = EngineLimit.objects.update_or_create(engine=name, defaults={"max_steps": most})
        Environment.objects.filter(engine=name).update(engine_limit=limit)
    return None


_WRITES = {TEAM: _of_team, ENVIRONMENT: _of_environment, ENGINE: _of_engine}
