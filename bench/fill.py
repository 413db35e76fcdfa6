"""A long history in PostgreSQL, to be measured against: `python -m bench.fill --home FOLDER`.

The platform itself registers some pipelines and runs each once. Every row that this left behind (events, deliveries,
arrivals, runs, steps, versions, parts, results of checks) is then copied many times over, with ids, periods and moments
of its own, so that the history has the shape that the platform gives it. Slots, periods that waited and alerts that
were resolved are added to it.
"""

import argparse
import time
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import sql

from bench.figures import say
from bench.sites import EVERY_SECONDS, Place, settled, tiny, together
from scripts.production import Production

PIPELINES = 100
RUNS = 1_000_000
AT_ONCE = 500
SEED_DAY = date(2026, 1, 1)
A_YEAR = 365 * 24 * 3600
COPIED = (
    *("event", "delivery", "arrival", "run", "run_causes", "steprun", "runinput", "datasetversion", "versioninput"),
    *("part", "checkresult", "environmentrevision"),
)
ADDED = ("pipelines_app_slot", "pipelines_app_waiting", "pipelines_app_waiting_events", "monitoring_app_alert")
SOFT = {("event", "run"): "run", ("delivery", "run"): "run"}  # they point to a run without a foreign key
OWN = {
    ("datasetversion", "number"): "number + k",
    ("datasetversion", "run_key"): "md5(seed.id::text || '/' || k)",
    ("part", "path"): "path || '.' || k",
    ("part", "since"): "since + k",
    ("arrival", "sha256"): "md5(seed.id::text || '/' || k) || md5(k::text)",
    ("arrival", "path"): "path || '.' || k",
    # One run in fifty failed, one in two hundred was quarantined.
    ("run", "state"): "CASE WHEN mod(k, 50) = 7 THEN 'failed' WHEN mod(k, 200) = 9 THEN 'quarantined' ELSE state END",
}
SLOTS = """
    INSERT INTO pipelines_app_slot (dataset_id, period, expected_at, due_at, late_at, missing_at, state, late_seconds,
        next_at, risk_at, arrival_id, reason, event_id)
    SELECT dataset_id, period, received_at, received_at + interval '1 hour', received_at + interval '1 hour',
        received_at + interval '1 day', 'consumed', 0, NULL, NULL, id, '', event_id
    FROM pipelines_app_arrival WHERE id > %(arrival)s ON CONFLICT DO NOTHING
"""
WAITS = """
    INSERT INTO pipelines_app_waiting (pipeline_id, period, state, since, ended_at, needed, inputs, not_before,
        at_latest, "then", overdue, act_at, run_id, reason)
    SELECT pipeline_id, period, 'started', created_at, started_at, 1, '[]', NULL, NULL, '', false, NULL, id, ''
    FROM pipelines_app_run WHERE id > %(run)s AND id %% 3 = 0
"""
KEPT_FOR = """
    INSERT INTO pipelines_app_waiting_events (waiting_id, event_id)
    SELECT waiting.id, run.cause_id FROM pipelines_app_waiting AS waiting
    JOIN pipelines_app_run AS run ON run.id = waiting.run_id WHERE run.id > %(run)s
"""
ALERTS = """
    INSERT INTO monitoring_app_alert (rule, subject, title, what, todo, severity, state, team_id, dataset_id, pipeline,
        run, period, count, event_id, first_at, last_at, resolved_at, snoozed_until, acknowledged_by, note)
    SELECT 'run', pipeline.name, pipeline.name || ' failed', 'A step failed.', 'Run it again.', 'critical',
        CASE WHEN run.id > %(newest)s THEN 'open' ELSE 'resolved' END, pipeline.team_id, NULL, pipeline.name, run.id,
        run.period, 1, run.cause_id, run.created_at, run.created_at,
        CASE WHEN run.id > %(newest)s THEN NULL ELSE run.created_at END, NULL, '', ''
    FROM pipelines_app_run AS run JOIN pipelines_app_pipeline AS pipeline ON pipeline.id = run.pipeline_id
    WHERE run.id > %(run)s AND run.state = 'failed' ON CONFLICT DO NOTHING
"""
CURRENT = """
    UPDATE pipelines_app_current SET version_id = version_id + %(span)s WHERE version_id > %(floor)s
"""
INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)
    AND indexname NOT IN (SELECT conname FROM pg_constraint) AND indexdef NOT LIKE 'CREATE UNIQUE%%'
"""
FOREIGN = """
    SELECT conrelid::regclass::text, attname, confrelid::regclass::text FROM pg_constraint
    JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1] WHERE contype = 'f'
"""
COLUMNS = """
    SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position
"""


@dataclass(frozen=True, kw_only=True)
class Seed:
    """The rows of one table that the platform wrote: those above a floor, within a span of ids."""

    floor: int
    span: int


def main() -> None:
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument("--home", required=True, help="the folder to make the installation in")
    made.add_argument("--runs", type=int, default=RUNS, help=f"how many runs ({RUNS:,})")
    asked = made.parse_args()
    with together(asked.home) as (production, place):
        fill(production, place, asked.runs)


def fill(production: Production, place: Place, runs: int) -> dict[str, int]:
    """Give an installation a history of so many runs, unless it has one; gives the number of rows of the tables.

    Worker and beat are stopped afterwards, and stay so: what is measured on it is not to be disturbed.
    """
    with psycopg.connect(production.postgres.url, autocommit=True) as database:
        if _count(database, "run") < runs // PIPELINES * PIPELINES:
            before = _count(database, "run")
            floors = {table: _top(database, table) for table in COPIED}
            _seed(place)
            while _count(database, "run") < before + PIPELINES:  # an arrival is no run yet
                time.sleep(EVERY_SECONDS)
            settled(place, patience=900)
            stand_still(production)
            seeds = {table: Seed(floor=floor, span=_top(database, table) - floor) for table, floor in floors.items()}
            begun = time.monotonic()
            _copy_all(database, seeds, runs // PIPELINES)
            say(f"filled in {time.monotonic() - begun:.0f} s")
        stand_still(production)
        return {table: _count(database, table) for table in COPIED}


def stand_still(production: Production) -> None:
    """Stop the workers and beat."""
    for part in {"beat", "worker"} & production.parts.keys():
        production.parts.pop(part).stop()


def _seed(place: Place) -> None:
    """Pipelines of one load with a check and one query, each run once by the platform."""
    say(f"{PIPELINES} pipelines, each run once")
    for number in range(PIPELINES):
        place.client.post("/pipelines", tiny(f"past{number}", [{"not_null": "id"}]))
        body = "id,amount\n" + "".join(f"{one},{one * number / 7:.2f}\n" for one in range(20))
        file = f"past{number}_{SEED_DAY.isoformat()}.csv"
        place.client.upload(f"raw.bench_past{number}", file, body.encode(), key=file)


def _copy_all(database: psycopg.Connection, seeds: dict[str, Seed], copies: int) -> None:
    database.execute("SET session_replication_role = replica")  # no foreign key is checked: they are copies
    database.execute("SET synchronous_commit = off")
    database.execute("SET maintenance_work_mem = '1GB'")
    database.execute("ALTER SYSTEM SET max_wal_size = '8GB'")
    database.execute("ALTER SYSTEM SET autovacuum = off")
    database.execute("SELECT pg_reload_conf()")
    tables = [*map(_name, COPIED), *ADDED]
    indexes = database.execute(INDEXES, [tables]).fetchall()
    for name, _ in indexes:
        database.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    pointers = {(table, column): to for table, column, to in database.execute(FOREIGN).fetchall()}
    for table in (table for table in COPIED if seeds[table].span):
        begun = time.monotonic()
        _copy(database, table, seeds, copies, pointers)
        say(f"{table}: {_count(database, table):,} rows in {time.monotonic() - begun:.0f} s")
    _add(database, seeds, copies)
    say(f"{len(indexes)} indexes")
    for _, definition in indexes:
        database.execute(definition)
    say("vacuum")
    database.execute("ALTER SYSTEM RESET autovacuum")
    database.execute("SELECT pg_reload_conf()")
    database.execute("VACUUM (ANALYZE)")


def _copy(
    database: psycopg.Connection,
    table: str,
    seeds: dict[str, Seed],
    copies: int,
    pointers: dict[tuple[str, str], str],
) -> None:
    columns = database.execute(COLUMNS, [_name(table)]).fetchall()
    values = [_value(table, column, kind, seeds, pointers) for column, kind in columns]
    statement = sql.SQL(
        "INSERT INTO {table} ({columns}) SELECT {values} FROM generate_series(%(first)s::bigint, %(last)s) AS k,"
        " (SELECT * FROM {table} WHERE id > {floor} AND id <= {top}) AS seed ORDER BY k, seed.id"
    ).format(
        table=sql.Identifier(_name(table)),
        columns=sql.SQL(", ").join(sql.Identifier(column) for column, _ in columns),
        values=sql.SQL(", ").join(values),
        floor=seeds[table].floor,
        top=seeds[table].floor + seeds[table].span,
    )
    for first in range(1, copies + 1, AT_ONCE):
        last = min(first + AT_ONCE - 1, copies)
        database.execute(statement, {"first": first, "last": last, "copies": copies, "every": A_YEAR / copies})
    sequence = sql.SQL("SELECT setval(pg_get_serial_sequence({name}, 'id'), {top})")
    database.execute(sequence.format(name=_name(table), top=_top(database, table)))


def _value(
    table: str, column: str, kind: str, seeds: dict[str, Seed], pointers: dict[tuple[str, str], str]
) -> sql.Composable:
    """What the k-th copy has in a column."""
    this = sql.Identifier(column)
    to = SOFT.get((table, column)) or pointers.get((_name(table), column), "").removeprefix("pipelines_app_")
    if column == "id":
        return sql.SQL("id + k * {}").format(seeds[table].span)
    if to in seeds:
        seed = seeds[to]
        return sql.SQL("CASE WHEN {this} > {floor} THEN {this} + k * {span} ELSE {this} END").format(
            this=this, floor=seed.floor, span=seed.span
        )
    if own := OWN.get((table, column)):
        return sql.SQL(own)
    if column == "period":
        return sql.SQL(
            "CASE period WHEN '' THEN '' ELSE to_char(period::date + (k - %(copies)s)::int, 'YYYY-MM-DD') END"
        )
    if kind.startswith("timestamp"):
        return sql.SQL("{} - (%(copies)s - k) * %(every)s * interval '1 second'").format(this)
    return this


def _add(database: psycopg.Connection, seeds: dict[str, Seed], copies: int) -> None:
    """What every arrival filled, what some runs had waited for, and what was told of those that failed."""
    run, arrival, version = seeds["run"], seeds["arrival"], seeds["datasetversion"]
    floors = {"arrival": arrival.floor, "run": run.floor, "newest": run.floor + run.span * (copies - 50)}
    for statement in (SLOTS, WAITS, KEPT_FOR, ALERTS):
        database.execute(statement, floors)
    database.execute(CURRENT, {"span": version.span * copies, "floor": version.floor})


def _name(table: str) -> str:
    return f"pipelines_app_{table}"


def _top(database: psycopg.Connection, table: str) -> int:
    return _number(database, sql.SQL("SELECT coalesce(max(id), 0) FROM {}").format(sql.Identifier(_name(table))))


def _count(database: psycopg.Connection, table: str) -> int:
    return _number(database, sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(_name(table))))


def _number(database: psycopg.Connection, query: sql.Composed) -> int:
    found = database.execute(query).fetchone()
    assert found is not None
    return int(found[0])


if __name__ == "__main__":
    main()
