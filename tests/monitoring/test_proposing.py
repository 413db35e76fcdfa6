"""What is proposed after some batches, with which bounds and reasons; how bounds change; the same as checks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import re2

from monitoring_app.learning import measures, promise_checks, promise_words, proposing, tuning
from monitoring_app.learning.bands import Band, Number
from monitoring_app.learning.bounds import Course
from monitoring_app.learning.numbers import of_metric, value_of
from monitoring_app.learning.promises import Kind, Promise, stored
from monitoring_app.profiling.asking import Family
from monitoring_app.profiling.profile import Metric, Pair, Tie
from pipelines_app.compiler import checks
from tests.monitoring import past


def proposed(batches) -> dict[str, proposing.Proposal]:
    return {proposing.key(one.promise): one for one in proposing.propose(batches)}


def said(batches) -> list[str]:
    return [promise_words.sentence(one.promise) for one in proposing.propose(batches)]


def test_nothing_is_proposed_before_the_third_batch_and_a_batch_without_rows_is_none():
    assert proposing.propose(past.shops(2)) == []
    assert proposing.propose([*past.shops(2), past.batch(3, city=[])]) == []
    assert proposing.propose(past.shops(3))
    assert proposing.propose([]) == []


def test_few_promises_are_proposed_the_worthiest_first_each_with_its_reason():
    batches = past.shops(20)
    found = said(batches)
    assert found[0] == "the columns are exactly id, code, city, paid and amount, of the types they have"
    assert found[1].startswith("the number of rows is between ")
    assert "id is different in every row" in found
    assert "id, code, city and amount are never empty" in found
    assert any(one.startswith("paid is empty in at most ") for one in found)
    assert any(one.startswith("city is one of Bern, Genf") for one in found)
    assert any(one.startswith("code looks like A9-9, but for at most ") for one in found)
    assert "paid is between 0 and 6" in found
    assert len(found) <= 12
    one = proposed(batches)["unique\nid"]
    assert (one.kept, one.seen, one.alarms, one.judged) == (20, 20, 0, 17)
    assert one.confidence == pytest.approx(20 / (20 + 1.96**2))


def test_a_promise_that_its_own_history_breaks_is_not_proposed():
    wild = [past.shop(day, nulls=(0, 95, 3, 60)[day % 4]) for day in range(20)]
    assert "null_rate_between\npaid" not in proposed(wild)
    broken = [past.shop(day) if day % 3 else past.batch(day, id=[1, 1, None]) for day in range(12)]
    kinds = {one.split("\n")[0] for one in proposed(broken)}
    assert not kinds & {"columns_match", "unique"}


def test_rows_are_promised_by_the_weekday_once_there_are_five_weeks():
    rows = lambda day: 20 if day % 7 >= 5 else 100 + day % 3  # noqa: E731
    batches = [past.shop(day, rows=rows(day)) for day in range(70)]
    promise = proposed(batches)["row_count_between"].promise
    assert set(promise.weekdays) == {str(day) for day in range(7)}
    sunday, monday = promise.limits(past.FIRST + timedelta(days=6)), promise.limits(past.FIRST)
    assert sunday[1] < 100
    assert monday[0] > 20
    assert measures.judge(promise, past.shop(76, rows=100)).is_kept is False
    assert measures.judge(promise, past.shop(77, rows=100)).is_kept is True
    assert stored(promise.kind, promise.columns, promise.parameters) == promise


def test_the_backtest_judges_each_batch_by_those_before_it():
    batches = past.shops(12)
    batches[8] = past.shop(8, nulls=70)
    course = Course(Promise(kind=Kind.NULLS, columns=("paid",))).go(batches)
    assert [point.batch.name for point in course.points if point.alarmed] == ["2024-01-09"]
    assert course.judged == 9
    bounded = course.bounded()
    assert bounded.high < 0.7  # a batch far out widens by a bounded step
    assert tuning.alarms(tuning.replay(bounded, batches)) == 1
    assert tuning.alarms(tuning.replay(tuning.at(bounded, None, 0.8), batches)) == 0
    assert tuning.alarms(tuning.replay(tuning.at(bounded, None, 0.0), batches)) == 12


def test_a_column_says_the_day_once_it_changed_with_it():
    found = proposed([past.batch(one, of=[one + 1] * 9, month=[1] * 9, x=list(range(9))) for one in range(5)])
    assert found["calendar_agrees"].promise.columns == ("of",)
    assert not [key for key in found if "month" in key]  # a 1 in January may be its month
    promise = found["calendar_agrees"].promise
    stale = past.batch(7, of=[7] * 9, month=[1] * 9, x=list(range(9)))
    assert measures.judge(promise, stale).is_kept is False


def test_what_holds_between_two_columns_is_promised_in_words_and_as_a_condition():
    pair = Pair(left="ordered_at", right="sent_at", tie=Tie.ORDERED)
    numbers = {"ordered_at": list(range(50)), "sent_at": list(range(1, 51))}
    batches = [past.batch(day, pairs={pair: 1.0}, **numbers) for day in range(6)]
    promise = proposed(batches)["pair_compare\nordered_at\nsent_at"].promise
    assert promise_words.sentence(promise).startswith("ordered_at is not greater than sent_at")
    (entry,) = promise_checks.entries(promise, "warn", "raw.sales")
    assert entry["expression_is_true"]["expression"].startswith('"ordered_at" <= "sent_at"')
    swapped = past.batch(7, pairs={pair: 0.2}, **numbers)
    assert measures.judge(promise, swapped).is_kept is False


@pytest.mark.parametrize(("days", "is_told"), [(0.5, True), (-900, False)])
def test_moments_are_told_from_the_period_only_where_they_belong_to_it(days, is_told):
    def moved(day):
        one = past.batch(day, x=[1, 2, 3])
        offsets = {Metric.MIN_OFFSET: days * 86_400.0, Metric.MAX_OFFSET: days * 86_400.0 + 3600 * (day % 3)}
        column = replace(one.profile.columns[0], type="TIMESTAMP", metrics=offsets)
        return replace(one, profile=replace(one.profile, columns=(column,)))

    found = proposed([moved(day) for day in range(6)])
    assert ("timestamp_within_batch_window\nx" in found) is is_told


def test_that_a_column_holds_one_number_alone_takes_longer_to_believe():
    def dry(number):
        return proposed([past.batch(day, rain=[0] * 50, x=list(range(50))) for day in range(number)])

    assert "between\nrain" not in dry(12)
    assert dry(30)["between\nrain"].promise.high == 0


def test_how_old_the_newest_moment_is_counts_only_where_it_is_news():
    def aged(hours):
        found = []
        for day in range(6):
            moment = datetime(2024, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
            one = past.batch(day, x=[1, 2, 3], at=moment + timedelta(hours=hours))
            column = replace(one.profile.columns[0], type="TIMESTAMP", metrics={Metric.MAXIMUM: moment.timestamp()})
            found.append(replace(one, profile=replace(one.profile, columns=(column,))))
        return found

    promise = proposed(aged(5))["freshness_within\nx"].promise
    assert 5 * 3600 <= promise.high < 24 * 3600
    assert promise_checks.entries(promise, "block", "raw.sales")[0]["freshness_within"]["within"].endswith("h")
    assert "freshness_within\nx" not in proposed(aged(24 * 400))


@pytest.mark.parametrize(
    ("patterns", "lengths", "fits", "fails"),
    [
        (["A"], [3, 3], "ZRH", "zrh"),
        (["A"], [3, 3], "ÄÖÜ", "ZRHX"),
        (["A9A", "A9"], [5, 6], "N12345", "12345N"),
        (["9-9-9"], [8, 10], "2024-01-31", "2024/01/31"),
        (["a@a.a"], [5, 9], "x@y.ch", "xy.ch"),
        (["(9)|*"], None, "(12)|*", "12"),
        (["a a"], None, "guten  tag", "gutentag"),
    ],
)
def test_a_pattern_becomes_an_expression_of_re2(patterns, lengths, fits, fails):
    expression = re2.compile(promise_checks.pattern(patterns, lengths))
    assert expression.search(fits)
    assert not expression.search(fails)


def test_promises_become_checks_that_a_definition_takes():
    for one in proposing.propose(past.shops(20)):
        for severity in ("warn", "block"):
            for entry in promise_checks.entries(one.promise, severity, "raw.sales"):
                assert all(spec.severity == severity for spec in checks.parse(entry, "checks.0"))
    drift = Promise(kind=Kind.DRIFT, columns=("city",), terms={"shares": {}}, high=0.1)
    assert promise_checks.entries(drift, "warn", "raw.sales") == []  # only the watch compares batches


def test_what_was_fine_is_within_the_bounds_from_then_on():
    batches = past.shops(20)
    found = proposed(batches)
    odd = past.shop(20, rows=300, nulls=60, city="Chur")
    for key in ("row_count_between", "null_rate_between\npaid", "in_set\ncity"):
        promise = found[key].promise
        assert measures.judge(promise, odd).is_kept is False, key
        wider = tuning.widened(promise, odd)
        assert measures.judge(wider, odd).is_kept is True, key
        assert tuning.alarms(tuning.replay(wider, batches)) == 0
    empty = past.batch(20, id=[1, None], city=["Bern", "Bern"])
    promise = Promise(kind=Kind.NOT_NULL, columns=("id", "city"), high=0.0)
    assert tuning.widened(promise, empty).columns == ("city",)


def test_what_was_bad_lies_beyond_the_bounds_where_they_can_tell_it_apart():
    batches = past.shops(20)
    promise = proposed(batches)["row_count_between"].promise
    missed = past.shop(20, rows=int(promise.high) - 1)
    assert measures.judge(promise, missed).is_kept is True
    tighter = tuning.tightened(promise, missed, batches)
    assert measures.judge(tighter, missed).is_kept is False
    assert tuning.alarms(tuning.replay(tighter, batches)) == 0
    usual = past.shop(21, rows=103)
    assert tuning.tightened(promise, usual, batches) == promise


def test_a_promise_evolves_by_a_bounded_step_and_only_if_it_is_worth_a_word():
    now = Promise(kind=Kind.ROWS, low=100, high=200)
    assert tuning.evolved(now, Promise(kind=Kind.ROWS, low=100, high=201)) is now
    wider = tuning.evolved(now, Promise(kind=Kind.ROWS, low=90, high=900))
    assert (wider.low, wider.high) == (90, 225)
    tighter = tuning.evolved(now, Promise(kind=Kind.ROWS, low=160, high=170))
    assert (tighter.low, tighter.high) == (125, 175)
    known = Promise(kind=Kind.DOMAIN, columns=("city",), terms={"values": ["Bern"]}, high=0.01)
    grown = replace(known, terms={"values": ["Bern", "Chur"]})
    assert tuning.evolved(known, grown).terms == {"values": ["Bern", "Chur"]}


def test_the_limits_of_a_band_are_where_it_begins_to_be_surprised():
    band = Band()
    for place, value in enumerate((5.0, 6.0, 7.5, 5.5, 6.2)):
        band.add(Number(value=value, least=0.3), place, 0.0)
    low, high = band.limits(Number(value=0.0, least=0.3), 5)
    for value in (low, high):
        assert band.surprise(Number(value=value, least=0.3), 5) == pytest.approx(1)


@pytest.mark.parametrize("metric", [metric for metric in Metric if metric not in (Metric.ROWS, Metric.BYTES)])
@pytest.mark.parametrize("family", [Family.NUMBER, Family.MOMENT])
def test_a_number_comes_back_from_its_scale(metric, family):
    number = of_metric(metric, 0.75, family, unit=3.0, values=50)
    assert value_of(metric, number.value, family, unit=3.0) == pytest.approx(0.75)
