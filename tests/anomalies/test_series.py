"""How long a dataset took to make and how late it came are held against their own course."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring_app.anomalies import series
from monitoring_app.models import Alert, Anomaly
from pipelines_app.models import Slot
from tests import factories
from tests.anomalies import past

BEGAN = datetime(2026, 1, 1, 6, tzinfo=UTC)
DUE = datetime(2013, 1, 2, 7, tzinfo=UTC)


def made_in(dataset, number, seconds):
    timed = {"started_at": BEGAN, "finished_at": BEGAN + timedelta(seconds=seconds)}
    return past.store(dataset, past.batch(past.day(number), rows=900 + number), **timed)


def came(dataset, number, *, seconds):
    due = DUE + timedelta(days=number)
    arrival = factories.make_arrival(dataset, period=past.day(number), received_at=due + timedelta(seconds=seconds))
    Slot.objects.create(
        dataset=dataset,
        period=past.day(number),
        expected_at=due,
        due_at=due,
        late_at=due,
        missing_at=due + timedelta(days=1),
        state="consumed",
        arrival=arrival,
        event=factories.make_event(),
    )


@pytest.mark.parametrize(
    ("seconds", "is_odd"), [(600, True), (75, False), (2, False)], ids=["ten times", "a little longer", "faster"]
)
def test_a_step_that_took_far_longer_than_usual_is_unusual(db, seconds, is_odd):
    dataset = past.table()
    for number in range(20):
        made_in(dataset, number, 60 + number % 3)
    odd = series.odd(made_in(dataset, 20, seconds), sensitivity=1.0)
    assert bool(odd) is is_odd
    if is_odd:
        assert (odd[0].metric, odd[0].words) == ("seconds_to_make", "it took 10 min to make; usually 60.8 s")
        assert odd[0].verdict.kind == "spike"
        assert len(odd[0].course) == 20


def test_seconds_are_no_news_where_all_takes_seconds(db):
    dataset = past.table()
    for number in range(20):
        made_in(dataset, number, 0.2)
    assert not series.odd(made_in(dataset, 20, 20), sensitivity=1.0)


def test_what_comes_hours_later_than_usual_is_unusual_though_it_is_in_time(db):
    dataset = past.table(is_source=True)
    for number in range(20):
        came(dataset, number, seconds=-4 * 3600 + 60 * (number % 5))
        made_in(dataset, number, 1)
    came(dataset, 20, seconds=-600)
    profile = made_in(dataset, 20, 1)
    odd = series.odd(profile, sensitivity=1.0)
    assert [one.metric for one in odd] == ["seconds_after_due"]
    assert odd[0].words.startswith("it came 10 min before its deadline; usually 3.9")
    past.judge(profile)
    assert Anomaly.objects.get().source == "series"
    assert Alert.objects.get(rule="unusual").title.startswith(
        f"raw.flights of {past.day(20)} is unusual: it came 10 min"
    )


def test_a_point_that_was_fine_is_learned(db):
    dataset = past.table()
    for number in range(20):
        made_in(dataset, number, 60 + number % 3)
    slow = made_in(dataset, 20, 600)
    past.judge(slow)
    Anomaly.objects.filter(metric="seconds_to_make").update(label="fine", labelled_at=BEGAN)
    made_in(dataset, 21, 61)
    assert not series.odd(made_in(dataset, 22, 600), sensitivity=1.0)
