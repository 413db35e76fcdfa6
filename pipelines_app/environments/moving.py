"""Saying on which engine an environment runs. Audited; only for admins of the platform."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from django.db import transaction

from pipelines_app import events, locks
from pipelines_app.access import audit
from pipelines_app.compiler import statements
from pipelines_app.compiler.portable import doors
from pipelines_app.engines.warehouse import provisioning
from pipelines_app.engines.warehouse.session import Login
from pipelines_app.environments import mapping, places
from pipelines_app.errors import DefinitionInvalid, EngineError, NotAllowed, NotFound, Problem
from pipelines_app.facts import EngineChanged
from pipelines_app.models import EngineLimit, EngineName, Environment, Part, User

MOST_TOLD = 50
Unfit = Callable[[str], Iterable[Problem]]


@dataclass(frozen=True, kw_only=True)
class Placed:
    """An environment, its engine, the engines it could have, how many parts lie elsewhere, and who may change it."""

    name: str
    engine: str
    label: str
    engines: tuple[tuple[str, str], ...]
    elsewhere: int
    may_change: bool


def seen_by(user: User) -> list[Placed]:
    """Every environment and where it runs; a fixed number of queries."""
    mapping.production()
    offered = tuple((str(value), str(label)) for value, label in EngineName.choices if value in places.offered())
    parts = Part.objects.live().order_by().values_list("environment", "engine")
    counts = {(environment, engine) for environment, engine in parts.distinct()}
    return [
        Placed(
            name=one.name,
            engine=one.engine,
            label=EngineName(one.engine).label,
            engines=offered,
            elsewhere=sum(environment == one.pk and engine != _keeps(one.engine) for environment, engine in counts),
            may_change=user.is_superuser,
        )
        for one in Environment.objects.order_by("name")
    ]


def _keeps(engine: str) -> str:
    """The engine under whose name its parts are written down: Spark's are files of the lake, as DuckDB's are."""
    return EngineName.DUCKDB if engine == EngineName.SPARK else engine


def change(user: User, *, name: str, engine: str, actor: str, unfit: Unfit | None) -> Placed:
    """Move an environment to another engine; nothing is copied: what is made from now on is made there.

    Raises NotFound, NotAllowed, EngineError if the engine is not there, and DefinitionInvalid with what `unfit` says
    that the pipelines hold against it; with None that is accepted.
    """
    environment = _own(user, name)
    if engine in doors.DOORS:
        _examine(engine)
        found = list(islice(unfit(engine), MOST_TOLD)) if unfit and engine != environment.engine else []
        if found:
            raise DefinitionInvalid(found)
    _write(environment, engine, actor)
    return next(one for one in seen_by(user) if one.name == name)


def _examine(engine: str) -> None:
    """Raise EngineError unless the engine answers as it has to."""
    if engine == EngineName.SPARK:
        places.spark().explain(statements.parse("SELECT 1 AS answer"), [])
    else:
        provisioning.examine(_platform())


def _platform() -> Login:
    if not places.is_configured():
        raise EngineError(
            "There is no warehouse.", kind=EngineError.SANDBOX, todo="Set LOOPLINE_WAREHOUSE_URL for every process."
        )
    return places.platform()


@transaction.atomic
def _write(environment: Environment, engine: str, actor: str) -> None:
    held = locks.held(Environment.objects.filter(pk=environment.pk)).get()
    if held.engine == engine:
        return
    limit = EngineLimit.objects.filter(engine=engine).first()
    Environment.objects.filter(pk=held.pk).update(engine=engine, engine_limit=limit)
    change = {"before": held.engine, "after": engine}
    audit.record(actor=actor, action="environment.engine", subject=held.name, change=change)
    events.record(EngineChanged(environment=held.name, before=held.engine, engine=engine), actor=actor)
    transaction.on_commit(mapping.forget)


def _own(user: User, name: str) -> Environment:
    mapping.production()
    found = Environment.objects.filter(name=name).first()
    if found is None:
        raise NotFound(f"There is no environment {name!r}.")
    if not user.is_superuser:
        raise NotAllowed(f"You may not change where {name} runs.", todo="Ask an admin of the platform.")
    return found
