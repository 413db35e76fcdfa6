"""Periods: keys, file names, clocks in other zones, and words."""

from datetime import time

import pytest

from pipelines_app.compiler import periods
from pipelines_app.compiler.definition import ArrivalDeadline, PeriodKind

HOUR, DAY, MONTH, NONE = PeriodKind.HOUR, PeriodKind.DAY, PeriodKind.MONTH, PeriodKind.NONE


@pytest.mark.parametrize(
    ("kind", "pattern", "name", "key"),
    [
        (DAY, "flights_{period}.csv", "flights_2013-01-31.csv", "2013-01-31"),
        (DAY, "flights_{period}.csv", "flights_20130131.csv.gz", "2013-01-31"),
        (DAY, "flights_{period}.csv", "flights_2013-01-31.csv.zst", "2013-01-31"),
        (DAY, "flights_{period}.csv", "flights_2013-02-30.csv", ""),
        (DAY, "flights_{period}.csv", "weather_2013-01-31.csv", ""),
        (DAY, "flights_{period}.csv", "flights_2013-01-31.csv.exe", ""),
        (DAY, "flights_{period}.csv", "xflights_2013-01-31xcsv", ""),
        (DAY, "flights_{period}.csv", "flights_٢٠١٣-01-31.csv", ""),
        (HOUR, "w-{period}.jsonl", "w-2013-01-01T05.jsonl", "2013-01-01T05"),
        (HOUR, "w-{period}.jsonl", "w-20130101_23.jsonl", "2013-01-01T23"),
        (MONTH, "{period}.parquet", "2013-02.parquet", "2013-02"),
        (NONE, "airlines.csv", "airlines.csv", ""),
    ],
)
def test_a_file_name_carries_its_period(kind, pattern, name, key):
    assert periods.from_filename(pattern, name, kind) == key


@pytest.mark.parametrize(
    ("kind", "key", "valid"),
    [
        (DAY, "2012-02-29", True),
        (DAY, "2013-02-29", False),
        (DAY, "2013-1-1", False),
        (HOUR, "2013-01-01T23", True),
        (HOUR, "2013-01-01T24", False),
        (MONTH, "2013-13", False),
        (NONE, "", True),
        (NONE, "2013", False),
    ],
)
def test_a_key_is_valid_or_not(kind, key, valid):
    assert periods.is_valid(kind, key) is valid


@pytest.mark.parametrize(
    ("kind", "key", "following"),
    [
        (HOUR, "2013-12-31T23", "2014-01-01T00"),
        (DAY, "2013-02-28", "2013-03-01"),
        (MONTH, "2013-12", "2014-01"),
        (MONTH, "2013-01", "2013-02"),
    ],
)
def test_a_period_is_followed_by_the_next(kind, key, following):
    assert periods.following(kind, key) == following


@pytest.mark.parametrize(
    ("kind", "key", "by", "zone", "days_after", "due"),
    [
        (DAY, "2013-01-01", time(7), "America/New_York", 1, "2013-01-02T12:00:00+00:00"),
        (DAY, "2013-07-01", time(7), "America/New_York", 1, "2013-07-02T11:00:00+00:00"),
        (DAY, "2013-01-01", time(7), "Pacific/Kiritimati", 0, "2012-12-31T17:00:00+00:00"),
        # 02:30 does not exist on 10 March 2013 in New York: an hour is skipped.
        (DAY, "2013-03-09", time(2, 30), "America/New_York", 1, "2013-03-10T07:30:00+00:00"),
        # 01:30 comes twice on 3 November 2013: the first one counts.
        (DAY, "2013-11-02", time(1, 30), "America/New_York", 1, "2013-11-03T05:30:00+00:00"),
        (MONTH, "2013-02", time(6), "UTC", 1, "2013-03-01T06:00:00+00:00"),
        (MONTH, "2012-02", time(6), "UTC", 0, "2012-02-29T06:00:00+00:00"),
        (HOUR, "2013-01-01T05", time(6), "UTC", 0, "2013-01-01T06:00:00+00:00"),
    ],
)
def test_a_period_is_due_by_the_wall_clock_of_its_zone(kind, key, by, zone, days_after, due):
    deadline = ArrivalDeadline(by=by, timezone=zone, days_after=days_after)
    moment = periods.due_at(deadline, kind, key)
    assert moment.astimezone(periods.UTC).isoformat() == due


def test_a_day_of_the_change_of_clocks_has_23_hours():
    begun, ended = (at(DAY, "2013-03-10", "America/New_York") for at in (periods.start, periods.end))
    assert (ended.astimezone(periods.UTC) - begun.astimezone(periods.UTC)).total_seconds() == 23 * 3600


@pytest.mark.parametrize(
    ("kind", "key", "words"),
    [
        (DAY, "2013-02-08", "8 February 2013"),
        (HOUR, "2013-02-08T05", "8 Feb 2013 05:00"),
        (MONTH, "2013-02", "February 2013"),
        (NONE, "", ""),
    ],
)
def test_a_period_is_said_in_words(kind, key, words):
    assert periods.label(kind, key) == words
