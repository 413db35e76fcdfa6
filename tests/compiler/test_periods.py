"""Periods: keys, file names, clocks in other zones, and words."""

import pytest

from pipelines_app.compiler import periods
from pipelines_app.compiler.definition import PeriodKind

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
