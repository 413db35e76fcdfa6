"""SQL in an engine's own dialect: as strictly watched as all SQL, with lineage by that dialect, and what comes out."""

import pytest

from pipelines_app.compiler import (
    binding,
    codec,
    compile,
    dialect_patterns,
    dialects,
    elsewhere,
    inlining,
    lineage,
    rebinding,
    schema,
    statements,
)
from pipelines_app.compiler.definition import Column, PeriodKind
from pipelines_app.compiler.portable import doors
from pipelines_app.errors import DefinitionInvalid, StatementRefused
from tests.compiler import test_gate
from tests.compiler.test_elsewhere import compiled, documents, explain, written
from tests.engines import test_spark_walls, test_warehouse_walls

KNOWN = {
    "raw.t": tuple(
        Column(name=name, type=kind)
        for name, kind in {"a": "INTEGER", "b": "VARCHAR", "d": "DOUBLE", "day": "DATE", "j": "VARCHAR"}.items()
    )
}
# Refused in DuckDB's dialect for what it would mean otherwise; what the engine itself means by it is fine.
HARMLESS = """
SELECT unbase64(b) AS x FROM raw.t
SELECT TRY_CAST(b AS INTEGER) AS x FROM raw.t
SELECT try_divide(a, 0) AS x FROM raw.t
SELECT a FROM raw.t LATERAL VIEW explode(array(1)) e AS x
SELECT DISTINCT ON (b) a FROM raw.t
SELECT b || d AS x FROM raw.t
SELECT CAST(d AS VARCHAR) AS x FROM raw.t
SELECT left(b, -1) AS x FROM raw.t
SELECT split_part(b, '-', -1) AS x FROM raw.t
""".strip().splitlines()
HOSTILE = {
    "postgres": [*test_warehouse_walls.HOSTILE, *test_gate.HOSTILE],
    "spark": [*test_spark_walls.HOSTILE, *test_gate.HOSTILE],
}
FURTHER = {
    "postgres": """
SELECT pg_catalog.pg_read_file('/etc/passwd') AS x
SELECT public.lower(b) AS x FROM raw.t
SELECT b OPERATOR(pg_catalog.=) b AS x FROM raw.t
SELECT $$x$$::regclass AS x
WITH pg_authid AS (SELECT 1 AS x) SELECT * FROM pg_authid
SELECT * FROM (WITH pg_user AS (SELECT 1 AS x) SELECT x FROM pg_user) AS s, pg_user
SELECT * FROM pg_temp.read_0
SELECT * FROM jsonb_to_recordset('[]') AS t(x int)
SELECT * FROM json_populate_record(null, '{}')
SELECT regexp_match(b, '(a+)+$') AS x FROM raw.t
SELECT regexp_match(b, j) AS x FROM raw.t
SELECT b ~ '(a|aa)*$' AS x FROM raw.t
SELECT b ~ '(.)\\1' AS x FROM raw.t
SELECT convert_from(lo_get(1), 'utf8') AS x
SELECT clock_timestamp() AS x
SELECT b::name AS x FROM raw.t
SELECT t AS x FROM raw.t AS t
SELECT (t).b AS x FROM raw.t AS t
VALUES (pg_sleep(1))
SELECT to_hex(a) AS x FROM raw.t
""".strip().splitlines(),
    "spark": """
SELECT `reflect`('java.lang.System', 'exit') AS x
SELECT * FROM raw.t LATERAL VIEW stack(1, 2) s AS x
SELECT ${env:HOME} AS x
SELECT /*+ REPARTITION(1000000) */ java_method('a', 'b') AS x
SELECT regexp_extract(b, '(a+)+$', 1) AS x FROM raw.t
SELECT split(b, j) AS x FROM raw.t
SELECT b RLIKE '(a*)*b' AS x FROM raw.t
SELECT from_csv(b, 'x INT') AS x FROM raw.t
SELECT schema_of_json(b) AS x FROM raw.t
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) AS x FROM raw.t
SELECT spark_catalog.default.f(a) AS x FROM raw.t
SELECT session_window(day, '1 day') AS x FROM raw.t
SELECT ai_query('x', b) AS x FROM raw.t
SELECT http_get('http://x') AS x
SELECT * FROM IDENTIFIER('raw.t')
""".strip().splitlines(),
}
CASES = [
    (engine, text)
    for engine in HOSTILE
    for text in dict.fromkeys([*HOSTILE[engine], *FURTHER[engine]])
    if text not in HARMLESS and len(text) < 4_000
]


def made(text: str, dialect: str):
    """What a step in a dialect comes to, as it is compiled."""
    tree = dialects.parse(text, dialect)
    dialects.admit(tree, dialect)
    told = schema.describe(tree, KNOWN, dialect)
    dialects.admit(told.tree, dialect)
    return told


@pytest.mark.parametrize(("dialect", "text"), CASES, ids=[f"{n}-{engine}" for n, (engine, _) in enumerate(CASES)])
def test_a_hostile_statement_is_refused_with_a_reason_in_an_engines_own_dialect_as_well(dialect, text):
    with pytest.raises(StatementRefused) as refused:
        made(text, dialect)
    assert len(refused.value.message) > 10


@pytest.mark.parametrize("dialect", HOSTILE)
def test_there_are_enough_of_them(dialect):
    assert sum(engine == dialect for engine, _ in CASES) >= 60


FINE = [
    ("postgres", "SELECT regexp_replace(b, '[^0-9]', '', 'g') AS x FROM raw.t", {"x": {"b"}}),
    ("postgres", "SELECT DISTINCT ON (a) a, b FROM raw.t ORDER BY a, day DESC", {"a": {"a"}, "b": {"b"}}),
    ("postgres", "SELECT to_char(day, 'YYYY-MM') AS m, count(*) AS n FROM raw.t GROUP BY 1", {"m": {"day"}}),
    ("postgres", "SELECT j::jsonb ->> 'x' AS x, (j::jsonb #>> '{y,z}')::int AS y FROM raw.t", {"x": {"j"}, "y": {"j"}}),
    ("postgres", "SELECT a, u.v AS x FROM raw.t, unnest(string_to_array(b, ',')) AS u(v)", {"a": {"a"}, "x": {"b"}}),
    (
        "postgres",
        "SELECT t.a, m.x FROM raw.t AS t, LATERAL (SELECT max(s.d) AS x FROM raw.t AS s WHERE s.a = t.a) AS m",
        {"a": {"a"}, "x": {"d"}},
    ),
    ("postgres", "SELECT day + make_interval(days => a) AS x FROM raw.t", {"x": {"day", "a"}}),
    ("postgres", "SELECT a / 2 AS x, b || 'y' AS y FROM raw.t WHERE day > now() - INTERVAL '1 day'", {"x": {"a"}}),
    ("spark", "SELECT try_cast(b AS BIGINT) AS x, regexp_extract(b, '([0-9]+)', 1) AS y FROM raw.t", {"y": {"b"}}),
    ("spark", "SELECT a, e FROM raw.t LATERAL VIEW explode(split(b, ',')) s AS e", {"a": {"a"}, "e": {"b"}}),
    ("spark", "SELECT transform(array(a, 2), v -> v + 1) AS x FROM raw.t", {"x": {"a"}}),
    ("spark", "SELECT try_divide(a, d) AS x, max_by(b, day) AS y FROM raw.t GROUP BY a, d", {"y": {"b", "day"}}),
    ("spark", "SELECT date_format(day, 'yyyy-MM') AS x, nvl(b, 'z') AS y FROM raw.t", {"x": {"day"}, "y": {"b"}}),
]


@pytest.mark.parametrize(("dialect", "text", "sources"), FINE, ids=[f"{n}-{one[0]}" for n, one in enumerate(FINE)])
def test_what_only_the_engine_knows_passes_and_its_columns_are_followed(dialect, text, sources):
    told = made(text, dialect)
    again = dialects.parse(dialects.text(told.tree, dialect), dialect)
    dialects.admit(again, dialect)
    edges = lineage.trace(told.tree, "mart.made", KNOWN, dialect).edges
    followed = {
        name: {edge.from_column for edge in edges if edge.column == name and edge.kind == "direct"} for name in sources
    }
    assert {name: followed[name] & wanted for name, wanted in sources.items()} == sources


def test_equal_texts_of_two_dialects_are_two_queries():
    halves = "SELECT shop, CAST(amount / 2 AS BIGINT) AS n FROM raw.sales"
    usual = compiled(halves)
    native = compiled_natively(halves)
    steps = [elsewhere.on(one, "postgres").steps[2] for one in (usual, native)]
    assert steps[0].recipe != steps[1].recipe
    assert [step.dialect for step in steps] == ["duckdb", "postgres"]
    assert native.steps[2].recipe == usual.steps[2].recipe  # nothing is made anew on DuckDB


def compiled_natively(sql: str, engine: str = "postgres"):
    definition = documents.parse(written({engine: {"sql": sql, "dialect": engine}}))
    return compile.with_types(compile.compile_definition(definition, {}), explain)


def test_it_is_stored_and_written_back_as_it_was():
    usual = compiled_natively("SELECT shop, CAST(code AS BIGINT) AS n FROM raw.sales WHERE code ~ '^[0-9]+$'")
    assert codec.from_json(codec.to_json(usual)) == usual
    dumped = documents.dump(usual.definition)
    assert documents.parse(dumped) == usual.definition
    assert dumped["steps"][0]["engines"]["postgres"]["dialect"] == "postgres"
    assert doors.problems(usual) == []


def test_parameters_and_periods_stand_in_it_as_in_any_other():
    native = compiled_natively("SELECT shop, amount AS n FROM raw.sales WHERE amount > $least")
    step = elsewhere.on(rebinding.compiled_with(native, {"least": 7}), "postgres").steps[2]
    assert "> 7" in step.sql
    daily = dialects.parse("SELECT a FROM raw.t WHERE day = $period", "postgres")
    binding.type_period(daily, PeriodKind.DAY)
    again = dialects.parse(dialects.text(daily, "postgres"), "postgres")
    bound = binding.bind_period(again, PeriodKind.DAY, "2026-05-04")
    assert "day = CAST('2026-05-04' AS DATE)" in bound.sql("postgres")


def test_rows_of_a_test_stand_in_it_in_their_own_dialect_and_it_in_the_query_around_it():
    step = elsewhere.on(compiled_natively("SELECT shop, amount / 2 AS n FROM raw.sales"), "postgres").steps[2]
    rows = statements.parse("SELECT 'a' AS shop, 3 / 2 AS amount, 'x' AS code")
    whole = compile.exp.select("n").from_(inlining.over(compile.statement(step), {"raw.sales": rows}).subquery("q"))
    text = doors.written(whole, {}).sql("postgres")
    assert '"amount" / 2' in text  # as it was typed: whole numbers are divided as such
    assert "CAST(3 AS DOUBLE PRECISION) / CAST(2 AS DOUBLE PRECISION)" in text  # as DuckDB means it


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT shop FROM raw.sales", "it gives the columns shop, and the step shop, n"),
        ("SELECT shop, 1 AS n FROM raw.shops", "it reads raw.shops, which the step's own SQL does not read"),
        ("SELECT shop, missing AS n FROM raw.sales", "there is no column missing"),
        ("SELECT shop, $most AS n FROM raw.sales", "there is no parameter $most"),
        ("SELECT shop, pg_sleep(9) AS n FROM raw.sales", "the function pg_sleep is not allowed"),
        ("SELECT shop, list_sum([amount]) AS n FROM raw.sales", "there is no function list_sum here"),
    ],
)
def test_what_is_no_other_way_to_make_the_same_is_refused_with_its_place(sql, said):
    with pytest.raises(DefinitionInvalid) as refused:
        elsewhere.refuse(compiled_natively(sql), explain)
    assert {problem.path for problem in refused.value.problems} == {"steps[0].engines.postgres.sql"}
    assert said in refused.value.problems[0].message


def test_only_duckdbs_dialect_and_the_engines_own_are_known():
    with pytest.raises(DefinitionInvalid) as refused:
        documents.parse(written({"postgres": {"sql": "SELECT 1", "dialect": "spark"}}))
    [found] = refused.value.problems
    assert (found.path, found.message) == (
        "steps[0].engines.postgres.dialect",
        "'spark' is not one of duckdb, postgres",
    )


@pytest.mark.parametrize(
    ("pattern", "runs_on"),
    [
        ("^[a-z]+@[a-z]+$", False),
        ("(ab)+", False),
        ("([0-9]{4})-([0-9]{2})", False),
        ("(a|b)c", False),
        ("[(+)]*", False),
        (r"\(+", False),
        ("(a+)+", True),
        ("((a)+b)*", True),
        ("(a|aa){3}", True),
        (r"(.)\1", True),
    ],
)
def test_a_pattern_that_may_run_for_ever_is_told_from_one_that_does_not(pattern, runs_on):
    assert dialect_patterns.may_run_on(pattern) is runs_on
