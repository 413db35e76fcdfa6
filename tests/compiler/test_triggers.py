"""What starts a pipeline from outside, in the definition: read, written back, and refused with a reason."""

from datetime import UTC, datetime, timedelta

import pytest

from pipelines_app.compiler import clocks, documents
from pipelines_app.compiler.definition import PeriodKind, Taken, Whole
from pipelines_app.compiler.starters import CatchUp, Schedule, Stands
from pipelines_app.errors import DefinitionInvalid


def document(*, source=None, **more):
    entry = {"format": "jsonl", "columns": {"hour": "BIGINT"}, "period": "day", **(source or {})}
    return {"pipeline": "p", "team": "t", "sources": {"raw.flights": entry}, **more}


def faults(given) -> str:
    with pytest.raises(DefinitionInvalid) as refusal:
        documents.parse(given)
    return "; ".join(f"{problem.path}: {problem.message}" for problem in refusal.value.problems)


def test_everything_that_starts_a_pipeline_goes_through_yaml_and_back() -> None:
    given = document(
        source={
            "drop": {
                "url": "s3://bucket/in",
                "pattern": "flights_*.jsonl",
                "whole": "stable",
                "stable_seconds": 30,
                "taken": "remember",
                "endpoint": "https://minio.example.org:9000",
            },
            "payload": {"period": "/batch/date", "records": "/items", "name": "/file"},
        },
        schedule={"cron": "0 6 * * 1-5", "timezone": "Europe/Zurich", "catch_up": "all", "period": "current"},
        listens=[{"namespace": "postgres://warehouse", "dataset": "public.flights", "period": "/eventTime"}],
    )
    definition = documents.parse(given)
    drop = definition.sources[0].drop
    assert drop is not None
    assert (drop.whole, drop.taken) == (Whole.STABLE, Taken.REMEMBER)
    assert documents.parse(documents.from_yaml(documents.to_yaml(documents.dump(definition)))) == definition
    assert documents.dump(definition)["sources"]["raw.flights"]["drop"] == given["sources"]["raw.flights"]["drop"]
    assert documents.dump(definition)["schedule"] == given["schedule"]
    assert documents.dump(definition)["listens"] == given["listens"]


def test_what_is_usual_need_not_be_written() -> None:
    definition = documents.parse(
        document(
            source={"drop": {"url": "file:///data/in"}},
            schedule={"cron": "0 6 * * *", "timezone": "UTC"},
            listens=[{"namespace": "n", "dataset": "d"}],
        )
    )
    written = documents.dump(definition)
    assert written["sources"]["raw.flights"]["drop"] == {"url": "file:///data/in"}
    assert written["schedule"] == {"cron": "0 6 * * *", "timezone": "UTC"}
    assert written["listens"] == [{"namespace": "n", "dataset": "d"}]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("/data/in", "must begin with file:// or s3://"),
        ("file://data/in", "must name a whole path"),
        ("file:///data/../etc", "without . or .."),
        ("file:///data//in", "without . or .."),
        ("file:///", "must name a whole path"),
        ("https://example.org/in", "must begin with file:// or s3://"),
        ("memory://x", "must begin with file:// or s3://"),
        ("s3://Bucket/in", "must name a bucket"),
        ("file:///data/%2e%2e/etc", "must be a plain address"),
        ("file:///data/\x00in", "must be a plain address"),
        ("file:///data/\u202ein", "must be a plain address"),
    ],
)
def test_an_odd_address_of_a_folder_is_refused(url, said) -> None:
    assert said in faults(document(source={"drop": {"url": url}}))


@pytest.mark.parametrize(
    ("drop", "said"),
    [
        ({"url": "file:///in", "pattern": "../*"}, "without folders"),
        ({"url": "file:///in", "whole": "soon"}, "is not one of rename, done, stable"),
        ({"url": "file:///in", "stable_seconds": 0}, "at least 1"),
        ({"url": "file:///in", "endpoint": "https://s3.example.org"}, "is for buckets only"),
        ({"url": "s3://bucket", "endpoint": "https://key:secret@s3.example.org"}, "without a path or a password"),
        ({"url": "s3://bucket", "endpoint": "ftp://s3.example.org"}, "without a path or a password"),
        ({"url": "file:///in", "secret": "x"}, "unknown key 'secret'"),
    ],
)
def test_an_odd_drop_is_refused(drop, said) -> None:
    assert said in faults(document(source={"drop": drop}))


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({}, "is empty"),
        ({"period": "batch"}, "is not a JSON pointer"),
        ({"period": "/a~2b"}, "is not a JSON pointer"),
        ({"parameters": {"carrier": "/c"}}, "parameters.carrier: raw.flights gives it, and it is not declared"),
        ({"parameters": {"carrier": "c"}}, "is not a JSON pointer"),
        ({"parameters": {"carrier": ""}}, "carrier is missing"),
        ({"parameters": ["carrier"]}, "must be a mapping"),
    ],
)
def test_an_odd_mapping_is_refused(payload, said) -> None:
    assert said in faults(document(source={"payload": payload}))


def test_a_mapping_needs_messages_of_records_and_a_period_to_point_to() -> None:
    assert "has to be jsonl" in faults(document(source={"format": "csv", "payload": {"period": "/d"}}))
    assert "has none: add period" in faults(document(source={"period": "none", "payload": {"period": "/d"}}))


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ({"cron": "0 6 31 4 *", "timezone": "UTC"}, "cron"),
        ({"cron": "0 0 30 2 *", "timezone": "UTC"}, "cron"),
        ({"cron": "61 * * * *", "timezone": "UTC"}, "is not a cron line"),
        ({"cron": "* * * * * *", "timezone": "UTC"}, "has not the 5 parts"),
        ({"cron": "@daily", "timezone": "UTC"}, "has not the 5 parts"),
        ({"cron": "0 6 * * *", "timezone": "Europe/Zuerich"}, "is not a time zone"),
        ({"cron": "0 6 * * *"}, "timezone is missing"),
        ({"cron": "0 6 * * *", "timezone": "UTC", "catch_up": "some"}, "is not one of latest, all, none"),
    ],
)
def test_an_odd_schedule_is_refused(schedule, said) -> None:
    assert said in faults(document(schedule=schedule))


@pytest.mark.parametrize(
    ("listens", "said"),
    [
        ([{"namespace": "n"}], "dataset is missing"),
        (["n"], "is a mapping of namespace and dataset"),
        ([{"namespace": "n", "dataset": "d"}, {"namespace": "n", "dataset": "d"}], "is there twice"),
        ([{"namespace": "n", "dataset": "d", "period": "x"}], "is not a JSON pointer"),
    ],
)
def test_odd_datasets_of_other_tools_are_refused(listens, said) -> None:
    assert said in faults(document(listens=listens))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.promise(23, faults="days of 23 and of 25 hours, in several zones")
@pytest.mark.parametrize(
    ("zone", "after", "ticks"),
    [
        # 29 March 2026 has no 02:30 in Zurich, 25 October has two; New York changes on other days, Kolkata never.
        ("Europe/Zurich", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        ("Europe/Zurich", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("America/New_York", "2026-03-07T12:00", ["2026-03-08T07:00", "2026-03-09T06:30"]),
        ("America/New_York", "2026-10-31T12:00", ["2026-11-01T07:30", "2026-11-02T07:30"]),
        ("Asia/Kolkata", "2026-03-28T12:00", ["2026-03-28T21:00", "2026-03-29T21:00"]),
    ],
)
def test_a_daily_tick_comes_once_on_days_of_23_and_of_25_hours(zone, after, ticks) -> None:
    schedule = Schedule(cron="30 2 * * *", timezone=zone)
    found = clocks.ticks(schedule, moment(after))
    came = [next(found) for _ in ticks]
    assert came == [moment(tick) for tick in ticks]


@pytest.mark.parametrize(
    ("kind", "stands", "tick", "key"),
    [
        (PeriodKind.DAY, Stands.PREVIOUS, "2024-03-01T05:00", "2024-02-29"),
        (PeriodKind.DAY, Stands.CURRENT, "2024-02-29T05:00", "2024-02-29"),
        (PeriodKind.DAY, Stands.PREVIOUS, "2026-05-01T22:30", "2026-05-01"),  # half past midnight of the 2nd in Zurich
        (PeriodKind.MONTH, Stands.PREVIOUS, "2026-01-01T05:00", "2025-12"),
        (PeriodKind.HOUR, Stands.PREVIOUS, "2026-03-29T01:00", "2026-03-29T01"),
        (PeriodKind.NONE, Stands.PREVIOUS, "2026-03-29T01:00", ""),
    ],
)
def test_a_tick_stands_for_the_period_before_it(kind, stands, tick, key) -> None:
    schedule = Schedule(cron="* * * * *", timezone="Europe/Zurich", period=stands)
    assert clocks.period_of(schedule, kind, moment(tick)) == key


def test_the_last_tick_and_those_missed_are_known() -> None:
    schedule = Schedule(cron="0 * * * *", timezone="Europe/Zurich", catch_up=CatchUp.ALL)
    at = moment("2026-05-01T10:30")
    assert clocks.last_tick(schedule, at) == moment("2026-05-01T10:00")
    assert clocks.last_tick(schedule, moment("2026-05-01T10:00")) == moment("2026-05-01T10:00")
    between = moment("2026-05-01T10:59") + timedelta(seconds=59, milliseconds=500)
    assert clocks.last_tick(schedule, between) == moment("2026-05-01T10:00")
    assert clocks.missed(schedule, moment("2026-05-01T08:00"), at, 100) == [
        moment("2026-05-01T09:00"),
        moment("2026-05-01T10:00"),
    ]
    assert len(clocks.missed(schedule, moment("2000-01-01T00:00"), at, 5)) == 5
