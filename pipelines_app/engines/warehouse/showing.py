"""What people and their tools see of an environment: a schema of its name with a view of each dataset.

No run reads these: a run reads the tables that were pinned when it was planned.
"""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipelines_app.compiler.portable import types
from pipelines_app.engines.base import Relation, Table
from pipelines_app.engines.warehouse import faults, provisioning, trees
from pipelines_app.engines.warehouse.client import pg
from pipelines_app.engines.warehouse.session import Login
from pipelines_app.errors import EngineError

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

TRIES = 3
LOCK = "300ms"
BACK_OFF = 0.2
LONGEST = 63


def name_of(dataset: str) -> str:
    """A dataset's view; raises EngineError for a name that would be cut."""
    name = dataset.replace(".", "__")
    if len(name.encode()) > LONGEST:
        raise EngineError(f"{dataset} is too long a name for a view.", kind=EngineError.STATEMENT)
    return name


def show(platform: Login, environment: str, relations: Mapping[str, Relation]) -> None:
    """Have an environment's views show these datasets, all of them at one moment; raises EngineError.

    A reader who holds a view open is waited for briefly, again and again: whoever comes after him is not kept waiting.
    """
    for attempt in range(TRIES):
        try:
            with platform.connect(lock_timeout=LOCK, search_path="pg_catalog") as connection:
                _show(connection, environment, relations)
            return
        except (pg().errors.LockNotAvailable, pg().errors.DeadlockDetected) as error:
            if attempt == TRIES - 1:
                raise faults.engine_error(error, {}) from error
            time.sleep(BACK_OFF * (attempt + 1))
        except pg().Error as error:
            raise faults.engine_error(error, {}) from error


def _show(connection: "psycopg.Connection[TupleRow]", environment: str, relations: Mapping[str, Relation]) -> None:
    people = provisioning.Room(database=connection.info.dbname, team=0).people
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [provisioning.ONE_AT_A_TIME])
    provisioning.have_role(connection, people, "NOLOGIN")
    _run(connection, "CREATE SCHEMA IF NOT EXISTS {}", environment)
    _run(connection, "GRANT USAGE ON SCHEMA {} TO {}", environment, people)
    for dataset, relation in sorted(relations.items()):
        view = Table(schema=environment, name=name_of(dataset))
        _replace(connection, view, relation)
        is_open = all(isinstance(place, Table) and not place.schema.endswith("_own") for place in relation.all_files)
        verb = "GRANT SELECT ON {}.{} TO {}" if is_open else "REVOKE ALL ON {}.{} FROM {}"
        _run(connection, verb, view.schema, view.name, people)


def _replace(connection: "psycopg.Connection[TupleRow]", view: Table, relation: Relation) -> None:
    """Replace a view where its columns allow it: that keeps what hangs on it. Otherwise make it anew."""
    statement = trees.text(trees.view(view.name, relation, schema=view.schema, replace=True)).encode()
    try:
        with connection.transaction():
            connection.execute(statement)
    except pg().errors.InvalidTableDefinition:
        _run(connection, "DROP VIEW {}.{}", view.schema, view.name)
        connection.execute(statement)


def tables(platform: Login) -> Sequence[Table]:
    """Every table that the teams' logins have made and committed."""
    listed = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname ~ '^team_[0-9]+(_own)?$' ORDER BY 1, 2"
    try:
        with platform.connect() as connection:
            return [Table(schema=str(one), name=str(two)) for one, two in connection.execute(listed).fetchall()]
    except pg().Error as error:
        raise faults.engine_error(error, {}) from error


def drop(platform: Login, table: Table) -> None:
    """Drop one table; raises EngineError if something hangs on it, or somebody reads it."""
    try:
        with platform.connect(lock_timeout=LOCK) as connection:
            _run(connection, "DROP TABLE IF EXISTS {}.{}", table.schema, table.name)
    except pg().Error as error:
        raise faults.engine_error(error, {}) from error


def _run(connection: "psycopg.Connection[TupleRow]", statement: str, *names: str) -> None:
    """A statement of ours with names in it, each quoted by the driver."""
    quoted = pg().sql.SQL(statement).format(*(pg().sql.Identifier(name) for name in names))
    connection.execute(quoted)


def is_showable(relation: Relation) -> bool:
    """Whether all of a dataset lies in the warehouse, in types that it keeps."""
    kept = all(types.held(column.type) is not None for column in relation.columns)
    return kept and bool(relation.all_files) and all(isinstance(place, Table) for place in relation.all_files)
