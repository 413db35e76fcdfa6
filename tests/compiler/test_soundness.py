"""Lineage held against what DuckDB does: a source column is changed, and what changes then must be covered by an edge.

The other way round cannot be asked: an edge says that something may change, not that it does with these rows.
"""

import random
import re

import duckdb
import pytest

from bench.parts import tpch
from pipelines_app.compiler import lineage, schema, statements
from pipelines_app.compiler.definition import Column
from tests.compiler import queries_by_chance

# Other values of the same type, each row's own and not in the same order; numbers are those that other rows have.
OTHERWISE = {
    "BIGINT": "({0} * 7 + 3) % {1}",
    "DECIMAL": "{0} * -3 + 17",
    "VARCHAR": "reverse({0}) || 'x'",
    "DATE": "{0} + 211",
}


# What finds nothing in so few rows, with values that find something.
WIDER = {
    18: ("> 300", "> 250"),
    19: ("l_shipmode IN ('AIR', 'AIR REG')", "l_shipmode <> 'MAIL'"),
    20: ("n_name = 'CANADA'", "n_name <> 'CANADA'"),
}
DEFINITION = tpch.pipeline()
QUERIES = {number: step["sql"] for number, step in enumerate(DEFINITION["steps"], start=1)}
COLUMNS = {
    name: [Column(name=column, type=kind) for column, kind in source["columns"].items()]
    for name, source in DEFINITION["sources"].items()
}


@pytest.fixture(scope="module")
def house():
    """The tables of TPC-H with the data of a hundredth of scale factor 1."""
    with tpch.made(0.01, threads="1") as connection:
        connection.execute("CREATE SCHEMA raw")
        for name in COLUMNS:
            connection.execute(f"CREATE TABLE {name} AS FROM {name.removeprefix('raw.tpch_')}")
        yield connection


@pytest.fixture(scope="module")
def chance():
    """The tables of the queries made by chance."""
    with connected(queries_by_chance.TABLES, queries_by_chance.ROWS) as connection:
        yield connection


def connected(tables, rows):
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("CREATE SCHEMA raw")
    for name, columns in tables.items():
        connection.execute(f"CREATE TABLE raw.{name} ({columns})")
        connection.execute(f"INSERT INTO raw.{name} {rows[name]}")
    return connection


def columns_of(tables):
    """`raw.table` to its columns."""
    return {
        f"raw.{name}": [Column(name=one.split()[0], type=one.split()[1]) for one in re.split(r", (?=[a-z])", columns)]
        for name, columns in tables.items()
    }


def answers(connection, sql):
    """Each output column's values, whatever the order of the rows."""
    result = connection.execute(sql)
    names = [column[0] for column in result.description]
    rows = result.fetchall()
    return {name: sorted(repr(row[place]) for row in rows) for place, name in enumerate(names)}


def traced(sql, relations):
    """The edges of a query: (dataset, column, output column); an empty output column stands for all."""
    made = lineage.trace(schema.describe(statements.parse(sql), relations).tree, "mart.x", relations)
    assert not made.partial
    return {(edge.from_dataset, edge.from_column, edge.column) for edge in made.edges}


def uncovered(connection, sql, relations, edges, most=11):
    """The output columns that change with a source column of which no edge leads to them."""
    before = answers(connection, sql)
    found = []
    for dataset in sorted({name for name in relations if re.search(rf"\b{name}\b", sql)}):
        for column in relations[dataset]:
            # What bears upon every column covers whatever may happen; what is not written down does nothing.
            if (dataset, column.name, "") in edges or not re.search(rf"\b{column.name}\b", sql):
                continue
            after = answers_with(connection, sql, dataset, column, most)
            changed = [name for name in before if after[name] != before[name]]
            found += [(dataset, column.name, name) for name in changed if (dataset, column.name, name) not in edges]
    return found


def answers_with(connection, sql, dataset, column, most):
    """The answers when one column has other values, and is put back after."""
    other = OTHERWISE[column.type.partition("(")[0]].format(column.name, most)
    connection.execute("BEGIN")
    try:
        connection.execute(f"UPDATE {dataset} SET {column.name} = {other}")
        return answers(connection, sql)
    finally:
        connection.execute("ROLLBACK")


@pytest.mark.parametrize("number", QUERIES)
def test_what_changes_in_a_tpch_query_is_covered_by_an_edge(house, number):
    sql = QUERIES[number].replace("$value_share", "0.01").replace(*WIDER.get(number, ("", "")))
    assert set(next(iter(answers(house, sql).values()))) - {"None"}, "this query finds nothing, and so proves nothing"
    assert uncovered(house, sql, COLUMNS, traced(sql, COLUMNS), most=1009) == []


@pytest.mark.parametrize("seed", range(0, 120, 20))
def test_what_changes_in_queries_made_by_chance_is_covered_by_an_edge(chance, seed):
    relations = columns_of(queries_by_chance.TABLES)
    for one in range(seed, seed + 20):
        sql = queries_by_chance.query(random.Random(one))
        assert uncovered(chance, sql, relations, traced(sql, relations)) == [], sql


def test_an_edge_that_is_missing_would_be_noticed(chance):
    relations = columns_of(queries_by_chance.TABLES)
    missed = [
        uncovered(chance, queries_by_chance.query(random.Random(seed)), relations, frozenset()) for seed in range(20)
    ]
    assert sum(bool(one) for one in missed) > 15
