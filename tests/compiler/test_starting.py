"""When a pipeline starts, as its document says it: read, refused where it contradicts itself, written back."""

from datetime import UTC, datetime, time

import pytest

from pipelines_app.compiler import documents, starting
from pipelines_app.compiler.compile import compile_definition
from pipelines_app.compiler.compiled import Known
from pipelines_app.compiler.definition import Column, PeriodKind, Start, StartWhen, Then
from pipelines_app.errors import DefinitionInvalid

A, K = "SELECT a.k FROM raw.a AS a", (Column(name="k", type="INTEGER"),)
BOTH = f"{A} JOIN raw.b AS b ON a.k = b.k"
KNOWN = {name: Known(columns=K, period=PeriodKind.DAY) for name in ("raw.a", "raw.b")}
NEW_YORK = "America/New_York"
TIMES = {"not_before": "06:00", "at_latest": "09:00", "timezone": NEW_YORK}


def document(start, sql=BOTH, **materialise):
    step = {"dataset": "mart.x", "sql": sql, "materialise": {"kind": "incremental", "by": "period"} | materialise}
    return {"pipeline": "p", "team": "t", "steps": [step], "start": start}


def compiled(start, **more):
    return compile_definition(documents.parse(document(start, **more)), KNOWN)


@pytest.mark.parametrize(
    ("start", "meant"),
    [
        ("any", Start()),
        ("all", Start(when=StartWhen.ALL)),
        ({"when": "all"}, Start(when=StartWhen.ALL)),
        (
            {"when": {"at_least": 2}, "inputs": ["raw.a", "raw.b"]},
            Start(when=StartWhen.AT_LEAST, least=2, inputs=("raw.a", "raw.b")),
        ),
        (
            {"when": "all", **TIMES, "then": "partial"},
            Start(when=StartWhen.ALL, not_before=time(6), at_latest=time(9), then=Then.PARTIAL, timezone=NEW_YORK),
        ),
        (
            {"when": "all", "at_latest": "09:00:30", "then": "skip", "days_after": 2, "timezone": "UTC"},
            Start(when=StartWhen.ALL, at_latest=time(9, 0, 30), then=Then.SKIP, days_after=2, timezone="UTC"),
        ),
    ],
)
def test_a_policy_is_read_as_it_is_meant_and_comes_back_unchanged(start, meant):
    definition = documents.parse(document(start))
    assert definition.start == meant
    again = documents.from_yaml(documents.to_yaml(documents.dump(definition)))
    assert documents.parse(again) == definition


@pytest.mark.parametrize(
    ("start", "path", "said"),
    [
        ({"when": "all", **TIMES, "not_before": "09:30"}, "start.not_before", "09:30 is after at_latest, 09:00"),
        ({"when": "all", "then": "skip"}, "start.then", "there is no at_latest"),
        ({"when": "any", "at_latest": "09:00", "timezone": "UTC"}, "start.at_latest", "nothing to wait for"),
        ({"when": "all", "not_before": "06:00"}, "start.timezone", "timezone is missing"),
        ({"when": "all", "timezone": "UTC"}, "start.timezone", "neither is there"),
        ({"when": "all", "days_after": 2}, "start.days_after", "neither is there"),
        ({"when": "all", "not_before": "6", "timezone": "UTC"}, "start.not_before", "a time of day such as 06:00"),
        ({"when": "all", "not_before": "06:00", "timezone": "Mars"}, "start.timezone", "not a time zone"),
        ({"when": {"at_least": 0}}, "start.when.at_least", "at least 1"),
        ({"when": "al"}, "start.when", "not one of any, all"),
        ({"when": 3}, "start.when", "not a number"),
        ({"when": "all", "inputs": ["raw.a", "raw.a"]}, "start.inputs", "named twice"),
        ({"when": "all", "inputs": []}, "start.inputs", "is empty"),
        ({"whem": "all"}, "start.whem", "did you mean when?"),
        ("some", "start", "not one of any, all"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused_with_the_reason(start, path, said):
    with pytest.raises(DefinitionInvalid) as refused:
        documents.parse(document(start))
    found = {problem.path: problem.message for problem in refused.value.problems}
    assert said in found[path]


@pytest.mark.parametrize(
    ("start", "path", "said"),
    [
        ({"when": {"at_least": 3}}, "start.when.at_least", "3 inputs are asked for, but it waits for 2"),
        ({"when": {"at_least": 2}, "inputs": ["raw.a"]}, "start.when.at_least", "asked for, but it waits for 1 input"),
        ({"when": "all", "inputs": ["raw.c"]}, "start.inputs", "raw.c is not read by this pipeline"),
        ({"when": "all", "inputs": ["mart.x"]}, "start.inputs", "not read by this pipeline"),
    ],
)
def test_a_policy_about_inputs_that_are_not_there_is_refused(start, path, said):
    with pytest.raises(DefinitionInvalid) as refused:
        compiled(start)
    assert [(problem.path, said in problem.message) for problem in refused.value.problems] == [(path, True)]


@pytest.mark.parametrize(
    ("start", "sql", "by", "holds"),
    [
        ("any", BOTH, "period", False),
        ("all", A, "period", False),
        ("all", BOTH, "period", True),
        ({"when": {"at_least": 1}}, BOTH, "period", False),
        ({"when": "any", "not_before": "06:00", "timezone": "UTC"}, A, "period", True),
        ("all", A, "month", True),
        ("any", A, "month", False),
    ],
)
def test_only_a_policy_that_can_wait_holds_anything_back(start, sql, by, holds):
    recipe = compiled(start, sql=sql, by=by)
    assert starting.holds_back(recipe) is holds
    assert bool(starting.sentence(recipe)) is holds


def test_a_step_by_month_is_made_from_days_and_never_from_something_longer():
    assert compiled("all", sql=A, by="month").steps[0].period is PeriodKind.MONTH
    known = {"raw.a": Known(columns=K, period=PeriodKind.MONTH)}
    longer = documents.parse(document("all", sql=A, by="day"))
    with pytest.raises(DefinitionInvalid, match="a step by day cannot be made from what comes by month"):
        compile_definition(longer, known)
    mixed = KNOWN | {"raw.b": Known(columns=K, period=PeriodKind.HOUR)}
    assert compile_definition(documents.parse(document("all", by="day")), mixed).steps[0].period is PeriodKind.DAY


@pytest.mark.parametrize(
    ("kind", "period", "not_before", "at_latest"),
    [
        (PeriodKind.DAY, "2024-03-08", "2024-03-09T11:00", "2024-03-09T14:00"),
        (PeriodKind.DAY, "2024-03-09", "2024-03-10T10:00", "2024-03-10T13:00"),  # the clocks have gone forward
        (PeriodKind.MONTH, "2024-02", "2024-03-01T11:00", "2024-03-01T14:00"),
        (PeriodKind.HOUR, "2024-03-08T23", "2024-03-09T11:00", "2024-03-09T14:00"),
        (PeriodKind.NONE, "", "2024-03-08T11:00", "2024-03-09T14:00"),
    ],
)
def test_the_moments_of_a_policy_are_wall_times_of_its_zone(kind, period, not_before, at_latest):
    start = documents.parse(document({"when": "all", **TIMES})).start
    since = datetime(2024, 3, 8, 18, tzinfo=UTC)
    found = starting.moments(start, kind, period, since=since)
    assert [f"{moment:%Y-%m-%dT%H:%M}" for moment in (found.not_before, found.at_latest)] == [not_before, at_latest]
