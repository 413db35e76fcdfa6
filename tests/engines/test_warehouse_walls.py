"""PostgreSQL's walls: the gate refuses what reaches outside, and so does the team's own role without it."""

import os
import signal
import subprocess
import sys
import time
import uuid

import psycopg
import pytest

from pipelines_app.compiler import gate, statements
from pipelines_app.compiler.portable import doors
from pipelines_app.engines.base import Limits, Relation, Table
from pipelines_app.engines.warehouse import provisioning
from pipelines_app.engines.warehouse.session import opened
from pipelines_app.errors import EngineError, StatementRefused
from tests.engines.conftest import LIMITS, columns_of, sql

KNOWN = {"raw.t": columns_of(a="INTEGER", b="VARCHAR", d="DOUBLE", day="DATE")}
HOSTILE = """
SELECT pg_read_file('/etc/passwd') AS x
SELECT pg_read_binary_file('/etc/passwd') AS x
SELECT pg_ls_dir('/') AS x
SELECT pg_stat_file('/etc/passwd') AS x
SELECT pg_sleep(3600) AS x
SELECT pg_terminate_backend(1) AS x
SELECT pg_cancel_backend(1) AS x
SELECT pg_reload_conf() AS x
SELECT pg_rotate_logfile() AS x
SELECT pg_switch_wal() AS x
SELECT pg_create_restore_point('x') AS x
SELECT pg_advisory_lock(1) AS x
SELECT pg_notify('a', 'b') AS x
SELECT pg_logical_emit_message(true, 'a', 'b') AS x
SELECT pg_export_snapshot() AS x
SELECT pg_get_viewdef('x') AS x
SELECT lo_import('/etc/passwd') AS x
SELECT lo_export(1, '/tmp/x') AS x
SELECT lo_create(0) AS x
SELECT lo_from_bytea(0, 'x') AS x
SELECT lo_unlink(1) AS x
SELECT dblink('host=127.0.0.1', 'SELECT 1') AS x
SELECT * FROM dblink('host=127.0.0.1', 'SELECT 1') AS t(x)
SELECT dblink_connect('host=127.0.0.1') AS x
SELECT query_to_xml('SELECT 1', true, true, '') AS x
SELECT table_to_xml('pg_authid', true, true, '') AS x
SELECT database_to_xml(true, true, '') AS x
SELECT cursor_to_xml('c', 1, true, true, '') AS x
SELECT ts_stat('SELECT 1') AS x
SELECT set_config('statement_timeout', '0', false) AS x
SELECT current_setting('data_directory') AS x
SELECT setval('s', 1) AS x
SELECT nextval('s') AS x
SELECT currval('s') AS x
SELECT has_table_privilege('pg_authid', 'select') AS x
SELECT inet_server_addr() AS x
SELECT version() AS x
SELECT current_user AS x
SELECT session_user AS x
SELECT current_database() AS x
SELECT txid_current() AS x
SELECT xmlparse(DOCUMENT '<x/>') AS x
SELECT * FROM pg_authid
SELECT * FROM pg_catalog.pg_shadow
SELECT * FROM information_schema.tables
SELECT * FROM pg_ls_logdir() AS t(x)
SELECT * FROM other.secrets
SELECT * FROM team_2.raw_t__0123456789ab
SELECT * FROM a.b.c
SELECT * FROM '/etc/passwd'
SELECT a FROM raw.t; DROP TABLE raw.t
SELECT a INTO x FROM raw.t
SELECT a FROM raw.t FOR UPDATE
SELECT a FROM raw.t TABLESAMPLE SYSTEM (10)
INSERT INTO raw.t VALUES (1)
UPDATE raw.t SET a = 1
DELETE FROM raw.t
MERGE INTO raw.t USING raw.t s ON t.a = s.a WHEN MATCHED THEN DELETE
TRUNCATE raw.t
CREATE TABLE x AS SELECT 1
CREATE EXTENSION dblink
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'
DROP TABLE raw.t
ALTER SYSTEM SET fsync = off
ALTER ROLE postgres SUPERUSER
GRANT ALL ON raw.t TO PUBLIC
COPY raw.t TO PROGRAM 'sh'
COPY raw.t FROM '/etc/passwd'
COPY (SELECT 1) TO '/tmp/x'
SET ROLE postgres
RESET ROLE
SET SESSION AUTHORIZATION postgres
SHOW data_directory
LISTEN x
NOTIFY x
VACUUM
CALL f()
DO 'BEGIN END'
PREPARE p AS SELECT 1
EXECUTE p
WITH x AS (INSERT INTO raw.t VALUES (1) RETURNING a) SELECT * FROM x
WITH x AS (DELETE FROM raw.t RETURNING *) SELECT * FROM x
SELECT regexp_matches(b, '(a+)+$') AS x FROM raw.t
SELECT regexp_replace(b, '(a|a)*b', '') AS x FROM raw.t
SELECT b SIMILAR TO '(a|a)*' AS x FROM raw.t
SELECT repeat('x', a) FROM generate_series(1, 1000000000) g(a)
SELECT CAST('raw.t' AS regclass) AS x
SELECT CAST(a AS oid) AS x FROM raw.t
SELECT CAST(b AS xml) AS x FROM raw.t
SELECT E'\\x' AS x FROM pg_class
SELECT (SELECT rolpassword FROM pg_authid LIMIT 1) AS x
SELECT a FROM raw.t WHERE a = (SELECT lo_creat(1))
SELECT a FROM raw.t ORDER BY pg_sleep(1)
SELECT 1 AS x FROM raw.t, LATERAL pg_sleep(1) AS s
""".strip().splitlines()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_statement_is_refused_with_a_reason_before_any_engine_sees_it(text):
    with pytest.raises(StatementRefused) as refused:
        _through_the_gate(text)
    assert len(refused.value.message) > 10


def _through_the_gate(text: str) -> None:
    tree = statements.parse(text)
    gate.admit(tree)
    doors.written(tree, KNOWN)


def test_there_are_enough_of_them():
    assert len(set(HOSTILE)) >= 60


BYPASSED = [
    ("COPY (SELECT 1) TO PROGRAM 'true'", "permission denied to COPY to or from an external program"),
    ("COPY pg_class FROM '/etc/passwd'", "permission denied"),
    ("COPY (SELECT 1) TO '/tmp/loopline-never'", "permission denied to COPY to a file"),
    ("SELECT pg_read_file('/etc/passwd')", "permission denied for function pg_read_file"),
    ("SELECT pg_ls_dir('/')", "permission denied for function pg_ls_dir"),
    ("SELECT lo_import('/etc/passwd')", "permission denied for function lo_import"),
    ("SELECT pg_reload_conf()", "permission denied for function pg_reload_conf"),
    ("SELECT * FROM pg_authid", "permission denied for table pg_authid"),
    ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'", "permission denied"),
    ("CREATE EXTENSION dblink", "permission denied|not available"),
    ("CREATE ROLE evil SUPERUSER", "permission denied to create role"),
    ("ALTER ROLE CURRENT_USER SUPERUSER", "permission denied to alter role"),
    ("SET ROLE postgres", "permission denied to set role"),
    ("SET SESSION AUTHORIZATION postgres", "permission denied"),
    ("ALTER SYSTEM SET fsync = off", "permission denied"),
    ("CREATE DATABASE evil", "permission denied to create database"),
    ("CREATE SCHEMA evil", "permission denied for database"),
    ("CREATE TABLE public.evil (a int)", "permission denied for schema public"),
    ("CREATE FUNCTION team_1.f() RETURNS int LANGUAGE c AS 'x', 'y'", "permission denied for language c"),
    ("SELECT * FROM team_2_own.secret__0123456789ab", "permission denied for schema team_2_own"),
    ("INSERT INTO team_2.open__0123456789ab VALUES (1)", "permission denied for table"),
    ("DROP TABLE team_2.open__0123456789ab", "must be owner of table"),
    ("CREATE TABLE team_2.mine (a int)", "permission denied for schema team_2"),
]


@pytest.fixture(scope="module")
def neighbour(warehouse, postgres):
    """A second team with a table that everybody reads and one that is its own."""
    login = provisioning.provision(warehouse, 2, "another-password")
    with login.connect() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS team_2.open__0123456789ab AS SELECT 1 AS a")
        connection.execute("CREATE TABLE IF NOT EXISTS team_2_own.secret__0123456789ab AS SELECT 1 AS a")
    return login


@pytest.fixture(scope="module")
def own(warehouse, neighbour):
    return provisioning.provision(warehouse, 1, "a-password")


@pytest.mark.parametrize(("text", "said"), BYPASSED, ids=[text for text, _ in BYPASSED])
def test_the_role_itself_refuses_what_would_have_passed_the_gate(own, text, said):
    with own.connect() as connection:
        connection.autocommit = True
        with pytest.raises(psycopg.Error, match=said):
            connection.execute(text)


def test_a_team_reads_what_others_show_and_a_session_runs_one_statement_at_a_time(own, neighbour):
    with own.connect() as connection:
        assert connection.execute("SELECT a FROM team_2.open__0123456789ab").fetchone() == (1,)
    with opened(own, LIMITS) as session, pytest.raises(EngineError, match="multiple commands"):
        session.run(sql_of("SELECT 1; SELECT 2"))


def sql_of(text: str):
    return statements.exp.Command(this=text)


def test_a_team_that_is_provisioned_again_keeps_what_it_has_and_no_right_more(warehouse, own):
    again = provisioning.provision(warehouse, 1, "a-password")
    assert (again.role, again.password) == (own.role, own.password)
    with warehouse.connect() as connection:
        found = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolcanlogin"
            " FROM pg_roles WHERE rolname = %s",
            [own.role],
        ).fetchone()
    assert found == (False, False, False, False, False, True)


WORKER = """
import sys
from pathlib import Path
from pipelines_app.compiler.definition import Column
from pipelines_app.engines.base import Limits, Table
from pipelines_app.engines.duckdb_engine import DuckDBEngine
from pipelines_app.engines.warehouse.engine import PostgresEngine
from pipelines_app.engines.warehouse.session import Login
from sqlglot import parse_one
url, lake, name = sys.argv[1:]
engine = PostgresEngine(Login(url=url, role="loopline_team_1", password="a-password"), DuckDBEngine(Path(lake)),
    between=Path(lake))
digits = " UNION ALL ".join(f"SELECT {n} AS d" for n in range(10))
crossed = ", ".join(f"x AS x{n}" for n in range(12))
query = parse_one(f"WITH x AS ({digits}) SELECT count(*) AS n FROM {crossed}", dialect="duckdb")
print("at work", flush=True)
engine.materialise(query, [], [Column(name="n", type="BIGINT")], Table(schema="team_1", name=name), Limits())
"""


def test_a_killed_worker_leaves_no_table_and_its_query_ends_by_itself(warehouse, own, tmp_path):
    name = f"mart_killed__{uuid.uuid4().hex[:12]}"
    arguments = [sys.executable, "-c", WORKER, warehouse.url, str(tmp_path), name]
    worker = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."})
    assert worker.stdout is not None
    assert worker.stdout.readline() == "at work\n"
    with warehouse.connect() as connection:
        connection.autocommit = True
        until(lambda: at_work(connection, name) == 1)
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        until(lambda: at_work(connection, name) == 0)
        assert connection.execute("SELECT 1 FROM pg_tables WHERE tablename = %s", [name]).fetchone() is None


def at_work(connection, name: str) -> int:
    asked = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE %s AND state = 'active' AND pid <> pg_backend_pid()"
    return connection.execute(asked, [f"INSERT INTO%{name}%"]).fetchone()[0]


def until(holds, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_table_of_a_team_can_be_read_by_its_login_only_through_what_was_pinned(postgres, neighbour):
    pinned = Relation(
        name="raw.open", columns=columns_of(a="INTEGER"), files=(Table(schema="team_2", name="open__0123456789ab"),)
    )
    assert postgres.preview(sql("SELECT a FROM raw.open"), [pinned], rows=5, limits=LIMITS).rows == ((1,),)
    hidden = Relation(
        name="raw.own",
        columns=columns_of(a="INTEGER"),
        files=(Table(schema="team_2_own", name="secret__0123456789ab"),),
    )
    with pytest.raises(EngineError, match="may not do that") as refused:
        postgres.preview(sql("SELECT a FROM raw.own"), [hidden], rows=5, limits=Limits())
    assert not refused.value.is_worth_retrying
