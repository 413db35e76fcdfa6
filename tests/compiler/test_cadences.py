"""Which periods are expected and by when: time zones, days of 23 and 25 hours, leap days, calendars, cron lines."""

from datetime import UTC, datetime, time
from itertools import islice, pairwise

import pytest

from pipelines_app.compiler import cadences, documents
from pipelines_app.compiler.definition import ArrivalDeadline, Calendar, PeriodKind
from pipelines_app.errors import DefinitionInvalid

HOUR, DAY, MONTH = PeriodKind.HOUR, PeriodKind.DAY, PeriodKind.MONTH
ZURICH = Calendar(country="CH", subdivision="ZH")


def clock(by, zone, **more):
    return ArrivalDeadline(by=by, timezone=zone, **more)


def cron(line, zone="UTC", **more):
    return ArrivalDeadline(cron=line, timezone=zone, **more)


def due(deadline, kind, key):
    found = cadences.due_at(deadline, kind, key)
    return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M") if found else None


@pytest.mark.parametrize(
    ("kind", "key", "by", "zone", "days_after", "expected"),
    [
        (DAY, "2013-01-01", time(7), "America/New_York", 1, "2013-01-02T12:00"),
        (DAY, "2013-07-01", time(7), "America/New_York", 1, "2013-07-02T11:00"),
        (DAY, "2013-01-01", time(7), "Pacific/Kiritimati", 0, "2012-12-31T17:00"),
        # 02:30 does not exist on 10 March 2013 in New York: an hour is skipped.
        (DAY, "2013-03-09", time(2, 30), "America/New_York", 1, "2013-03-10T07:30"),
        # 01:30 comes twice on 3 November 2013: the first one counts.
        (DAY, "2013-11-02", time(1, 30), "America/New_York", 1, "2013-11-03T05:30"),
        (MONTH, "2013-02", time(6), "UTC", 1, "2013-03-01T06:00"),
        (MONTH, "2012-02", time(6), "UTC", 0, "2012-02-29T06:00"),
        (DAY, "2024-02-28", time(7), "Asia/Tokyo", 1, "2024-02-28T22:00"),
        (DAY, "2024-02-29", time(7), "Asia/Tokyo", 1, "2024-02-29T22:00"),
        (HOUR, "2013-01-01T05", time(6), "UTC", 0, "2013-01-01T06:00"),
        (HOUR, "2026-03-29T02", time(6), "Europe/Zurich", 0, None),  # the hour that is not
        (HOUR, "2026-10-25T02", time(6), "Europe/Zurich", 0, "2026-10-25T05:00"),
    ],
)
def test_a_period_is_due_by_the_wall_clock_of_its_zone(kind, key, by, zone, days_after, expected):
    assert due(clock(by, zone, days_after=days_after), kind, key) == expected


@pytest.mark.parametrize(
    ("key", "days_after", "expected"),
    [
        ("2026-07-30", 1, "2026-07-31T05:00"),  # Thursday, on Friday
        ("2026-07-31", 1, "2026-08-03T05:00"),  # Friday, on Monday: the first of August is a Saturday here
        ("2026-08-01", 1, None),
        ("2026-04-02", 1, "2026-04-07T05:00"),  # before Good Friday and Easter Monday
        ("2026-04-03", 1, None),
        ("2026-04-02", 2, "2026-04-08T05:00"),
        ("2026-12-24", 1, "2026-12-28T06:00"),
        ("2026-03-27", 1, "2026-03-30T05:00"),  # over the day of 23 hours
    ],
)
def test_every_business_day_by_seven_in_zurich_leaves_out_weekends_and_holidays(key, days_after, expected):
    assert due(clock(time(7), "Europe/Zurich", calendar=ZURICH, days_after=days_after), DAY, key) == expected


def test_a_holiday_of_the_canton_alone_counts_there_alone():
    here, elsewhere = (Calendar(country="CH", subdivision=part) for part in ("TI", "ZH"))
    assert due(clock(time(7), "Europe/Zurich", calendar=here), DAY, "2026-03-19") is None  # Saint Joseph
    assert due(clock(time(7), "Europe/Zurich", calendar=elsewhere), DAY, "2026-03-19") == "2026-03-20T06:00"


def test_a_day_is_excepted_by_name():
    calendar = Calendar(but=("2026-03-18",))
    assert due(clock(time(7), "UTC", calendar=calendar), DAY, "2026-03-18") is None
    assert due(clock(time(7), "UTC", calendar=calendar), DAY, "2026-03-17") == "2026-03-19T07:00"


@pytest.mark.parametrize(
    ("line", "zone", "kind", "key", "expected"),
    [
        ("0 7 * * 1-5", "Europe/Zurich", DAY, "2026-03-27", "2026-03-30T05:00"),  # Friday's, on Monday
        ("0 7 * * 1-5", "Europe/Zurich", DAY, "2026-03-28", None),
        ("30 2 * * *", "Europe/Zurich", DAY, "2026-03-28", "2026-03-29T01:00"),  # 02:30 is not: right after the gap
        ("30 2 * * *", "Europe/Zurich", DAY, "2026-10-24", "2026-10-25T00:30"),  # and comes twice: the first
        ("15 * * * *", "UTC", HOUR, "2026-01-01T07", "2026-01-01T08:15"),
        ("15 * * * *", "Europe/Zurich", HOUR, "2026-03-29T01", "2026-03-29T01:15"),  # 03:15 follows 01:59
        ("15 * * * *", "Europe/Zurich", HOUR, "2026-03-29T02", None),
        ("15 * * * *", "Europe/Zurich", HOUR, "2026-10-25T02", "2026-10-25T02:15"),  # an hour of two hours
        ("0 6 3 * *", "America/New_York", MONTH, "2026-02", "2026-03-03T11:00"),
        ("0 6 29 2 *", "UTC", DAY, "2024-02-29", "2028-02-29T06:00"),
    ],
)
def test_each_tick_of_a_cron_line_expects_the_period_of_the_tick_before(line, zone, kind, key, expected):
    assert due(cron(line, zone), kind, key) == expected


def test_a_tick_may_expect_its_own_period_or_one_further_back():
    assert due(cron("0 18 * * 1-5", behind=0), DAY, "2026-03-27") == "2026-03-27T18:00"
    assert due(cron("0 18 * * 1-5", behind=2), DAY, "2026-03-26") == "2026-03-30T18:00"


def test_a_cron_line_keeps_to_its_calendar():
    easter = cron("0 7 * * 1-5", "Europe/Zurich", calendar=ZURICH)
    assert due(easter, DAY, "2026-04-02") == "2026-04-07T05:00"
    assert due(easter, DAY, "2026-04-06") is None


@pytest.mark.promise(23)
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_what_falls_due_in_a_range_is_what_falls_due_in_its_parts(zone):
    deadline, begin = clock(time(2, 30), zone), datetime(2026, 3, 1, tzinfo=UTC)
    moments = [begin.replace(month=month, day=day) for month in (3, 4) for day in (1, 8, 9, 29, 30)]
    whole = list(cadences.due_between(deadline, DAY, moments[0], moments[-1]))
    parts = [found for since, until in pairwise(moments) for found in cadences.due_between(deadline, DAY, since, until)]
    assert parts == whole
    assert len(whole) == 60


def test_ticks_end_where_the_calendar_has_no_day_left():
    saturdays = cron("0 7 * * 6", calendar=Calendar(weekdays=("sat",)))
    found = islice(cadences.ticks(saturdays, datetime(2026, 1, 1, tzinfo=UTC)), 2)
    assert [f"{tick:%m-%d %H:%M}" for tick in found] == ["01-03 07:00", "01-10 07:00"]
    assert not list(cadences.ticks(cron("0 7 * * 6", calendar=Calendar()), datetime(2026, 1, 1, tzinfo=UTC)))


SOURCE = """
pipeline: orders
team: shop
sources:
  raw.orders:
    format: csv
    period: {kind}
    columns: {{id: BIGINT}}
    arrival: {arrival}
"""


def arrival(text, kind="day"):
    return documents.parse(documents.from_yaml(SOURCE.format(arrival=text, kind=kind))).sources[0].arrival


@pytest.mark.parametrize(
    "text",
    [
        '{by: "07:00", timezone: Europe/Zurich}',
        '{by: "07:00", timezone: Europe/Zurich, usually: "06:20", grace: 15m, missing_after: 2d}',
        '{by: "07:00", timezone: UTC, calendar: {country: CH, weekdays: [fri], except: ["2026-12-24"]}}',
        '{by: "07:00", timezone: UTC, calendar: {}}',
        '{cron: "0 7 * * 1-5", timezone: Europe/Zurich, behind: 0, calendar: {country: US, subdivision: NY}}',
    ],
)
def test_a_deadline_comes_back_from_its_document(text):
    definition = documents.parse(documents.from_yaml(SOURCE.format(arrival=text, kind="day")))
    again = documents.parse(documents.from_yaml(documents.to_yaml(documents.dump(definition))))
    assert again == definition
    assert again.sources[0].arrival is not None


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ('{cron: "0 0 30 2 *", timezone: UTC}', "day", "is not a cron line"),
        ('{cron: "0 7 * *", timezone: UTC}', "day", "has not the 5 parts"),
        ('{cron: "0 7 * * 6", timezone: UTC, calendar: {}}', "day", "never fires on a day of the calendar"),
        ('{cron: "*/15 * * * *", timezone: UTC}', "hour", "fires more than once in"),
        ('{cron: "0 7 * * *", by: "07:00", timezone: UTC}', "day", "stands beside cron"),
        ('{by: "07:00", timezone: UTC, behind: 2}', "day", "there is no cron"),
        ('{by: "07:00", timezone: UTC, calendar: {weekdays: []}}', "day", "never fires"),
        ('{by: "07:00", timezone: UTC, calendar: {country: QQ}}', "day", "not a country"),
        ('{by: "07:00", timezone: UTC, calendar: {country: CH, subdivision: XX}}', "day", "not a part of CH"),
        ('{by: "07:00", timezone: UTC, calendar: {subdivision: ZH}}', "day", "Add country"),
        ('{by: "07:00", timezone: UTC, calendar: {except: [tomorrow]}}', "day", "not a day such as"),
        (
            '{by: "07:00", timezone: UTC, first: "2026-03-28", last: "2026-03-29", calendar: {}}',
            "day",
            "no period from",
        ),
        ('{by: "07:00", timezone: UTC, grace: 2d, missing_after: 1d}', "day", "longer than grace"),
        ('{by: "07:00", timezone: UTC, grace: soon}', "day", "not a length of time"),
        ("{timezone: UTC}", "day", "by is missing"),
        ('{by: "07:00", timezone: Mars/Olympus}', "day", "not a time zone"),
    ],
)
def test_a_deadline_that_never_falls_due_or_contradicts_itself_is_refused_with_the_reason(text, kind, message):
    with pytest.raises(DefinitionInvalid, match=message):
        arrival(text, kind)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{by: "07:00", timezone: Europe/Zurich}', "every day by 07:00 Europe/Zurich, a day later"),
        (
            '{by: "07:00", timezone: Europe/Zurich, calendar: {country: CH, subdivision: ZH}, days_after: 0}',
            "every business day (Monday to Friday but for the holidays of CH-ZH) by 07:00 Europe/Zurich, the same day",
        ),
        ('{cron: "0 7 * * 1-5", timezone: UTC}', "every day, at 07:00 on Monday through Friday UTC"),
    ],
)
def test_a_deadline_is_said_in_a_sentence(text, words):
    assert cadences.sentence(arrival(text), DAY) == words


PROMISE = """
pipeline: orders
team: shop
sources:
  raw.orders: {{format: csv, period: day, columns: {{id: BIGINT}}}}
steps:
  - {{dataset: mart.orders, sql: SELECT id FROM raw.orders}}
sla: [{target}]
"""


def test_a_pipeline_promises_by_when_a_dataset_is_published():
    text = PROMISE.format(target='{arrival: {dataset: mart.orders, by: "09:00", timezone: Europe/Zurich}}')
    definition = documents.parse(documents.from_yaml(text))
    assert [(one.dataset, one.deadline.by) for one in definition.promises] == [("mart.orders", time(9))]
    assert documents.parse(documents.dump(definition)) == definition


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ('{arrival: {dataset: mart.other, by: "09:00", timezone: UTC}}', "not made by a step"),
        ('{arrival: {dataset: raw.orders, by: "09:00", timezone: UTC}}', "not made by a step"),
        ("{speed: fast}", "unknown key"),
        ("soon", "a target is a mapping"),
    ],
)
def test_a_promise_that_cannot_be_is_refused(target, message):
    with pytest.raises(DefinitionInvalid, match=message):
        documents.parse(documents.from_yaml(PROMISE.format(target=target)))
