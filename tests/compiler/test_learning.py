"""A cadence is learned from what came: its weekdays, its usual moment, its room; or there is none to be seen."""

from datetime import UTC, datetime, timedelta

import pytest

from pipelines_app.compiler import learning
from pipelines_app.compiler.definition import PeriodKind

DAY, MONTH, HOUR = PeriodKind.DAY, PeriodKind.MONTH, PeriodKind.HOUR
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def arrivals(days, after):
    """The periods of some days after a Monday, each with the moment at which it came."""
    return [(f"{MONDAY + timedelta(days=day):%Y-%m-%d}", MONDAY + timedelta(days=day) + after(day)) for day in days]


def every_day(day):
    return timedelta(days=1, hours=5, minutes=10 + day % 3)


def next_business_day(day):
    return timedelta(days=3 if day % 7 == 4 else 1, hours=5, minutes=10 + day % 3)


BUSINESS = [day for day in range(28) if day % 7 < 5]


@pytest.mark.parametrize(
    ("days", "after", "zone", "arrival"),
    [
        (range(14), every_day, "UTC", {"by": "05:30", "days_after": 1, "usually": "05:11"}),
        (
            BUSINESS,
            next_business_day,
            "UTC",
            {
                "by": "05:30",
                "days_after": 1,
                "usually": "05:11",
                "calendar": {"weekdays": list(learning.BUSINESS_DAYS)},
            },
        ),
        (
            [day for day in range(35) if day % 7 in (1, 3)],
            lambda day: timedelta(hours=18),
            "UTC",
            {"by": "18:15", "days_after": 0, "usually": "18:00", "calendar": {"weekdays": ["tue", "thu"]}},
        ),
        # By the wall clock of Zurich nothing changes when the clocks go forward on 29 March.
        (
            range(20, 34),
            lambda day: timedelta(days=1, hours=5 if day < 26 else 4),
            "Europe/Zurich",
            {"by": "06:15", "days_after": 1, "usually": "06:00"},
        ),
    ],
)
def test_a_deadline_is_proposed_with_room_after_the_usual_moment(days, after, zone, arrival):
    learned = learning.learn(DAY, zone, arrivals(days, after))
    assert learned is not None
    assert learned.arrival == {"timezone": zone, **arrival}


def test_one_stray_arrival_does_not_move_the_usual_moment():
    stray = [*arrivals(range(13), every_day), ("2026-03-15", MONDAY + timedelta(days=16))]
    assert learning.learn(DAY, "UTC", stray).arrival["usually"] == "05:11"


def test_monthly_files_are_learned_too():
    came = [(f"2025-{month:02}", datetime(2025, month + 1, 3, 8, tzinfo=UTC)) for month in range(1, 12)]
    assert learning.learn(MONTH, "UTC", came).arrival == {
        "by": "08:15",
        "timezone": "UTC",
        "days_after": 3,
        "usually": "08:00",
    }


@pytest.mark.parametrize(
    ("kind", "came"),
    [
        (DAY, []),
        (DAY, arrivals(range(4), every_day)),
        (DAY, arrivals(range(20), lambda day: timedelta(days=1, hours=(day * 7) % 24, minutes=day) * (1 + day % 3))),
        (DAY, arrivals(range(20), lambda day: timedelta(days=-3))),
        (HOUR, [(f"2026-03-02T{hour:02}", MONDAY + timedelta(hours=hour + 1)) for hour in range(20)]),
        (DAY, [("not a day", MONDAY)] * 9),
    ],
)
def test_without_regularity_nothing_is_proposed(kind, came):
    assert learning.learn(kind, "UTC", came) is None


def test_a_proposal_is_another_only_if_it_differs_by_more_than_half_an_hour():
    before = {"by": "05:30", "timezone": "UTC", "days_after": 1}
    assert not learning.is_another(before, {**before, "by": "06:00"})
    assert learning.is_another(before, {**before, "by": "06:05"})
    assert learning.is_another(before, {**before, "timezone": "Europe/Zurich"})
