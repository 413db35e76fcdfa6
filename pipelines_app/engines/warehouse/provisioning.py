"""What a team has in the warehouse: a login with no rights but its own, two schemas of its own, and what it may read.

Every statement may be given again. Names of roles are of the whole server, so they begin with the database's name.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines_app.engines.warehouse import faults
from pipelines_app.engines.warehouse.client import pg
from pipelines_app.engines.warehouse.session import Login
from pipelines_app.errors import EngineError

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

OLDEST = 170_000  # with a collation that compares and changes letters as DuckDB does
ONE_AT_A_TIME = 4_114_951
POWERLESS = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
CONNECTIONS = 64
DEFAULTS = {
    "ALTER ROLE {} SET search_path = {}": "pg_catalog",
    "ALTER ROLE {} SET statement_timeout = {}": "1h",
    "ALTER ROLE {} SET lock_timeout = {}": "10s",
    "ALTER ROLE {} SET idle_in_transaction_session_timeout = {}": "5min",
    "ALTER ROLE {} SET TimeZone = {}": "UTC",
}
SPILL = "50GB"


@dataclass(frozen=True, kw_only=True)
class Room:
    """The names of what a team has: one schema that all teams read, and one that only it reads."""

    database: str
    team: int

    @property
    def role(self) -> str:
        return f"{self.database[:40]}_team_{self.team}"

    @property
    def shared(self) -> str:
        return f"team_{self.team}"

    @property
    def own(self) -> str:
        return f"team_{self.team}_own"

    @property
    def people(self) -> str:
        """Who may read the views of environments: granted to people and tools by whoever runs the warehouse."""
        return f"{self.database[:40]}_people"

    @property
    def readers(self) -> str:
        return f"{self.database[:40]}_readers"


def examine(platform: Login) -> None:
    """Raise EngineError unless the warehouse answers, is new enough, and lets the platform make roles and schemas."""
    asked = """
        SELECT rolcreaterole OR rolsuper, has_database_privilege(current_database(), 'CREATE')
        FROM pg_roles WHERE rolname = current_user
    """
    try:
        with platform.connect() as connection:
            _refuse_old(connection)
            found = connection.execute(asked).fetchone()
    except pg().Error as error:
        raise faults.engine_error(error, {}) from error
    if not found or not all(found):
        raise EngineError(
            "The platform's role may not make what each team needs in the warehouse.",
            kind=EngineError.SANDBOX,
            todo="Give it CREATEROLE, and CREATE on the database.",
        )


def provision(platform: Login, team: int, password: str) -> Login:
    """Give a team its login and its schemas, or put right what it has; raises EngineError."""
    try:
        with platform.connect() as connection:
            return _provision(connection, platform, team, password)
    except pg().Error as error:
        raise faults.engine_error(error, {}) from error


def _provision(connection: "psycopg.Connection[TupleRow]", platform: Login, team: int, password: str) -> Login:
    _refuse_old(connection)
    room = Room(database=connection.info.dbname, team=team)
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
    have_role(connection, room.readers, "NOLOGIN")
    have_role(connection, room.role, f"LOGIN CONNECTION LIMIT {CONNECTIONS}")
    _set_password(connection, room, password)
    _grant(connection, room)
    for schema in (room.shared, room.own):
        _have_schema(connection, room, schema)
    _share(connection, room)
    return Login(url=platform.url, role=room.role, password=password)


def _refuse_old(connection: "psycopg.Connection[TupleRow]") -> None:
    if connection.info.server_version < OLDEST:
        raise EngineError(
            f"The warehouse is PostgreSQL {connection.info.server_version // 10_000}.",
            kind=EngineError.SANDBOX,
            todo="Use PostgreSQL 17 or newer.",
        )


def have_role(connection: "psycopg.Connection[TupleRow]", role: str, kind: str) -> None:
    """Make a role without powers, or take from it those it has got."""
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = "ALTER" if known else "CREATE"
    _run(connection, " ".join((verb, "ROLE {}", kind, POWERLESS)), role)
    # The platform drops what a team's login has made, and shows it in views.
    _run(connection, "GRANT {} TO CURRENT_USER", role)


def _set_password(connection: "psycopg.Connection[TupleRow]", room: Room, password: str) -> None:
    _set(connection, "ALTER ROLE {} PASSWORD {}", room.role, password)
    for statement, value in DEFAULTS.items():
        _set(connection, statement, room.role, value)
    if connection.info.parameter_status("is_superuser") == "on":  # nobody else may
        _set(connection, "ALTER ROLE {} SET temp_file_limit = {}", room.role, SPILL)


def _set(connection: "psycopg.Connection[TupleRow]", statement: str, name: str, value: str) -> None:
    """A statement of ours with a name and a value in it, each quoted by the driver."""
    quoted = pg().sql.SQL(statement).format(pg().sql.Identifier(name), pg().sql.Literal(value))
    connection.execute(quoted)


def _grant(connection: "psycopg.Connection[TupleRow]", room: Room) -> None:
    _run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", room.database)
    _run(connection, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    _run(connection, "GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}", room.database, room.role)
    _run(connection, "GRANT {} TO {}", room.readers, room.role)


def _have_schema(connection: "psycopg.Connection[TupleRow]", room: Room, schema: str) -> None:
    _run(connection, "CREATE SCHEMA IF NOT EXISTS {}", schema)
    _run(connection, "GRANT USAGE, CREATE ON SCHEMA {} TO {}", schema, room.role)


def _share(connection: "psycopg.Connection[TupleRow]", room: Room) -> None:
    _run(connection, "GRANT USAGE ON SCHEMA {} TO {}", room.shared, room.readers)
    _run(
        connection,
        "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} GRANT SELECT ON TABLES TO {}",
        room.role,
        room.shared,
        room.readers,
    )


def _run(connection: "psycopg.Connection[TupleRow]", statement: str, *names: str) -> None:
    """A statement of ours with names in it, each quoted by the driver."""
    quoted = pg().sql.SQL(statement).format(*(pg().sql.Identifier(name) for name in names))
    connection.execute(quoted)
