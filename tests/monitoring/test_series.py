"""One metric's series, judged point by point: causal, seasonal, soon useful, each kind told from the others."""

import json
import math
import random
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from monitoring_app.learning.series import THRESHOLD, Kind, Label, Point, alarmed, judge
from monitoring_app.learning.series_clock import clock_of
from monitoring_app.learning.series_surprise import News, normal, student

START = datetime(2024, 1, 1)  # noqa: DTZ001
WEEK = (100, 105, 110, 105, 120, 60, 50)


def points(values, *, step=timedelta(days=1)):
    return [Point((START + place * step).isoformat(), value) for place, value in enumerate(values)]


def weekly(days, *, seed=1, spread=0.04):
    dice = random.Random(seed)
    return [float(round(10 * WEEK[day % 7] * dice.gauss(1, spread))) for day in range(days)]


def kinds(verdicts, first):
    return {verdict.kind for verdict in verdicts[first:] if verdict.alarm}


def test_a_weekly_season_is_no_alarm_and_its_loss_is_one():
    verdicts = judge(points([*weekly(84), *[1000.0] * 7]), frequency="D")
    assert alarmed(verdicts[:84]) == []
    assert any(verdict.alarm for verdict in verdicts[84:])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda values: [*values[:90], values[90] * 3, *values[91:]], {Kind.SPIKE}),
        (lambda values: [*values[:90], 0.0, *values[91:]], {Kind.DIP}),
        (lambda values: [*values[:90], None, None, None, *values[93:]], {Kind.MISSING}),
        (lambda values: values[:90] + [437.0] * 6 + values[96:], {Kind.STUCK}),
        (lambda values: values[:90] + [value + 900 for value in values[90:]], {Kind.SHIFT_UP}),
        (lambda values: values[:90] + [value + 40 * place for place, value in enumerate(values[90:])], {Kind.DRIFT}),
    ],
    ids=["spike", "dip", "missing", "stuck", "level shift", "drift"],
)
def test_each_kind_is_found_and_named(change, expected):
    verdicts = judge(points(change(weekly(110))), frequency="D")
    assert alarmed(verdicts[:90]) == []
    assert expected <= kinds(verdicts, 90)


def test_a_spike_alarms_once_and_the_next_usual_day_is_quiet():
    values = weekly(110)
    values[90] *= 3
    assert alarmed(judge(points(values), frequency="D")) == [(90, 90)]


def noisy(days):
    dice = random.Random(9)
    return [float(max(round(20 * dice.lognormvariate(0, 0.35)), 4)) for _ in range(days)]


def test_a_first_fall_to_nothing_is_told_where_values_spread_far():
    values = noisy(160)
    values[150] = 0.0
    verdict = judge(points(values), frequency="D")[150]
    assert verdict.kind is Kind.DIP
    assert 0.0 < verdict.low < min(values[:150])


def test_a_second_stuck_stretch_is_told_like_the_first():
    values = [value + day / 1000 for day, value in enumerate(noisy(200))]
    for start in (90, 150):
        values[start : start + 6] = [values[start - 1]] * 6
    verdicts = judge(points(values), frequency="D")
    assert {verdicts[start + 3].kind for start in (90, 150)} == {Kind.STUCK}


def test_what_stays_every_night_is_soon_no_news():
    dice = random.Random(3)
    values = [0.0 if hour % 24 < 9 else float(dice.randint(50, 400)) for hour in range(24 * 28)]
    verdicts = judge(points(values, step=timedelta(hours=1)), frequency="H", warmup=24 * 14)
    assert Kind.STUCK not in kinds(verdicts, 0)


def test_a_value_that_comes_every_other_day_may_stay_and_another_may_not():
    dice = random.Random(4)
    values = [0.0 if dice.random() < 0.6 else float(round(dice.lognormvariate(5, 1))) for _ in range(300)]
    assert Kind.STUCK not in kinds(judge(points(values), frequency="D", warmup=60), 0)
    values[200:206] = [437.0] * 6
    assert Kind.STUCK in kinds(judge(points(values), frequency="D", warmup=60), 200)


def test_a_slow_drift_is_told_by_the_seasons_before():
    dice = random.Random(5)
    values = [400 + dice.gauss(0, 30) + max(day - 110, 0) * 4 for day in range(140)]
    verdicts = judge(points(values), frequency="D")
    assert alarmed(verdicts[:110]) == []
    assert Kind.DRIFT in kinds(verdicts, 110)


def test_a_holiday_may_be_like_a_quiet_day_and_other_days_may_not():
    values = weekly(184)
    fourth_of_july = 185
    quiet = [*weekly(185), 520.0]
    assert not judge(points(quiet), frequency="D")[fourth_of_july].alarm
    assert judge(points([*values[:178], 520.0]), frequency="D")[178].alarm


@pytest.mark.parametrize(
    ("day", "rests"),
    [
        ("2013-03-31", True),
        ("2024-04-01", True),
        ("2013-05-27", True),
        ("2013-11-28", True),
        ("2013-11-29", True),
        ("2013-11-22", False),
        ("2013-12-25", True),
        ("2013-08-14", False),
    ],
)
def test_the_holidays_of_a_year_are_known(day, rests):
    assert clock_of("D").festive(day) is rests
    assert not clock_of("H").festive(day)


def test_a_confirmed_shift_is_the_new_level_and_the_way_back_is_no_news():
    values = weekly(150)
    moved = [value + 900 if 90 <= day < 104 else value for day, value in enumerate(values)]
    verdicts = judge(points(moved), frequency="D")
    stretches = alarmed(verdicts)
    assert stretches[0][0] == 90
    assert stretches[-1][1] < 100, "neither the shifted level nor the return to the old one goes on alarming"
    assert abs(verdicts[102].expected - moved[102]) < abs(verdicts[102].expected - values[102])


def test_where_levels_move_the_end_of_a_fault_is_no_news_either():
    dice = random.Random(6)
    values = [400 + 2 * day + dice.gauss(0, 4) + (70 if 150 <= day < 164 else 0) for day in range(190)]
    stretches = alarmed(judge(points(values), frequency="D", warmup=60))
    assert [first for first, _ in stretches] == [150]
    assert stretches[0][1] < 164


@pytest.mark.parametrize(
    ("scores", "news"),
    [
        ([4.0, 1.0, 3.9], 1.0),
        ([4.0, 3.7, 3.9], 3.7),
        ([4.0, 1.0, 4.2], 4.2),
        ([9.0, 1.0, 5.5], 5.5),
        ([4.0, *[1.0] * 8, 3.9], 3.9),
        ([4.0, 4.0, 3.9], 3.9),
    ],
    ids=["told before", "going on", "worse", "glaring", "long ago", "never quiet"],
)
def test_what_was_told_is_not_told_again_within_a_week(scores, news):
    told = News()
    assert [told.learn(score) for score in scores][-1] == news


@pytest.mark.parametrize("frequency", ["D", "H", "5min", "W", "M"])
def test_no_verdict_changes_when_the_series_goes_on(frequency):
    dice = random.Random(frequency)
    values = [None if dice.random() < 0.03 else dice.gauss(50, 5) for _ in range(160)]
    times = {
        "D": lambda n: (START + timedelta(days=n + n // 40)).date().isoformat(),
        "H": lambda n: (START + timedelta(hours=n)).isoformat(),
        "5min": lambda n: (START + timedelta(minutes=5 * n)).isoformat() + "Z",
        "W": lambda n: (START + timedelta(weeks=n)).date().isoformat(),
        "M": lambda n: f"{2010 + n // 12}-{n % 12 + 1:02}",
    }[frequency]
    series = [Point(times(place), value) for place, value in enumerate(values)]
    whole = judge(series, frequency=frequency, warmup=20)
    for end in (1, 2, 21, 77, 130):
        assert judge(series[:end], frequency=frequency, warmup=20) == whole[:end]
    assert all(verdict.score is None for verdict in whole[:20])
    assert all(verdict.score is not None for verdict in whole[20:])


def test_rows_that_never_came_are_missing_at_the_next_row():
    series = points(weekly(100))
    verdicts = judge(series[:80] + series[84:], frequency="D")
    assert verdicts[80].kind is Kind.MISSING
    assert verdicts[80].absent == 4


def test_a_series_that_rests_on_sundays_misses_none():
    series = [point for day, point in enumerate(points(weekly(140))) if day % 7 != 6]
    assert alarmed(judge(series, frequency="D")) == []


@pytest.mark.parametrize(
    "values",
    [
        [7.0] * 100,
        [0.0] * 100,
        [],
        [5.0],
        [None] * 30,
        [float("nan"), float("inf"), float("-inf")] * 20,
        [1e300, -1e300] * 40,
        [1e-300] * 60,
        [-3.5 + (day % 3) / 10 for day in range(90)],
    ],
    ids=["constant", "zeros", "none", "one", "all missing", "not numbers", "huge", "tiny", "negative"],
)
def test_odd_series_neither_fail_nor_alarm_without_end(values):
    verdicts = judge(points(values), frequency="D")
    assert len(verdicts) == len(values)
    assert all(verdict.score is None or math.isfinite(verdict.score) for verdict in verdicts)
    assert len(alarmed(verdicts)) <= 1


def test_a_constant_that_changes_is_told_at_once():
    assert alarmed(judge(points([400.0] * 60 + [430.0] * 3), frequency="D"))[0][0] == 60


def test_two_seasons_in_hours_are_both_learned():
    dice = random.Random(4)
    values = [
        (1 + math.sin(hour % 24 / 24 * 2 * math.pi)) * (0.4 if hour // 24 % 7 >= 5 else 1) * 500 + dice.gauss(0, 15)
        for hour in range(24 * 42)
    ]
    verdicts = judge(points(values, step=timedelta(hours=1)), frequency="H", warmup=24 * 35)
    assert alarmed(verdicts) == []
    noon_on_sunday = 24 * 41 + 6
    assert verdicts[noon_on_sunday].expected == pytest.approx(400, rel=0.25)


def test_what_comes_at_each_months_end_is_expected_there():
    values = weekly(200)
    series = points(values)
    ends = [place for place, point in enumerate(series[:-1]) if series[place + 1].at[8:10] == "01"]
    series = [Point(one.at, one.value + 1500) if place in ends else one for place, one in enumerate(series)]
    verdicts = judge(series, frequency="D")
    assert not any(verdicts[place].alarm for place in ends[2:])
    usual_day = [*series[:167], Point(series[167].at, series[167].value + 1500), *series[168:]]
    assert judge(usual_day, frequency="D")[167].alarm


def test_a_label_changes_what_comes_after():
    values = weekly(130)
    for day in (92, 113):
        values[day] *= 2
    plain = judge(points(values), frequency="D")
    assert plain[113].alarm
    fine = [Point(one.at, one.value, Label.FINE if place == 92 else None) for place, one in enumerate(points(values))]
    assert not judge(fine, frequency="D")[113].alarm
    bad = [Point(one.at, one.value, Label.BAD if place == 92 else None) for place, one in enumerate(points(values))]
    assert judge(bad, frequency="D")[113].score >= plain[113].score


def test_more_sensitive_finds_more_and_its_band_is_narrower():
    values = weekly(100)
    eager, usual = (judge(points(values), frequency="D", sensitivity=value)[-1] for value in (2.0, 1.0))
    assert eager.low > usual.low
    assert eager.high < usual.high
    assert usual.low < usual.expected < usual.high


def test_a_value_at_the_edge_of_the_band_has_the_score_of_the_threshold():
    assert normal(student(THRESHOLD, 12), 12) == pytest.approx(THRESHOLD)


@pytest.mark.parametrize(
    ("frequency", "seasons"),
    [
        ("D", (7,)),
        ("H", (24, 168)),
        ("1h", (24, 168)),
        ("5min", (288, 2016)),
        ("min", (1440, 10080)),
        ("W", (52,)),
        ("7D", (52,)),
        ("weekly", (52,)),
        ("hourly", (24, 168)),
        ("PT5M", (288, 2016)),
        ("P1D", (7,)),
        ("Y", ()),
        ("5h", ()),
    ],
)
def test_a_frequency_has_its_seasons(frequency, seasons):
    assert clock_of(frequency).seasons == seasons


@pytest.mark.parametrize(
    ("frequency", "at", "before"),
    [
        ("D", "2024-03-02", "2024-02-29"),
        ("D", "2024-03-02 00:00:00", "2024-02-29 00:00:00"),
        ("H", "2024-03-01T01:00:00Z", "2024-02-29T23:00:00Z"),
        ("5min", "2024-03-01 00:05", "2024-02-29 23:55"),
        ("D", "17", "17"),
    ],
)
def test_the_slots_before_are_written_as_the_others(frequency, at, before):
    assert clock_of(frequency).earlier(at, 2) == before


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "series").mkdir()
    values = weekly(101)
    values[80] = 5000.0
    lines = [f"{point.at[:10]},{point.value}" for point in points(values)]
    lines[40] = lines[40].split(",")[0] + ","
    (tmp_path / "series" / "sales.csv").write_text("\n".join(["t,value", *lines]) + "\n")
    (tmp_path / "manifest.json").write_text(json.dumps({"sales": {"freq": "D", "warmup": 60}}))
    return tmp_path


def judged(folder, *options):
    call_command("judge_series", folder / "manifest.json", "--out", folder / "out.json", *options, stdout=StringIO())
    return json.loads((folder / "out.json").read_text())


def test_the_command_writes_alarms_or_scores_and_both_where_it_is_given_two_files(folder):
    assert judged(folder) == {"sales": [["2024-03-21", "2024-03-21"]]}
    scores = judged(folder, "--scores")["sales"]
    assert scores[:60] == [None] * 60
    assert scores.index(max(scores[60:])) == 80
    assert judged(folder, "--scores", str(folder / "scores.json")) == {"sales": [["2024-03-21", "2024-03-21"]]}
    assert json.loads((folder / "scores.json").read_text()) == {"sales": scores}


@pytest.mark.parametrize("content", ["[", "[1]"])
def test_the_command_says_that_a_manifest_is_none(folder, content):
    (folder / "manifest.json").write_text(content)
    with pytest.raises(CommandError, match=r"cannot be read as JSON|one object"):
        judged(folder)


@pytest.mark.parametrize(
    ("how", "content", "said"),
    [
        ({"freq": "D"}, None, "cannot be read"),
        ({"freq": "D"}, b"a,b\n1,2\n", "the columns t and value; it has a, b"),
        ({"freq": "D"}, b"t,value\n2024-01-01,many\n", "'many' is no number"),
        ({"freq": "D"}, b"t,value\n2024-01-01,\xff\n", "cannot be read"),
        ({"freq": "D", "warmup": "long"}, b"t,value\n", "its warmup is no number: 'long'"),
        ({"freq": "D", "sensitivity": 0}, b"t,value\n", "its sensitivity has to be above 0"),
        (["D"], b"t,value\n", "has to say {freq, warmup}"),
    ],
    ids=["no file", "other columns", "a word", "no text", "a warm-up in words", "no sensitivity", "a list"],
)
def test_a_series_that_cannot_be_judged_is_told_of_and_the_others_are_judged(folder, how, content, said):
    if content is not None:
        (folder / "series" / "odd.csv").write_bytes(content)
    listed = {"odd": how, **json.loads((folder / "manifest.json").read_text())}
    (folder / "manifest.json").write_text(json.dumps(listed))
    told = StringIO()
    with pytest.raises(CommandError, match="1 series could not be judged"):
        call_command("judge_series", folder / "manifest.json", "--out", folder / "out.json", stderr=told)
    assert said in told.getvalue()
    assert list(json.loads((folder / "out.json").read_text())) == ["sales"]


def test_names_of_columns_may_be_written_otherwise_and_short_rows_are_missing_values(folder):
    path = folder / "series" / "sales.csv"
    lines = path.read_text().splitlines()
    lines[0], lines[41] = "T, Value ,note", lines[41].split(",")[0]
    path.write_text("\n".join(lines))
    assert judged(folder) == {"sales": [["2024-03-21", "2024-03-21"]]}


@pytest.mark.parametrize("frequency", ["5h", "11min", "Y"])
def test_a_frequency_without_a_season_is_judged_by_its_level(frequency):
    values = [float(100 + place % 5) for place in range(60)]
    verdicts = judge([Point(str(place), value) for place, value in enumerate([*values, 300.0])], frequency=frequency)
    assert alarmed(verdicts) == [(60, 60)]
