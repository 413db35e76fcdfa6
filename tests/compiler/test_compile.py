"""Definitions compiled and carried out: on real flights where they are at hand, and refused where they cannot be."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from pipelines_app.compiler import binding, codec, compile, documents, fingerprint, statements
from pipelines_app.compiler.compiled import Known, StepKind
from pipelines_app.compiler.definition import Column, Materialisation, PeriodKind, Step
from pipelines_app.errors import DefinitionInvalid, StatementRefused
from tests.compiler.examples import FLIGHTS_DAILY

AIRLINES = Known(
    columns=(Column(name="carrier", type="VARCHAR"), Column(name="name", type="VARCHAR")), period=PeriodKind.NONE
)
KNOWN = {"core.airlines": AIRLINES}
FLIGHTS = Known(
    columns=(
        Column(name="flight_date", type="DATE"),
        Column(name="carrier", type="VARCHAR"),
        Column(name="delay", type="DOUBLE"),
    ),
    period=PeriodKind.DAY,
)
# A few rows in the shape of the public flights data.
HEADER = (
    "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,tailnum,"
    "origin,dest,air_time,distance,hour,minute,time_hour"
)


def flights_daily():
    return compile.compile_definition(documents.parse(documents.from_yaml(FLIGHTS_DAILY)), KNOWN)


def definition(*steps, **changes):
    document = {"pipeline": "p", "team": "t", "steps": [dict(step) for step in steps]} | changes
    return documents.parse(document)


def step(dataset, sql, **rest):
    return {"dataset": dataset, "sql": sql} | rest


def problems(*steps, known=None, **changes):
    with pytest.raises(DefinitionInvalid) as invalid:
        compile.compile_definition(definition(*steps, **changes), known or {"staging.flights": FLIGHTS})
    return invalid.value.problems


@pytest.fixture
def day(tmp_path: Path) -> Path:
    path = tmp_path / "flights_2013-02-08.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER.split(","))
        for number in range(60):
            gone = number % 2 == 0
            carrier, origin = ("UA", "EWR") if number % 3 else ("B6", "JFK")
            left, flown = ([600, number, 800], [200]) if gone else (["NA"] * 3, ["NA"])
            times = [left[0], 555, left[1], left[2], 810, -10 if gone else "NA"]
            places = [carrier, number, "N1", origin, "IAH", *flown, 1400, 5, 55]
            writer.writerow([2013, 2, 8, *times, *places, "2013-02-08T10:00:00Z"])
    return path


def load(connection, compiled, path):
    source = compiled.definition.sources[0]
    columns = {column.name: column.type for column in source.columns}
    connection.execute("CREATE SCHEMA raw; CREATE SCHEMA staging; CREATE SCHEMA mart; CREATE SCHEMA core")
    read = connection.read_csv(str(path), header=True, na_values=list(source.null), columns=columns)
    connection.register("arrived", read)
    connection.execute("CREATE TABLE raw.flights AS SELECT * FROM arrived")
    connection.execute(
        "CREATE TABLE core.airlines AS SELECT * FROM (VALUES ('UA', 'United'), ('B6', 'Jet')) v(carrier, name)"
    )


def test_a_realistic_pipeline_runs_as_it_was_compiled(day):
    compiled = flights_daily()
    connection = duckdb.connect()
    load(connection, compiled, day)
    for made in compiled.steps:
        if made.kind == StepKind.LOAD:
            continue
        tree = codec.statement(made)
        if made.period != PeriodKind.NONE:
            tree = binding.bind_period(tree, made.period, "2013-02-08")
        answered = connection.execute(statements.text(tree))
        layer, _, name = made.dataset.partition(".")
        assert [column[0] for column in answered.description] == [column.name for column in made.columns]
        connection.execute(f"CREATE TABLE {layer}.{name} AS {statements.text(tree)}")
        kinds = connection.execute(
            "SELECT data_type FROM information_schema.columns WHERE table_schema = ? AND table_name = ?"
            " ORDER BY ordinal_position",
            [layer, name],
        ).fetchall()
        assert [kind for (kind,) in kinds] == [column.type for column in made.columns]
    rows = connection.execute(
        "SELECT origin, scheduled, share_cancelled FROM mart.daily_operations ORDER BY 1"
    ).fetchall()
    assert rows == [("EWR", 40, 0.5), ("JFK", 20, 0.5)]
    assert connection.execute("SELECT airline, flights FROM mart.carrier_performance").fetchall() == [("United", 20)]


def test_steps_come_in_order_with_their_periods_and_inputs():
    compiled = flights_daily()
    told = [(made.dataset, made.period, made.inputs) for made in compiled.steps]
    assert told == [
        ("raw.flights", PeriodKind.DAY, ()),
        ("staging.flights", PeriodKind.DAY, ("raw.flights",)),
        ("mart.daily_operations", PeriodKind.DAY, ("staging.flights",)),
        ("mart.carrier_performance", PeriodKind.NONE, ("core.airlines", "staging.flights")),
    ]
    assert compiled.external == KNOWN
    assert compiled.warnings == ()
    assert all(made.deterministic for made in compiled.steps)


def test_a_compiled_definition_is_stored_and_comes_back():
    compiled = flights_daily()
    assert codec.from_json(json.loads(json.dumps(codec.to_json(compiled)))) == compiled


def test_a_stored_statement_passes_the_gate_again():
    made = flights_daily().steps[1]
    with pytest.raises(StatementRefused):
        codec.statement(replace(made, sql="SELECT * FROM read_csv('/etc/passwd')"))


def test_the_order_of_writing_means_nothing():
    second = step("mart.b", "SELECT n FROM mart.a")
    first = step("mart.a", "SELECT count(*) AS n FROM staging.flights")
    compiled = compile.compile_definition(definition(second, first), {"staging.flights": FLIGHTS})
    assert [made.dataset for made in compiled.steps] == ["mart.a", "mart.b"]


def test_a_circle_is_named():
    found = problems(
        step("mart.a", "SELECT n FROM mart.c"),
        step("mart.b", "SELECT n FROM mart.a"),
        step("mart.c", "SELECT n FROM mart.b"),
    )
    assert found[0].path == "steps"
    assert found[0].message.endswith("in a circle: mart.a -> mart.b -> mart.c -> mart.a")
    assert problems(step("mart.a", "SELECT n FROM mart.a"))[0].message.endswith("mart.a -> mart.a")


@pytest.mark.parametrize(
    ("sql", "line", "column", "suggestion", "words"),
    [
        ("SELECT carier\nFROM staging.flights", 1, 8, "carrier", "no column carier"),
        ("SELECT f.delay,\n  f.carier FROM staging.flights AS f", 2, 5, "carrier", "no column carier in f"),
        ("SELECT g.delay FROM staging.flights AS f", 1, 8, "", "no table g"),
        ("SELECT carrier FROM\nstaging.fligts", 2, 9, "staging.flights", "no dataset staging.fligts"),
        ("SELECT x FROM (SELECT delay AS y FROM staging.flights) AS q", 1, 8, "", "no column x"),
        ("SELECT q.z FROM (SELECT delay AS y FROM staging.flights) AS q", 1, 10, "", "no column z in q"),
        ("SELECT delay FROM staging.flights WHERE dela > 3", 1, 41, "delay", "no column dela"),
        ("SELECT count(*) FROM staging.flights", 1, 8, "", "COUNT(*) AS name"),
        ("SELECT delay, carrier AS delay FROM staging.flights", 1, 15, "", "two columns are named delay"),
        ("SELECT f FROM staging.flights AS f", 1, 8, "", "is a table"),
        ("SELECT * FROM staging.flights AS f JOIN staging.flights AS g USING (nothing)", None, None, "", "both sides"),
        ("SELECT delay FROM staging.flights WHERE flight_date = $period", 1, 55, "", "incremental"),
    ],
)
def test_a_name_that_means_nothing_is_told_with_its_place(sql, line, column, suggestion, words):
    found = problems(step("mart.a", sql))[0]
    assert words in found.message
    assert (found.path, found.suggestion) == ("steps[0].sql", suggestion)
    if "$period" not in sql:
        assert (found.line, found.column) == (line, column)


def test_faults_in_several_steps_are_told_together_and_their_readers_are_left_alone():
    found = problems(
        step("mart.a", "SELECT nope FROM staging.flights"),
        step("mart.b", "SELECT anything FROM mart.a"),
        step("mart.c", "SELECT 1 +"),
        step("mart.d", "SELECT delay FROM staging.flights", checks=[{"not_null": "dlay"}]),
        step(
            "mart.e",
            "SELECT delay FROM staging.flights",
            checks=[{"references": {"column": "delay", "dataset": "mart.z"}}],
        ),
    )
    assert {problem.path.split(".checks")[0] for problem in found} == {
        "steps[0].sql",
        "steps[2].sql",
        "steps[3]",
        "steps[4]",
    }


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ({"expression_is_true": "dely > 1"}, "no column dely"),
        ({"custom_sql": "SELECT nope FROM mart.a"}, "no column nope"),
        ({"custom_sql": "SELECT 1 AS x FROM mart.nothing"}, "no dataset mart.nothing"),
        ({"references": {"column": "delay", "dataset": "staging.flights", "to": "dely"}}, "no column 'dely'"),
        ({"not_null": {"column": "delay", "where": "carier = 'UA'"}}, "no column carier"),
    ],
)
def test_a_check_that_names_what_is_not_there_is_refused(check, words):
    found = problems(step("mart.a", "SELECT delay, carrier FROM staging.flights", checks=[check]))
    assert words in found[0].message
    assert found[0].path.startswith("steps[0].checks")


def test_an_incremental_step_needs_inputs_of_one_period():
    made = {"kind": "incremental", "by": "period"}
    assert (
        "needs an input"
        in problems(step("mart.a", "SELECT name FROM core.airlines", materialise=made), known=KNOWN)[0].message
    )
    known = {"staging.flights": FLIGHTS, "staging.weather": replace(FLIGHTS, period=PeriodKind.HOUR)}
    sql = "SELECT f.delay FROM staging.flights AS f JOIN staging.weather AS w USING (carrier)"
    assert "day and hour" in problems(step("mart.a", sql, materialise=made), known=known)[0].message


def test_what_differs_every_time_is_flagged_and_unused_parameters_are_told():
    compiled = compile.compile_definition(
        definition(
            step("mart.a", "SELECT now() AS at, random() AS r, age(d1) AS years FROM (SELECT DATE '2013-01-01' AS d1)"),
            step("mart.b", "SELECT age(DATE '2013-01-01', DATE '2013-01-02') AS a"),
            parameters={"n": {"type": "integer", "default": 1}},
        ),
        {},
    )
    assert [made.deterministic for made in compiled.steps] == [False, True]
    assert compiled.warnings[0] == "the parameter $n is used nowhere"
    assert compiled.warnings[1].startswith("mart.a uses RANDOM(), age(), now()")


def test_an_own_dataset_hides_a_known_one_of_its_name():
    stale = {"mart.a": Known(columns=(Column(name="old", type="DATE"),), period=PeriodKind.NONE)}
    compiled = compile.compile_definition(
        definition(step("mart.a", "SELECT 1 AS new"), step("mart.b", "SELECT new FROM mart.a")), stale
    )
    assert compiled.external == {}


def test_the_recipe_changes_with_what_is_done_and_with_nothing_else():
    def recipe(sql, **rest):
        made = definition(step("mart.a", sql, **rest))
        return compile.compile_definition(made, {"staging.flights": FLIGHTS}).steps[0].recipe

    sql = "SELECT carrier, delay FROM staging.flights WHERE delay > 15"
    assert recipe(sql) == recipe("select  carrier,delay /* why */ from staging.flights where delay > 15")
    assert recipe(sql) == recipe(sql, description="other", checks=[{"not_null": "carrier"}])
    assert recipe(sql) != recipe(sql.replace("15", "16"))
    assert recipe(sql) != recipe(sql, materialise={"kind": "incremental", "by": "period"})
    key = fingerprint.run_key("r", "2013-01-01", {"a": "1", "b": "2"})
    assert key == fingerprint.run_key("r", "2013-01-01", {"b": "2", "a": "1"})
    assert key != fingerprint.run_key("r", "2013-01-01", {"a": "1", "b": "3"})


def test_the_engines_types_win():
    compiled = flights_daily()
    connection = duckdb.connect()

    def explain(tree, inputs):
        for name, columns in inputs:
            layer, _, table = name.partition(".")
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {layer}")
            told = ", ".join(f'"{column.name}" {column.type}' for column in columns)
            connection.execute(f"CREATE OR REPLACE TABLE {layer}.{table} ({told})")
        found = connection.execute(f"DESCRIBE {statements.text(tree)}").fetchall()
        return tuple(Column(name=row[0], type=row[1]) for row in found)

    typed = compile.with_types(compiled, explain)
    assert [made.columns for made in typed.steps] == [made.columns for made in compiled.steps]
    blank = [replace(made, columns=tuple(replace(one, type="") for one in made.columns)) for made in compiled.steps[1:]]
    again = compile.with_types(replace(compiled, steps=(compiled.steps[0], *blank)), explain)
    assert again.steps == typed.steps


def test_one_statement_is_checked_as_it_is_typed():
    known = {"staging.flights": FLIGHTS}
    good = compile.check_step_sql("SELECT carrier, delay * 2 AS twice FROM staging.flights", known)
    assert good.columns == (Column(name="carrier", type="VARCHAR"), Column(name="twice", type="DOUBLE"))
    assert good.inputs == ("staging.flights",)
    bad = compile.check_step_sql("SELECT carrier,\n dely FROM staging.flights", known)
    assert (bad.problems[0].line, bad.problems[0].column, bad.problems[0].suggestion) == (2, 2, "delay")
    by_day = Step(dataset="mart.days", sql="", materialise=Materialisation.INCREMENTAL)
    by_period = compile.check_step_sql(
        "SELECT delay FROM staging.flights WHERE flight_date = $period", known, kept=by_day
    )
    assert by_period.problems == ()
    assert by_period.parameters == ("period",)


def test_a_table_of_which_no_column_is_used_still_stands_in_the_lineage():
    compiled = compile.compile_definition(
        definition(step("mart.volume", "SELECT count(*) AS n FROM staging.flights")), {"staging.flights": FLIGHTS}
    )
    edge = compiled.steps[0].edges[0]
    assert (edge.from_dataset, edge.from_column, edge.column, edge.kind) == ("staging.flights", "", "", "indirect")


@pytest.mark.parametrize(
    ("value", "kind", "said"), [("x" * 60_000, "string", "longer than"), (list(range(1000)), "list[integer]", "words")]
)
def test_values_that_make_a_statement_too_long_are_told_with_their_place(value, kind, said):
    parameters = {"p": {"type": kind, "default": value, **({"max_length": 100_000} if kind == "string" else {})}}
    wanted = "carrier = $p" if kind == "string" else "delay IN ($p)"
    sql = f"SELECT delay FROM staging.flights WHERE {' OR '.join([wanted] * 6)}"
    [problem] = problems(step("mart.long", sql), parameters=parameters)
    assert problem.path == "steps[0].sql"
    assert problem.message.startswith("with the values of its parameters the statement")
    assert said in problem.message
