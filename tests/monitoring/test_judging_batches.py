"""Batches judged by those before them: through the command, on files, without a database."""

import json
import random
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command

from monitoring_app.expectations import texts
from monitoring_app.learning import calendars
from monitoring_app.learning.bands import Band, Number, second_greatest, share
from monitoring_app.learning.batches import Learner
from monitoring_app.learning.explaining import explained
from monitoring_app.learning.patience import Patience
from monitoring_app.learning.schemas import differences
from monitoring_app.learning.together import joint
from monitoring_app.profiling.profile import ColumnProfile, Counted
from tests.monitoring import past

DAYS = 24
FIRST = date(2024, 3, 1)
HEADER = "id,shop,amount,sold_at\n"


def rows(number, *, shops=("Lyon", "Nice", "Metz"), factor=1.0, hours=0, much=120):
    """A day's sales, by chance that is the same every time."""
    chance = random.Random(number)
    day = FIRST + timedelta(days=number)
    for place in range(much):
        at = f"{day} {7 + hours + place % 12:02}:{chance.randrange(60):02}:00"
        yield f"{number * 1000 + place},{chance.choice(shops)},{factor * chance.gauss(50, 8):.2f},{at}"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A folder of days without a fault."""
    folder = tmp_path_factory.mktemp("sales")
    (folder / "history").mkdir()
    for number in range(DAYS):
        text = HEADER + "\n".join(rows(number)) + "\n"
        (folder / "history" / f"sales_{FIRST + timedelta(days=number)}.csv").write_text(text)
    return folder


TODAY = list(rows(DAYS))
BATCHES = {
    "as usual": (HEADER + "\n".join(TODAY), None, None),
    "other unit": (HEADER + "\n".join(rows(DAYS, factor=1000)), "amount", None),
    "other shop": (
        HEADER + "\n".join(rows(DAYS, shops=("Lyon", "Nice", "Metz", "Lyom"))),
        "shop",
        "new_value_rate_below",
    ),
    "a shop is missing": (HEADER + "\n".join(rows(DAYS, shops=("Lyon", "Nice"))), "shop", "share of Metz"),
    "other zone": (HEADER + "\n".join(rows(DAYS, hours=5)), "sold_at", "median_offset"),
    "yesterday's": (HEADER + "\n".join(rows(DAYS - 1)), None, "not_same_as_previous"),
    "twice": (HEADER + "\n".join([*TODAY, *TODAY]), None, "duplicate_rows_below"),
    "few rows": (HEADER + "\n".join(TODAY[:20]), None, "row_count_between"),
    "no rows": (HEADER, None, "row_count_between"),
    "decimal comma": (HEADER + "\n".join(f'{n},Lyon,"50,1",{FIRST} 08:00:00' for n in range(120)), "amount", None),
    "renamed": (HEADER.replace("amount", "sum") + "\n".join(TODAY), "amount", "columns_match"),
    "lines within quotes": (HEADER + "\n".join(row.replace("Nice", '"Ni\nce"') for row in TODAY), "shop", None),
    "blank": ("", None, "readable"),
    "no text": ("\x00\x01\x02", None, "readable"),
}


@pytest.fixture(scope="module")
def judged(shelf):
    """The verdicts of one command on all of them."""
    today = FIRST + timedelta(days=DAYS)
    manifest = []
    for name, (text, _, _) in BATCHES.items():
        (shelf / f"{name}.csv").write_text(text)
        manifest.append(entry(name, f"{name}.csv", today))
    manifest.append(entry("no file", "nowhere.csv", today))
    (shelf / "manifest.json").write_text(json.dumps(manifest))
    call_command("judge_batches", shelf / "manifest.json", out=shelf / "out.json", stdout=None)
    return json.loads((shelf / "out.json").read_text())


def entry(name, file, day, folder="history"):
    arrival = f"{day}T05:00:00Z"
    known = {"id": name, "table": "sales", "day": str(day), "file": file, "history_dir": folder}
    return {**known, "history_before": str(day), "arrival": arrival}


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_is_judged_by_those_before_it(judged, name):
    _, column, check = BATCHES[name]
    verdict = judged[name]
    assert verdict["alarm"] is (name != "as usual")
    assert verdict["alarm"] is (verdict["score"] > 1)
    assert column is None or column in verdict["columns"]
    assert check is None or check in verdict["checks"]


def test_lines_within_quotes_are_read_and_judged(judged):
    assert judged["lines within quotes"]["checks"]
    assert "readable" not in judged["lines within quotes"]["checks"]


def test_a_file_that_is_not_there_is_an_alarm_that_says_so(judged):
    assert judged["no file"]["alarm"]
    assert "there is no file" in judged["no file"]["reasons"][0]


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "is not JSON"), ('{"id": 1}', "must hold a list of batches"), (None, "cannot be read")],
)
def test_a_manifest_that_is_none_is_refused_in_words(tmp_path, text, said):
    path = tmp_path / "manifest.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CommandError, match=said):
        call_command("judge_batches", path, out=tmp_path / "out.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"day": "soon"}, "its day is no day"),
        ({"file": ""}, "it lacks file"),
        ({"history_dir": "nowhere"}, "there is no folder"),
    ],
)
def test_an_entry_that_is_wrong_does_not_stop_the_others(shelf, tmp_path, capsys, change, said):
    day = FIRST + timedelta(days=DAYS)
    good = {**entry("good", str(shelf / "as usual.csv"), day), "history_dir": str(shelf / "history")}
    (shelf / "as usual.csv").write_text(BATCHES["as usual"][0])
    (tmp_path / "manifest.json").write_text(json.dumps([{**good, "id": "bad", **change}, good]))
    with pytest.raises(CommandError, match="1 entries could not be judged"):
        call_command("judge_batches", tmp_path / "manifest.json", out=tmp_path / "out.json")
    assert list(json.loads((tmp_path / "out.json").read_text())) == ["good"]
    assert said in capsys.readouterr().err


def test_a_wide_table_is_measured_by_some_columns_at_once_and_its_columns_are_the_same(shelf, monkeypatch):
    path = shelf / "history" / f"sales_{FIRST}.csv"
    held = texts.Texts()
    held.take([texts.File(key="day", day=FIRST, path=path)])
    held.type()
    contract = held.contract(["day"])
    whole = held.profiles(contract, ["day"])["day"]
    monkeypatch.setattr(texts, "AT_ONCE", 3)
    parts = held.profiles(contract, ["day"])["day"]
    assert (parts.columns, parts.rows, parts.metrics) == (whole.columns, whole.rows, whole.metrics)


def test_without_a_history_only_what_is_certain_is_alarmed(shelf, tmp_path):
    (tmp_path / "empty").mkdir()
    (shelf / "as usual.csv").write_text(BATCHES["as usual"][0])
    one = {**entry("first", str(shelf / "as usual.csv"), FIRST), "history_dir": "empty"}
    (tmp_path / "manifest.json").write_text(json.dumps([one]))
    call_command("judge_batches", tmp_path / "manifest.json", out=tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text())["first"]["alarm"] is False


def number(value):
    return Number(value=value, least=0.1)


@pytest.mark.parametrize(
    ("past", "value", "is_unusual"),
    [
        ([10.0] * 9, 10.05, False),
        ([10.0] * 9, 10.5, True),
        ([8.0, 12.0] * 20, 13.0, False),
        ([8.0, 12.0] * 20, 16.0, True),
        ([8.0, 12.0], 16.0, False),
    ],
)
def test_a_number_is_unusual_outside_what_was_seen_and_its_room(past, value, is_unusual):
    band = Band()
    for one in past:
        band.add(number(one), 0, 0.0)
    assert (band.surprise(number(value), 0) > 1) is is_unusual


def test_a_wild_number_widens_a_band_by_a_bounded_step():
    band = Band()
    for _ in range(9):
        band.add(number(10.0), 0, 0.0)
    band.add(number(1e9), 0, band.surprise(number(1e9), 0))
    assert max(band.values) < 11


@pytest.mark.parametrize(
    ("past", "value", "is_unusual"),
    [
        ([0.0] * 20, 1 / 80, False),
        ([0.0] * 20, 3 / 80, True),
        ([0.25, 0.35] * 10, 0.4, False),
        ([0.25, 0.35] * 10, 0.0, True),
        ([1.0] * 20, 0.9, True),
    ],
)
def test_a_share_is_unusual_beyond_what_chance_makes_of_it(past, value, is_unusual):
    band = Band()
    for one in past:
        band.add(share(one, 80), 0, 0.0)
    assert (band.surprise(share(value, 80), 0) > 1) is is_unusual
    assert band.surprise(share(0.0, 80, is_harmless_below=True), 0) <= 1


@pytest.mark.parametrize(
    ("course", "value", "is_unusual"),
    [
        (lambda day: 5.0 if day % 7 < 5 else 4.0, 4.0, True),  # as at a weekend, on a Monday
        (lambda day: 5.0 if day % 7 < 5 else 4.0, 5.05, False),
        (lambda day: 0.1 * day, 1.0, True),  # as it was before it grew
        (lambda day: 0.1 * day, 2.9, False),
        (lambda day: (day * 7 % 10) / 10, 0.1, False),  # no season, no trend
    ],
    ids=["weekday", "its own weekday", "grown", "growing", "neither"],
)
def test_a_number_with_a_season_or_a_trend_is_held_against_it(course, value, is_unusual):
    band = Band()
    for day in range(28):
        one = Number(value=course(day), least=0.1, is_seasonal=True)
        band.add(one, day % 7, band.surprise(one, day % 7))
    assert (band.surprise(Number(value=value, least=0.1, is_seasonal=True), 0) > 1) is is_unusual


def test_what_surprised_in_one_column_makes_nobody_patient_with_another():
    patience = Patience()
    for number in range(20):
        patience.add({("rain", "mean"): 6.0 if number % 5 == 0 else 0.5, ("temp", "null_share"): 0.1})
    assert patience.of(("rain", "mean")) >= 6.0
    assert patience.of(("temp", "null_share")) == 1.0
    assert patience.of(("temp", "mean")) == 1.0


@pytest.mark.parametrize(("values", "wanted"), [([], 1.0), ([9.0], 1.0), ([9.0, 3.0, 1.0], 3.0)])
def test_one_fault_alone_makes_nobody_patient(values, wanted):
    assert second_greatest(values) == wanted


@pytest.mark.parametrize(
    ("held", "kind"), [("2", "month"), ("2.0", "month"), ("February", "%B"), ("20240209", "%Y%m%d"), ("4", "weekday")]
)
def test_a_column_that_says_the_day_is_known_as_one(held, kind):
    column = ColumnProfile(name="c", type="VARCHAR", counted=5, top=(Counted(text=held, rows=5),), is_whole=True)
    assert kind in calendars.kinds(column, date(2024, 2, 9))


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({("price", "mean"): 0.9, ("price", "median"): 0.8, ("price", "q75"): 0.7}, ("mean", "median", "q75")),
        ({("price", "mean"): 0.9, ("weight", "mean"): 0.9, ("size", "mean"): 0.9}, None),
        ({("price", "mean"): 0.9, ("price", "median"): 0.1, ("price", "q75"): 0.1}, None),
        ({("price\nsize", "equal"): 0.9, ("price\nsize", "ordered"): 0.9, ("", "row_count_between"): 0.9}, None),
    ],
    ids=["near the edge together", "of other columns", "far from it", "not of one column"],
)
def test_numbers_of_one_column_count_together(found, told):
    known = joint(found.items())
    assert told is None or known["price"].score > 1
    assert (known["price"].checks if known else None) == told


def test_what_surprises_by_several_numbers_at_once_names_them():
    learner = taught(40)
    strange = past.batch(40, price=[1.18 * value for value in prices(40)])
    found = [one for one in learner.judge(strange.profile, strange.day) if one.score > 1]
    assert [one.column for one in found] == ["price"]
    assert found[0].beside
    told = explained(learner, strange.profile, strange.day, found, sensitivity=1.0)[0]
    assert told.low <= told.value <= told.high, "none of the numbers is unusual by itself"
    assert "That much is allowed by itself, but not together with" in told.words
    assert told.words.count(" in price ") == 3


def prices(day):
    chance = random.Random(day)
    much = chance.uniform(95, 105)
    return [chance.gauss(much, 20) for _ in range(200)]


def taught(days):
    batches = [past.batch(day, price=prices(day)) for day in range(days)]
    learner = Learner([batch.profile for batch in batches[:7]])
    for batch in batches:
        learner.learn(batch.profile, batch.day)
    return learner


def test_columns_that_are_missing_or_new_are_told_apart():
    found = list(differences([["a", "b"], ["a", "b"]], ["a", "c"]))
    assert [(one.column, one.words) for one in found] == [("b", "missing: b"), ("c", "new: c")]
