"""Column lineage by a table: a statement of some dialect in, its edges out, in the form the command line answers in.

An edge is `source.column > [target.]column KIND`, and what decides over all rows is `source.column * KIND`. Kinds are
short: I identity, T transformation, A aggregation, J join, F filter, G group by, S sort, W window, C conditional.
"""

import json
import subprocess
import sys

import pytest

from pipelines_app.compiler.edges import answer
from tests.compiler.column_cases import CASES, READS_AND_WRITES, UNTOLD

SHORT = {
    "I": "IDENTITY",
    "T": "TRANSFORMATION",
    "A": "AGGREGATION",
    "J": "JOIN",
    "F": "FILTER",
    "G": "GROUP_BY",
    "S": "SORT",
    "W": "WINDOW",
    "C": "CONDITIONAL",
}
SCHEMA = {"t": {"a": "int", "b": "int", "c": "int"}, "u": {"a": "int", "d": "int"}}


def ask(dialect, sql):
    """The answer to a statement; a plus after the dialect says that the columns of t and u are known."""
    schema = SCHEMA if dialect.endswith("+") else None
    return answer({"id": 1, "sql": sql, "sqlglot_dialect": dialect.removesuffix("+"), "schema": schema})


def shown(found):
    letters = {kind: letter for letter, kind in SHORT.items()}
    lines = {
        f"{source}.{column} > {f'{target}.' if target else ''}{name} {letters[kind]}"
        for source, column, target, name, _, kind in found["columns"]
    }
    return lines | {f"{source}.{column} * {letters[kind]}" for source, column, kind in found["dataset"]}


@pytest.mark.parametrize(("dialect", "sql", "expected"), CASES)
def test_columns_are_followed_through_every_construct(dialect, sql, expected):
    found = ask(dialect, sql)
    assert shown(found) == {line.strip() for line in expected.split(",") if line.strip()}
    assert found["error"] is None


@pytest.mark.parametrize(("dialect", "sql", "reads", "writes"), READS_AND_WRITES)
def test_what_a_script_reads_and_writes_leaves_out_what_lies_between(dialect, sql, reads, writes):
    found = ask(dialect, sql)
    assert (set(found["inputs"]), set(found["outputs"])) == (set(reads.split()), set(writes.split()))


@pytest.mark.parametrize(("dialect", "sql", "reason"), UNTOLD)
def test_what_cannot_be_told_is_said_with_its_reason(dialect, sql, reason):
    found = ask(dialect, sql)
    assert reason in found["error"]


def test_a_star_over_unknown_columns_is_one_edge_and_is_called_partial():
    found = ask("duckdb", "SELECT * FROM t")
    assert shown(found) == {"t.* > * I"}
    assert (found["error"], found["partial"]) == (None, ["the columns of t are not known: * stands for all of them"])


def test_reasons_beyond_the_third_are_counted():
    found = ask("", "SELECT a, b, c, d, e FROM x, y")
    assert found["error"].endswith("; and 2 more")
    assert len(found["partial"]) == 5


def test_names_are_filled_in_from_the_catalog_and_schema_in_use():
    record = {"id": 1, "sql": "SELECT a FROM t JOIN s.u USING (k)", "default_catalog": "c", "default_schema": "d"}
    assert answer(record)["inputs"] == ["c.d.t", "c.s.u"]


def test_the_command_line_needs_neither_django_nor_a_database():
    records = [{"id": 1, "sql": "SELECT a FROM t"}, {"id": 2, "sql": "SELECT FROM WHERE"}]
    text = "\n".join(json.dumps(record) for record in records)
    telling = "import sys; from pipelines_app.compiler import edges; edges.main(); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", telling], input=text, capture_output=True, text=True, check=True)
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["id"], first["columns"]) == (1, [["t", "a", "", "a", "DIRECT", "IDENTITY"]])
    assert second["error"]
    assert not {"django", "duckdb", "psycopg", "sqlite3"} & set(done.stderr.split())
