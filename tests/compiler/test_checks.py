"""Checks measured on a real database and judged: numbers, words and failing rows."""

from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import pytest

from pipelines_app.compiler import checks, statements
from pipelines_app.compiler.definition import Column
from pipelines_app.errors import DefinitionInvalid

COLUMNS = (
    Column(name="id", type="INTEGER"),
    Column(name="carrier", type="VARCHAR"),
    Column(name="delay", type="DOUBLE"),
    Column(name="at", type="TIMESTAMP"),
)
AS_OF = datetime(2013, 1, 3, 6, tzinfo=UTC)


@dataclass
class Answer:
    columns: tuple
    rows: tuple


@pytest.fixture
def database():
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA mart; CREATE SCHEMA core")
    connection.execute("CREATE TABLE core.airlines AS SELECT * FROM (VALUES ('UA'), ('B6')) AS v(code)")
    connection.execute(
        """
        CREATE TABLE mart.flights AS SELECT * FROM (VALUES
          (1, 'UA', 5.0, TIMESTAMP '2013-01-01 05:00'),
          (2, 'UA', -70.0, TIMESTAMP '2013-01-02 06:00'),
          (2, 'B6', NULL, TIMESTAMP '2013-01-02 06:00'),
          (3, NULL, 0.51, TIMESTAMP '2013-01-02 05:00'),
          (4, 'x', 1.0, TIMESTAMP '2013-01-02 04:00')
        ) AS v(id, carrier, delay, "at")
        """
    )
    yield connection
    connection.close()


def run(database, query):
    found = database.execute(statements.text(query))
    columns = tuple(Column(name=column[0], type="") for column in found.description)
    return Answer(columns=columns, rows=tuple(found.fetchall()))


def judged(database, *entries):
    specs = [spec for entry in entries for spec in checks.parse(entry, "checks[0]", COLUMNS)]
    measures = checks.measure(specs, "mart.flights", COLUMNS, AS_OF)
    return measures, checks.judge_all(measures, [run(database, query) for query in measures.statements])


@pytest.mark.parametrize(
    ("entry", "passed", "bad", "value", "sentence", "words", "sample"),
    [
        ({"not_null": "carrier"}, False, 1, 1, "carrier is never empty", "1 of 5 rows", 1),
        ({"not_null": "id"}, True, 0, 0, "id is never empty", "id is never empty", 0),
        (
            {"not_null": {"column": "carrier", "where": "id < 3"}},
            True,
            0,
            0,
            "carrier is never empty, where id < 3",
            "never",
            0,
        ),
        (
            {"not_null": {"column": "delay", "tolerance": 0.2}},
            True,
            1,
            1,
            "delay is never empty (but for 0.2 of them)",
            "",
            1,
        ),
        ({"unique": "id"}, False, 2, 2, "id is different in every row", "2 of 5 rows", 1),
        ({"unique": ["id", "carrier"]}, True, 0, 0, "id, carrier together are different in every row", "", 0),
        (
            {"in_set": {"column": "carrier", "values": ["UA", "B6"]}},
            False,
            1,
            1,
            "carrier is one of UA, B6",
            "1 of 5",
            1,
        ),
        (
            {"between": {"column": "delay", "min": -60}},
            False,
            1,
            -70,
            "delay is at least -60",
            "delay is -70, must be",
            1,
        ),
        (
            {"between": {"column": "delay", "min": -60, "max": 1}},
            False,
            2,
            2,
            "delay is between -60 and 1",
            "2 of 5",
            2,
        ),
        (
            {"between": {"column": "at", "min": "2013-01-02"}},
            False,
            1,
            1,
            "at is at least 2013-01-02",
            "1 of 5 rows",
            1,
        ),
        (
            {"matches_pattern": {"column": "carrier", "pattern": "[A-Z0-9]{2}"}},
            False,
            1,
            1,
            "carrier matches [A-Z0-9]{2}",
            "1 of 5",
            1,
        ),
        ({"row_count_between": {"min": 6}}, False, 0, 5, "the number of rows is at least 6", "there are 5 rows", None),
        ({"row_count_between": {"min": 5, "max": 5}}, True, 0, 5, "the number of rows is between 5 and 5", "", None),
        (
            {"references": {"column": "carrier", "dataset": "core.airlines", "to": "code"}},
            False,
            1,
            1,
            "every carrier is a code of core.airlines",
            "1 of 5",
            1,
        ),
        (
            {"custom_sql": {"sql": "SELECT * FROM mart.flights WHERE delay < 0", "name": "no early flights"}},
            False,
            1,
            1,
            "the query 'no early flights' finds no row",
            "1 rows found",
            1,
        ),
        (
            {"expression_is_true": "delay <= 0.2"},
            False,
            3,
            5.0,
            "delay <= 0.2 in every row",
            "delay is 5, must be <= 0.2 (3 of 5 rows)",
            3,
        ),
        ({"expression_is_true": "delay >= -60"}, False, 1, -70.0, "delay >= -60 in every row", "must be >= -60", 1),
        ({"expression_is_true": "id > 0 AND id < 9"}, True, 0, 0, "id > 0 AND id < 9 in every row", "", 0),
        (
            {"freshness_within": {"column": "at", "within": "24h"}},
            True,
            0,
            86400,
            "the latest at is at most 24h old",
            "",
            None,
        ),
        (
            {"freshness_within": {"column": "at", "within": "6h"}},
            False,
            0,
            86400,
            "the latest at is at most 6h old",
            "the latest at is 24.0 hours old, must be at most 6h",
            None,
        ),
        (
            {"columns_match": ["id", "carrier", "delay", "when"]},
            False,
            0,
            2,
            "the columns are exactly id, carrier, delay, when",
            "columns missing when; unexpected at",
            None,
        ),
        (
            {"columns_match": {"columns": ["at", "id", "carrier", "delay"], "ordered": True}},
            False,
            0,
            0,
            "the columns are exactly at, id, carrier, delay, in this order",
            "in another order",
            None,
        ),
        (
            {"column_type_is": {"column": "delay", "type": "float8"}},
            True,
            0,
            "DOUBLE",
            "delay is of type DOUBLE",
            "",
            None,
        ),
        (
            {"column_type_is": {"column": "id", "type": "BIGINT"}},
            False,
            0,
            "INTEGER",
            "id is of type BIGINT",
            "id is of type INTEGER, must be BIGINT",
            None,
        ),
    ],
)
def test_a_check_is_measured_judged_and_said(database, entry, passed, bad, value, sentence, words, sample):
    _, (judgement,) = judged(database, entry)
    assert (judgement.passed, judgement.bad_rows, judgement.value) == (passed, bad, value)
    assert checks.sentence(judgement.spec) == sentence
    assert words in judgement.message
    query = checks.sample_query(judgement.spec, "mart.flights", COLUMNS)
    assert (None if query is None else len(run(database, query).rows)) == sample


def test_all_checks_of_one_scan_are_one_query(database):
    entries = [
        {"not_null": ["id", "carrier", "delay"]},
        {"between": {"column": "delay", "min": -60}},
        {"in_set": {"column": "carrier", "values": ["UA"]}},
        {"row_count_between": {"min": 1}},
        {"unique": "id"},
    ]
    measures, judgements = judged(database, *entries)
    assert len(measures.statements) == 2
    assert [judgement.passed for judgement in judgements] == [True, False, False, False, False, True, False]


def test_an_empty_dataset_keeps_every_promise_about_rows(database):
    database.execute("DELETE FROM mart.flights")
    _, judgements = judged(
        database,
        {"not_null": "id"},
        {"unique": "id"},
        {"expression_is_true": "delay <= 0.2"},
        {"freshness_within": {"column": "at", "within": "1h"}},
    )
    assert [judgement.passed for judgement in judgements] == [True, True, True, False]


@pytest.mark.parametrize(
    "entry",
    [
        {"not_null": ["a", "b"]},
        {"unique": {"columns": ["a", "b"], "severity": "warn"}},
        {"in_set": {"column": "a", "values": [1, "x", True]}},
        {"between": {"column": "a", "min": 0, "max": 10, "severity": "warn", "tolerance": 5}},
        {"expression_is_true": {"expression": "a <= 0.2", "name": "few", "where": "b > 1"}},
        {"custom_sql": "SELECT 1 AS x FROM raw.t"},
        {"references": {"columns": ["a", "b"], "dataset": "raw.t", "to": ["c", "d"]}},
        {"columns_match": {"columns": ["a"], "ordered": True}},
        {"row_count_between": {"max": 5, "where": "a > 1"}},
        {"freshness_within": {"column": "a", "within": "7d"}},
    ],
    ids=lambda entry: next(iter(entry)),
)
def test_a_check_comes_back_from_its_document(entry):
    specs = checks.parse(entry, "checks[0]")
    assert [again for spec in specs for again in checks.parse(checks.dump(spec), "checks[0]")] == specs


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ("not_null", "checks[0]"),
        ({"not_null": "a", "unique": "a"}, "checks[0]"),
        ({"not_null": []}, "checks[0].not_null.column"),
        ({"not_null": 3}, "checks[0].not_null"),
        ({"between": {"column": "a", "min": 5, "max": 1}}, "checks[0].between.min"),
        ({"between": {"column": "a", "min": 5, "mx": 1}}, "checks[0].between.mx"),
        ({"in_set": {"column": "a", "values": []}}, "checks[0].in_set.values"),
        ({"freshness_within": {"column": "a", "within": "soon"}}, "checks[0].freshness_within.within"),
        ({"row_count_between": {"min": 1, "tolerance": 3}}, "checks[0].row_count_between.tolerance"),
        ({"not_null": {"column": "a", "severity": "fatal"}}, "checks[0].not_null.severity"),
        ({"references": {"column": "a", "dataset": "x.y", "to": ["b", "c"]}}, "checks[0].references.to"),
        ({"expression_is_true": "max(a) > 1"}, "checks[0].expression_is_true.expression"),
        ({"expression_is_true": "a > 1; DROP TABLE x"}, "checks[0].expression_is_true.expression"),
        ({"expression_is_true": "a > 1) FROM x --"}, "checks[0].expression_is_true.expression"),
    ],
)
def test_a_check_that_cannot_be_is_refused_at_its_place(entry, path):
    with pytest.raises(DefinitionInvalid) as invalid:
        checks.parse(entry, "checks[0]")
    assert invalid.value.problems[0].path == path
