"""Every kind of the catalogue on a real database: what it measures, whether it holds, its words, the rows at fault."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from pipelines_app.compiler import check_kinds, check_past, checks, statements
from pipelines_app.compiler.checks import Past
from pipelines_app.compiler.definition import Column, PeriodKind
from pipelines_app.errors import DefinitionInvalid

COLUMNS = (
    Column(name="id", type="INTEGER"),
    Column(name="carrier", type="VARCHAR"),
    Column(name="delay", type="DOUBLE"),
    Column(name="taxi", type="DOUBLE"),
    Column(name="at", type="TIMESTAMP"),
)
AS_OF = datetime(2013, 1, 3, 6, tzinfo=UTC)
BEFORE = check_past.name_before("mart.flights")
PAST = Past(kind=PeriodKind.DAY, period="2013-01-02", before=BEFORE, content="a", contents=frozenset({"b"}))


@dataclass
class Answer:
    columns: tuple
    rows: tuple


@pytest.fixture(scope="module")
def database():
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA mart; CREATE SCHEMA core; CREATE SCHEMA before")
    connection.execute("CREATE TABLE core.counts AS SELECT * FROM (VALUES (1, 10.0), (2, 20.0), (3, 6.0)) AS v(id, n)")
    connection.execute(
        """
        CREATE TABLE mart.flights AS SELECT * FROM (VALUES
          (1, 'UA', 0.0, 0.0, TIMESTAMP '2013-01-02 00:10'),
          (2, 'UA', -9.0, -9.0, TIMESTAMP '2013-01-02 06:00'),
          (3, 'ua', 40.0, 41.0, TIMESTAMP '2013-01-02 06:30'),
          (4, ' ', NULL, 1.0, TIMESTAMP '2013-01-02 23:59'),
          (5, 'B6', 5.0, NULL, TIMESTAMP '2013-01-03 01:00'),
          (5, 'B6', 5.0, NULL, TIMESTAMP '2013-01-03 01:00')
        ) AS v(id, carrier, delay, taxi, "at")
        """
    )
    connection.execute(
        """
        CREATE TABLE before.mart_flights AS SELECT * FROM (VALUES
          (1, 'UA', 0.0, 0.0, TIMESTAMP '2013-01-01 00:10'),
          (2, 'UA', 1.0, 1.0, TIMESTAMP '2013-01-01 06:00'),
          (3, 'DL', 2.0, 2.0, TIMESTAMP '2013-01-01 07:00'),
          (4, 'DL', 3.0, 3.0, TIMESTAMP '2013-01-01 08:00')
        ) AS v(id, carrier, delay, taxi, "at")
        """
    )
    yield connection
    connection.close()


def run(database, query):
    found = database.execute(statements.text(query))
    columns = tuple(Column(name=column[0], type="") for column in found.description)
    return Answer(columns=columns, rows=tuple(found.fetchall()))


def judged(database, entry, past=PAST):
    (spec,) = checks.parse(entry, "checks[0]", COLUMNS)
    measures = checks.measure([spec], "mart.flights", COLUMNS, AS_OF, past)
    (judgement,) = checks.judge_all(measures, [run(database, query) for query in measures.statements])
    return judgement


# The entry, whether it holds, what was measured, its sentence, a part of what is said of it, how many rows are shown.
TABLE = [
    ({"duplicate_rows_below": 0.2}, True, 1 / 6, "the share of rows that are there twice is at most 0.2", "", 1),
    ({"duplicate_rows_below": {"max": 0.1}}, False, 1 / 6, "is at most 0.1", "is 0.1667, must be at most 0.1", 1),
    ({"not_same_as_previous": {}}, True, None, "the content is not that of the version before", "", None),
    (
        {"row_count_equals": {"dataset": "core.counts", "factor": 2}},
        True,
        6,
        "as many rows as in core.counts, times 2",
        "",
        None,
    ),
    ({"row_count_equals": {"dataset": "core.counts"}}, False, 6, "core.counts", "and 3 were to be there", None),
    ({"row_count_equals": {"dataset": "core.counts", "tolerance": 3}}, True, 6, "but for 3 rows", "", None),
    ({"data_for_every": {"column": "at", "part": "hour"}}, False, 21, "rows for every hour by at", "21 missing", 10),
    ({"data_for_every": {"column": "at", "part": "hour", "tolerance": 21}}, True, 21, "every hour", "", 10),
    ({"data_for_every": {"column": "at", "part": "day"}}, True, 0, "every day", "", 0),
    ({"metric_sql": {"sql": "SELECT MAX(n) FROM core.counts", "max": 9}}, False, 20, "at most 9", "is 20, must", None),
    ({"metric_sql": {"sql": "SELECT 5 AS x", "min": 5, "name": "five"}}, True, 5, "five is at least 5", "", None),
    ({"null_rate_between": {"column": "taxi", "max": 0.1}}, False, 1 / 3, "share of empty taxi", "is 0.3333", 2),
    ({"null_rate_between": {"column": "id", "max": 0}}, True, 0, "share of empty id is at most 0", "", 0),
    ({"blank_rate_below": {"column": "carrier", "max": 0.1}}, False, 1 / 6, "share of blank carrier", "0.1667", 1),
    ({"sentinel_rate_below": {"column": "carrier", "max": 0}}, False, 1 / 6, "stands for no value", "0.1667", 1),
    ({"sentinel_rate_below": {"column": "id", "values": [5], "max": 0}}, False, 1 / 3, "stands for no", "0.3333", 2),
    ({"sentinel_rate_below": {"column": "at", "max": 0}}, True, 0, "stands for no value", "", 0),
    ({"unique_ratio_between": {"column": "id", "min": 0.9}}, False, 5 / 6, "share of different values", "0.83", None),
    ({"not_in_set": {"column": "carrier", "values": ["B6"]}}, False, 2, "carrier is none of B6", "2 of 6", 2),
    ({"new_value_rate_below": {"column": "carrier", "max": 0.5}}, False, 4 / 6, "was not there before", "0.6667", 3),
    ({"matches_pattern": {"column": "carrier", "like": "U%"}}, False, 4, "carrier is like U%", "4 of 6", 4),
    ({"parseable_as": {"column": "carrier", "as": "date"}}, False, 6, "carrier can be read as a date", "6 of 6", 6),
    ({"parseable_as": {"column": "id", "as": "integer"}}, True, 0, "id can be read as a whole number", "", 0),
    ({"parseable_as": {"column": "id", "as": "json"}}, True, 0, "id can be read as JSON", "", 0),
    (
        {"parseable_as": {"column": "at", "as": "timestamp", "format": "%Y-%m-%d %H:%M:%S"}},
        True,
        0,
        "a timestamp written %Y",
        "",
        0,
    ),
    ({"length_between": {"column": "carrier", "min": 2, "max": 2}}, False, 1, "between 2 and 2 characters", "1 of", 1),
    ({"increasing": {"column": "delay", "by": "at"}}, False, 1, "delay does not fall from row to row by at", "1 of", 1),
    ({"increasing": {"column": "id", "by": ["at", "id"]}}, True, 0, "by at, id", "", 0),
    ({"increasing": {"column": "id", "by": "at", "strictly": True}}, False, 1, "id rises from row to row", "1 of", 1),
    ({"timestamp_within_batch_window": "at"}, False, 2, "at lies within the period", "2 of 6", 2),
    (
        {"timestamp_within_batch_window": {"column": "at", "late": "2h"}},
        True,
        0,
        "within the period, or up to 2h after it",
        "",
        0,
    ),
    ({"consistent_casing": "carrier"}, False, 1, "carrier is always written in the same capitals", "1 of 6", 1),
    ({"min_between": {"column": "delay", "min": -5}}, False, -9, "the least delay is at least -5", "is -9, must", None),
    ({"max_between": {"column": "delay", "max": 40}}, True, 40, "the greatest delay is at most 40", "", None),
    ({"mean_between": {"column": "delay", "min": 8, "max": 9}}, True, 8.2, "the mean of delay is between", "", None),
    (
        {"mean_between": {"column": "delay", "max": 1, "where": "id = 3"}},
        False,
        40,
        "at most 1, where id = 3",
        "is 40",
        None,
    ),
    ({"median_between": {"column": "delay", "max": 4}}, False, 5, "the median of delay", "is 5, must", None),
    ({"quantile_between": {"column": "delay", "q": 0.9, "max": 30}}, True, 26, "the 0.9 quantile of delay", "", None),
    ({"stddev_between": {"column": "delay", "max": 1}}, False, 18.67351065, "standard deviation", "18.67", None),
    ({"sum_between": {"column": "delay", "min": 41, "max": 41}}, True, 41, "the sum of delay is between", "", None),
    ({"zero_rate": {"column": "delay", "max": 0.1}}, False, 1 / 6, "the share of zeros in delay", "0.1667", 1),
    ({"negative_rate": {"column": "delay", "max": 0.2}}, True, 1 / 6, "the share of negative delay", "", 1),
    ({"distinct_count_between": {"column": "carrier", "max": 3}}, False, 4, "number of different carrier", "4", None),
    ({"top_value_share": {"column": "carrier", "max": 0.3}}, False, 1 / 3, "most frequent carrier", "0.3333", None),
    ({"drift_below": {"column": "carrier", "max": 0.4}}, False, 0.5, "distance of carrier from", "0.5", None),
    ({"drift_below": {"column": "delay", "max": 0.4}}, False, 0.6, "distance of delay from", "is 0.6", None),
    ({"pair_compare": {"columns": ["delay", "taxi"], "operator": "<"}}, False, 2, "delay < taxi in every", "2 of", 2),
    ({"pair_equal": ["delay", "taxi"]}, False, 1, "delay and taxi are equal", "1 of 6", 1),
    ({"sum_equals": {"columns": ["delay", "taxi"], "equals": 0}}, False, 2, "delay + taxi is 0", "2 of 6", 2),
    ({"sum_equals": {"columns": ["delay"], "equals": "taxi", "margin": 1}}, True, 0, "give or take 1", "", 0),
    (
        {"aggregate_equals_other": {"column": "delay", "aggregate": "sum", "dataset": "core.counts", "to": "n"}},
        False,
        41,
        "the sum of delay is that of n in core.counts",
        "is 41, and 36 in core.counts",
        None,
    ),
    (
        {
            "aggregate_equals_other": {
                "column": "delay",
                "aggregate": "sum",
                "dataset": "core.counts",
                "to": "n",
                "tolerance": 0.2,
            }
        },
        True,
        41,
        "(but for 0.2 of them)",
        "",
        None,
    ),
    ({"dimension_anomaly": "carrier"}, False, 1, "no carrier has lost more than 0.5 of its usual", "1 values", 1),
    ({"dimension_anomaly": {"column": "carrier", "max": 1}}, True, 0, "more than 1 of", "", 0),
    ({"columns_match": {"columns": ["id", "at"], "more": True}}, True, 0, "there are the columns id, at", "", None),
    (
        {"columns_match": ["id", "carrier", "delay", "taxi", "when"]},
        False,
        2,
        "exactly",
        "perhaps when is called at now",
        None,
    ),
]


@pytest.mark.parametrize(
    ("entry", "passed", "value", "sentence", "words", "sample"),
    TABLE,
    ids=[f"{next(iter(entry))}-{place}" for place, (entry, *_) in enumerate(TABLE)],
)
def test_a_check_of_the_catalogue_is_measured_judged_and_said(database, entry, passed, value, sentence, words, sample):
    judgement = judged(database, entry)
    assert judgement.passed is passed
    assert judgement.value == (pytest.approx(value) if isinstance(value, float) else value)
    assert sentence in checks.sentence(judgement.spec)
    assert words in judgement.message
    query = checks.sample_query(judgement.spec, "mart.flights", COLUMNS, PAST)
    assert (None if query is None else len(run(database, query).rows)) == sample


@pytest.mark.parametrize("entry", [entry for entry, *_ in TABLE], ids=[str(place) for place in range(len(TABLE))])
def test_it_comes_back_from_its_document(entry):
    specs = checks.parse(entry, "checks[0]")
    assert [again for spec in specs for again in checks.parse(checks.dump(spec), "checks[0]")] == specs


def test_what_compares_with_the_time_before_holds_while_there_is_none(database):
    for entry in ({"drift_below": {"column": "delay", "max": 0}}, {"dimension_anomaly": "carrier"}):
        assert judged(database, entry, check_past.NOTHING).passed
        assert checks.sample_query(checks.parse(entry, "")[0], "mart.flights", COLUMNS) is None
    assert judged(database, {"timestamp_within_batch_window": "at"}, check_past.NOTHING).passed


def test_a_stale_file_is_known_by_its_content(database):
    same = judged(database, {"not_same_as_previous": {}}, replace(PAST, contents=frozenset({"a"})))
    assert not same.passed
    assert "that of the version before" in same.message


ANOMALIES = {
    "row_count_anomaly": ({}, 6),
    "null_rate_anomaly": ({"column": "taxi"}, 1 / 3),
    "blank_rate_anomaly": ({"column": "carrier"}, 1 / 6),
    "unique_ratio_anomaly": ({"column": "id"}, 5 / 6),
    "duplicate_rows_anomaly": ({}, 1 / 6),
    "new_value_rate_anomaly": ({"column": "carrier"}, 2 / 3),
    "metric_sql_anomaly": ({"sql": "SELECT MAX(n) FROM core.counts"}, 20),
    "min_anomaly": ({"column": "delay"}, -9),
    "max_anomaly": ({"column": "delay"}, 40),
    "mean_anomaly": ({"column": "delay"}, 8.2),
    "median_anomaly": ({"column": "delay"}, 5),
    "quantile_anomaly": ({"column": "delay", "q": 0.5}, 5),
    "stddev_anomaly": ({"column": "delay"}, 18.67351065),
    "sum_anomaly": ({"column": "delay"}, 41),
    "zero_rate_anomaly": ({"column": "delay"}, 1 / 6),
    "negative_rate_anomaly": ({"column": "delay"}, 1 / 6),
    "distinct_count_anomaly": ({"column": "carrier"}, 4),
    "top_value_share_anomaly": ({"column": "carrier"}, 1 / 3),
    "drift_anomaly": ({"column": "delay"}, 0.6),
}


@pytest.mark.parametrize("kind", sorted(ANOMALIES))
def test_a_number_is_held_against_what_it_usually_is(database, kind):
    body, value = ANOMALIES[kind]
    (spec,) = checks.parse({kind: body}, "checks[0]", COLUMNS)

    def seen(*numbers):
        return judged(database, {kind: body}, replace(PAST, numbers={spec.name: numbers}))

    assert seen().passed, "nothing is unusual while nothing is known"
    assert seen(*[value] * 5).passed
    unusual = seen(*[value + abs(value) + 1] * 9)
    assert (unusual.passed, unusual.value) == (False, pytest.approx(value))
    assert ", usually " in unusual.message
    assert checks.sentence(spec).endswith("is as usual")
    higher = {kind: {**body, "only": "higher"}}
    name = checks.parse(higher, "")[0].name
    assert judged(database, higher, replace(PAST, numbers={name: [value + abs(value) + 1] * 9})).passed


def test_every_kind_is_tried_here_or_beside_it():
    from_the_start = {
        *("not_null", "unique", "compound_unique", "in_set", "between", "matches_pattern", "row_count_between"),
        *("references", "custom_sql", "expression_is_true", "freshness_within", "columns_match", "column_type_is"),
    }
    tried = {next(iter(entry)) for entry, *_ in TABLE} | set(ANOMALIES) | from_the_start
    assert tried == set(check_kinds.KINDS)


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ({"arrival_deadline": "07:00"}, "checks[0]"),
        ({"mean_between": {"column": "delay"}}, "checks[0].mean_between.min"),
        ({"mean_between": {"column": "delay", "min": "low"}}, "checks[0].mean_between.min"),
        ({"null_rate_between": {"column": "delay", "max": 5}}, "checks[0].null_rate_between.max"),
        ({"blank_rate_below": "carrier"}, "checks[0].blank_rate_below.max"),
        ({"pair_equal": ["delay"]}, "checks[0].pair_equal.columns"),
        ({"pair_compare": {"columns": ["id", "delay"], "operator": "=>"}}, "checks[0].pair_compare.operator"),
        ({"matches_pattern": {"column": "carrier"}}, "checks[0].matches_pattern.pattern"),
        ({"quantile_between": {"column": "delay", "q": 5, "max": 1}}, "checks[0].quantile_between.q"),
        ({"data_for_every": {"column": "at", "part": "minute"}}, "checks[0].data_for_every.part"),
        ({"increasing": "at"}, "checks[0].increasing.by"),
        (
            {"timestamp_within_batch_window": {"column": "at", "late": "soon"}},
            "checks[0].timestamp_within_batch_window.late",
        ),
        ({"row_count_anomaly": {"only": "up"}}, "checks[0].row_count_anomaly.only"),
        ({"mean_between": {"column": "delay", "min": 1, "tolerance": 1}}, "checks[0].mean_between.tolerance"),
    ],
    ids=lambda given: given if isinstance(given, str) else next(iter(given)),
)
def test_what_cannot_be_is_refused_at_its_place(entry, path):
    with pytest.raises(DefinitionInvalid) as invalid:
        checks.parse(entry, "checks[0]")
    assert path in [problem.path for problem in invalid.value.problems]


@pytest.mark.parametrize(
    ("numbers", "is_known"), [([1, 2, 3, 4], False), ([5, 5, 5, 5, 5], True), (list(range(40)), True)], ids=str
)
def test_what_is_usual_is_wider_than_what_was_seen(numbers, is_known):
    usual = check_past.usual("mean_anomaly", numbers)
    assert (usual is not None) is is_known
    if usual:
        assert usual[0] < min(numbers[:28]) <= max(numbers[:28]) < usual[1]


def test_the_guide_knows_every_kind():
    guide = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "checks.md").read_text()
    assert [kind for kind in check_kinds.KINDS if f"`{kind}`" not in guide] == []
