"""A step with SQL of its own for another engine: the same columns, other queries, recipes and lineage there."""

import pytest

from pipelines_app.compiler import changing, codec, compile, documents, elsewhere, rebinding
from pipelines_app.compiler.changing import ChangeKind
from pipelines_app.compiler.definition import Column
from pipelines_app.compiler.portable import doors
from pipelines_app.errors import DefinitionInvalid

CODES = "SELECT shop, TRY_CAST(code AS BIGINT) AS n FROM raw.sales"
PLAIN = {
    "pipeline": "totals",
    "team": "shops",
    "parameters": {"least": {"type": "integer", "default": 3}},
    "sources": {
        "raw.sales": {"format": "csv", "columns": {"shop": "VARCHAR", "amount": "BIGINT", "code": "VARCHAR"}},
        "raw.shops": {"format": "csv", "columns": {"shop": "VARCHAR"}},
    },
    "steps": [
        {"dataset": "staging.sales", "sql": f"{CODES} WHERE amount > $least"},
        {"dataset": "mart.totals", "sql": "SELECT shop, max(n) AS n FROM staging.sales GROUP BY shop"},
    ],
}
AMOUNTS = "SELECT shop, amount AS n FROM raw.sales WHERE amount > $least"
TYPES = {"shop": "VARCHAR", "n": "BIGINT", "m": "BIGINT"}


def written(engines):
    first, *others = PLAIN["steps"]
    return PLAIN | {"steps": [first | {"engines": engines}, *others]}


def compiled(sql=AMOUNTS):
    definition = documents.parse(written({"postgres": {"sql": sql}}) if sql else PLAIN)
    return compile.with_types(compile.compile_definition(definition, {}), explain)


def explain(statement, inputs):
    """What the engine says of these few columns."""
    kinds = {one.alias: "DOUBLE" if "DOUBLE" in one.sql() else TYPES[one.alias] for one in statement.selects}
    return tuple(Column(name=name, type=kind) for name, kind in kinds.items())


def test_on_the_engine_that_it_is_written_for_a_step_has_its_query_its_lineage_and_its_recipe():
    usual = compiled()
    there = elsewhere.on(usual, "postgres")
    step, other = usual.steps[2], there.steps[2]
    assert (step.dataset, step.columns, step.inputs) == (other.dataset, other.columns, other.inputs)
    assert "code" in step.sql
    assert "code" not in other.sql
    assert step.recipe != other.recipe
    sources = [{edge.from_column for edge in one.edges if edge.column == "n"} for one in (step, other)]
    assert sources == [{"code"}, {"amount"}]
    assert there.steps[3] == usual.steps[3]
    assert elsewhere.on(usual, "duckdb") is usual


def test_sql_for_another_engine_changes_nothing_that_is_made_here():
    before, after = compiled(""), compiled()
    assert [step.recipe for step in before.steps] == [step.recipe for step in after.steps]
    changed = {one.dataset: one for one in changing.changes(before, after)}["staging.sales"]
    assert (changed.kind, changed.why) == (ChangeKind.METADATA, "engines")
    there = changing.changes(elsewhere.on(before, "postgres"), elsewhere.on(after, "postgres"))
    assert {one.dataset: one.kind for one in there}["staging.sales"] is ChangeKind.COLUMNS


def test_values_of_parameters_go_into_the_query_of_every_engine():
    other = elsewhere.on(rebinding.compiled_with(compiled(), {"least": 7}), "postgres")
    assert "7" in other.steps[2].sql


def test_it_is_stored_and_written_back_as_it_was():
    usual = compiled()
    assert codec.from_json(codec.to_json(usual)) == usual
    dumped = documents.dump(usual.definition)
    assert documents.parse(dumped) == usual.definition
    assert dumped["steps"][0]["engines"] == {"postgres": {"sql": AMOUNTS}}


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT shop FROM raw.sales", "it gives the columns shop, and the step shop, n"),
        ("SELECT shop, amount AS m FROM raw.sales", "it gives the columns shop, m, and the step shop, n"),
        ("SELECT shop, CAST(amount AS DOUBLE) AS n FROM raw.sales", "gives n as DOUBLE, and the step as BIGINT: cast"),
        ("SELECT shop, 1 AS n FROM raw.shops", "it reads raw.shops, which the step's own SQL does not read"),
        ("SELECT shop, missing AS n FROM raw.sales", "there is no column missing"),
        ("SELECT shop FROM", "Expected table name"),
        ("SELECT shop, $most AS n FROM raw.sales", "there is no parameter $most"),
        ("SELECT * FROM read_csv('/etc/passwd')", "cannot stand for a table"),
        ("DROP TABLE raw.sales", "only a query"),
    ],
)
def test_what_is_no_other_way_to_make_the_same_is_refused_with_its_place(sql, said):
    with pytest.raises(DefinitionInvalid) as refused:
        elsewhere.refuse(compiled(sql), explain)
    assert {problem.path for problem in refused.value.problems} == {"steps[0].engines.postgres.sql"}
    assert said in refused.value.problems[0].message


@pytest.mark.parametrize(
    ("engines", "path"),
    [
        ({"oracle": {"sql": "SELECT 1"}}, "steps[0].engines.oracle"),
        ({"postgres": {"text": "SELECT 1"}}, "steps[0].engines.postgres.text"),
        ({"postgres": {}}, "steps[0].engines.postgres.sql"),
        ({"postgres": "SELECT 1"}, "steps[0].engines.postgres"),
        ([], "steps[0].engines"),
    ],
)
def test_what_is_written_otherwise_is_refused_with_its_place(engines, path):
    with pytest.raises(DefinitionInvalid) as refused:
        documents.parse(written(engines))
    assert path in {problem.path for problem in refused.value.problems}


def test_what_is_not_portable_is_told_with_the_way_out_and_only_of_the_text_that_runs_there():
    assert doors.problems(compiled()) == []
    [found] = doors.problems(compiled(CODES))
    assert found.path == "steps[0].engines.postgres.sql"
    assert "engines:" not in found.message
    [found] = doors.problems(compiled(""))
    assert found.path == "steps[0].sql"
    assert found.message.endswith("under `engines: {postgres: {sql: ...}}`")
