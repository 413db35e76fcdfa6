"""Which engine an environment's work is given to, as whom, and where it keeps what it makes."""

import secrets
import uuid
from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings
from django.db import transaction

from pipelines_app import lake, locks, vault
from pipelines_app.engines.base import Engine, Place, Relation, Table
from pipelines_app.engines.spark.engine import SparkEngine
from pipelines_app.engines.warehouse import provisioning
from pipelines_app.engines.warehouse.bridge import Bridge
from pipelines_app.engines.warehouse.engine import PostgresEngine
from pipelines_app.engines.warehouse.session import Login
from pipelines_app.errors import EngineError
from pipelines_app.models import Dataset, EngineName, Environment, Team, TeamLogin

LONGEST = 63
DIGITS = 12


def is_configured() -> bool:
    """Whether there is a warehouse at all."""
    return bool(settings.WAREHOUSE_URL)


def offered() -> list[str]:
    """The engines that an environment may have here."""
    wanted = {EngineName.POSTGRES: settings.WAREHOUSE_URL, EngineName.SPARK: settings.SPARK_URL}
    return [engine for engine in EngineName.values if wanted.get(EngineName(engine), "always")]


def engine(environment: Environment, team: int) -> Engine:
    """The engine that a team's work in an environment is given to."""
    return named(environment.engine, team)


def named(name: str, team: int) -> Engine:
    """An engine by its name, as a team comes to it."""
    if name == EngineName.POSTGRES:
        return warehouse(team)
    files = spark() if name == EngineName.SPARK else lake.engine()
    return _bridge(settings.WAREHOUSE_URL, team, name) if is_configured() else files


def spark() -> SparkEngine:
    """Spark over the lake; raises EngineError where there is none."""
    if not settings.SPARK_URL:
        raise EngineError(
            "There is no Spark.", kind=EngineError.SANDBOX, todo="Set LOOPLINE_SPARK_URL for every process."
        )
    return SparkEngine(settings.SPARK_URL, lake.engine(), between=lake.path("exports"))


def of_files(team: int) -> Engine:
    """The engine that reads files, and fetches for the time it works what is kept in the warehouse."""
    return named(EngineName.DUCKDB, team)


def reader(relations: Iterable[Relation], team: int) -> Engine:
    """The engine that can read these where they lie."""
    tables = any(isinstance(place, Table) for relation in relations for place in relation.all_files)
    return warehouse(team) if tables else lake.engine()


def warehouse(team: int) -> PostgresEngine:
    """The warehouse as a team's own login; raises EngineError where there is none."""
    if not is_configured():
        raise EngineError(
            "There is no warehouse.", kind=EngineError.SANDBOX, todo="Set LOOPLINE_WAREHOUSE_URL for every process."
        )
    return _warehouse(settings.WAREHOUSE_URL, team)


@lru_cache(maxsize=1000)
def _warehouse(url: str, team: int) -> PostgresEngine:
    return PostgresEngine(login(team), lake.engine(), between=lake.path("exports"))


@lru_cache(maxsize=1000)
def _bridge(url: str, team: int, name: str) -> Engine:
    # Asked for its login only when it has a table to fetch: most environments have none.
    files = spark() if name == EngineName.SPARK else lake.engine()
    return Bridge(files, lambda: warehouse(team), between=lake.path("exports"))


def forget() -> None:
    """Ask for the logins again."""
    _warehouse.cache_clear()
    _bridge.cache_clear()


def platform() -> Login:
    """The warehouse as the platform itself comes to it."""
    return Login(url=settings.WAREHOUSE_URL)


def login(team: int) -> Login:
    """A team's login; it is made when it is first asked for."""
    found = TeamLogin.objects.filter(team=team).first()
    if found is None:
        return provision(Team.objects.get(pk=team))
    return Login(url=settings.WAREHOUSE_URL, role=found.role, password=vault.open_sealed(found.sealed))


@transaction.atomic
def provision(team: Team, *, renew: bool = False) -> Login:
    """Give a team its login and its schemas in the warehouse, or put right what it has; a new password if asked for."""
    locks.hold(Team.objects.filter(pk=team.pk))
    found = TeamLogin.objects.filter(team=team).first()
    password = vault.open_sealed(found.sealed) if found and not renew else secrets.token_urlsafe(32)
    made = provisioning.provision(platform(), team.pk, password)
    TeamLogin.objects.update_or_create(team=team, defaults={"role": made.role, "sealed": vault.seal(password)})
    return made


def new_table(dataset: Dataset, team: int) -> Table:
    """A name that no table ever had: `mart_delays__0123456789ab`, cut before the mark where it would be too long."""
    short = dataset.name.replace(".", "_")[: LONGEST - DIGITS - 2]
    schema = f"team_{team}_own" if dataset.restricted else f"team_{team}"
    return Table(schema=schema, name=f"{short}__{uuid.uuid4().hex[:DIGITS]}")


def stored(place: Place) -> tuple[str, str]:
    """How a place is written down: its engine, and its name there."""
    if isinstance(place, Table):
        return EngineName.POSTGRES, str(place)
    return EngineName.DUCKDB, str(place.relative_to(lake.root()))
