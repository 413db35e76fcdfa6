"""From files to promises between datasets: values among another's key, rows and sums as in what they are made from."""

import pytest
import yaml

from controlplane import sweep
from monitoring_app.expectations import deciding, exporting, looking, trying
from monitoring_app.learning import besides, measures, promise_checks, promise_words
from monitoring_app.learning.promises import Batch, Beside, Kind, Measured
from monitoring_app.models import Alert, Expectation
from monitoring_app.profiling.profile import ColumnProfile, Counted
from pipelines_app.compiler import check_catalogue
from pipelines_app.models import Dataset
from tests import factories, road
from tests.monitoring import past
from tests.profiling import shop

PLACES = """
pipeline: places
team: shop
sources:
  raw.towns:
    format: csv
    columns: {town: VARCHAR, people: INTEGER}
"""
SALES = """
pipeline: sales
team: shop
sources:
  raw.sales:
    format: csv
    period: day
    from: sales_{period}.csv
    columns: {id: INTEGER, town: VARCHAR, amount: INTEGER, sold_on: DATE}
steps:
  - dataset: staging.sales
    sql: SELECT id, town, amount, sold_on FROM raw.sales WHERE sold_on = $period AND amount < 100
    materialise: {kind: incremental, by: period}
  - dataset: mart.sold
    sql: SELECT sold_on, town, count(*)::INTEGER AS sales, sum(amount)::BIGINT AS amount FROM staging.sales
      WHERE sold_on = $period GROUP BY ALL
    materialise: {kind: incremental, by: period}
"""
TOWNS = ("Bern", "Chur", "Genf", "Thun", "Wil")


def send(day: int, *, town: str = "", dear: int = 0) -> None:
    """A day's sales; the last of them in another town, the first of them too dear to go on."""
    when = f"2024-05-{day:02}"
    amounts = [200 if n < dear else 1 + (n * day) % 90 for n in range(60)]
    lines = [f"{day * 1000 + n},{TOWNS[min(n % 7, 4)]},{amount},{when}" for n, amount in enumerate(amounts)]
    lines += [f"{day * 1000 + 99},{town},5,{when}"] if town else []
    body = "\n".join(["id,town,amount,sold_on", *lines, ""]).encode()
    road.send("raw.sales", body, name=f"sales_{when}.csv")
    carry()


def carry() -> None:
    road.drain()
    shop.measure()
    road.drain()


def the(dataset, kind, *columns) -> Expectation:
    found = Expectation.objects.filter(dataset__name=dataset, kind=kind)
    return next(one for one in found if one.columns == list(columns))


@pytest.fixture
def learned(db):
    """Five days beside five towns, looked at."""
    road.register_yaml(PLACES)
    road.register_yaml(SALES)
    towns = "\n".join(["town,people", *(f"{name},{n + 7}000" for n, name in enumerate(TOWNS)), ""])
    road.send("raw.towns", towns.encode(), name="towns.csv")
    carry()
    for day in range(1, 6):
        send(day)
    sweep.keep_house()


def test_values_among_another_key_are_proposed_judged_and_written_as_a_check(learned, django_assert_max_num_queries):
    found = the("raw.sales", "references", "town")
    assert found.sentence == "town is among the town of raw.towns"
    assert (found.kept, found.seen, found.parameters["dataset"], found.parameters["to"]) == (5, 5, "raw.towns", "town")
    assert not Expectation.objects.filter(dataset__name="raw.towns", kind="references").exists()
    assert exporting.entries([found]) == [
        {"references": {"column": "town", "dataset": "raw.towns", "severity": "warn"}}
    ]
    assert [one.judged.is_kept for one in trying.tried(found).tried] == [True] * 5
    deciding.accept(found, actor="user:ana")
    send(6, town="Atlantis")
    told = Alert.objects.get(rule="expectation", subject="raw.sales")
    assert "town is among the town of raw.towns: it was 1.64 % (Atlantis)" in told.what
    send(7)
    told.refresh_from_db()
    assert told.state == "resolved"
    with django_assert_max_num_queries(60):
        looking.look(Dataset.objects.get(name="raw.sales"))
    found.refresh_from_db()
    assert found.sentence == "town is among the town of raw.towns"  # one exception is no rule


def test_rows_and_sums_are_held_against_what_they_are_made_from(learned, client):
    rows = the("staging.sales", "row_count_equals")
    assert rows.sentence == "there are as many rows as in raw.sales for the same period"
    counted, summed = (the("mart.sold", "aggregate_equals_other", name) for name in ("sales", "amount"))
    assert counted.sentence == "sales adds up to the number of rows of staging.sales for the same period"
    assert summed.sentence == "amount adds up to the amount of staging.sales for the same period"
    assert (summed.kept, summed.seen) == (5, 5)
    assert exporting.lines([rows]).startswith("# kept by the watch alone: there are as many rows")
    client.force_login(factories.make_user("vic", team=road.team("shop")))
    for one in (rows, counted, summed):
        deciding.accept(one, actor="user:ana")
        assert one.sentence in client.get(f"/expectations/{one.pk}/").content.decode()
        assert one.sentence in client.get(f"/datasets/{one.dataset.name}/expectations").content.decode()
    send(6, dear=6)
    (told,) = Alert.objects.filter(rule="expectation")
    assert told.subject == "staging.sales"
    assert "as many rows as in raw.sales for the same period: it was 10 % apart" in told.what
    send(7)
    told.refresh_from_db()
    assert told.state == "resolved"


def column(*texts: str, is_whole: bool = True, below: int = 100, kind: str = "VARCHAR") -> ColumnProfile:
    """A column whose values are hashed to their numbers."""
    top = tuple(Counted(text=text, rows=1) for text in texts)
    sketch = {int(text): 1 for text in texts if int(text) < below}
    return ColumnProfile(name="c", type=kind, top=top, is_whole=is_whole, sketch=sketch, sketched_below=below)


@pytest.mark.parametrize(
    ("own", "other", "share", "what"),
    [
        (column("1", "2"), column("1", "2", "3"), 0.0, ()),
        (column("1", "2", "9", "8"), column("1", "2"), 0.5, ("9", "8")),
        (column("1", "2", "9", "8"), column("1", "2", is_whole=False), 0.5, ()),
        (column("1", "50"), column("1", "2", is_whole=False, below=10), 0.0, ()),
    ],
)
def test_what_is_astray_is_told_by_the_hashes_below_which_both_know_all(own, other, share, what):
    found = besides.astray(own, other)
    assert (found.high, found.what) == (share, what)


def test_what_cannot_be_compared_is_not():
    assert besides.astray(column("1"), column("1", kind="BIGINT")) is None
    assert besides.astray(column(), column("1")) is None
    assert besides.astray(column("1"), column()) is None
    assert [besides.apart(*one) for one in ((None, 1.0), (1.0, None), (0.0, 0.0))] == [None] * 3
    assert [besides.apart(*one).high for one in ((3.0, 0.0), (100.0, 100.00000001), (90.0, 100.0))] == [1.0, 0.0, 0.1]


def held(beside: Beside, *shares: float) -> list[Batch]:
    found = [Measured(low=one, high=one, of=100.0) for one in shares]
    return [Batch(profile=past.batch(n).profile, day=past.FIRST, beside={beside: one}) for n, one in enumerate(found)]


@pytest.mark.parametrize(
    ("beside", "shares", "entry"),
    [
        (Beside(kind=Kind.SAME_ROWS, dataset="a.b"), [0.0] * 5, {"row_count_equals": {"dataset": "a.b"}}),
        (Beside(kind=Kind.SAME_ROWS, dataset="a.b"), [0.0, 0.1, 0.0, 0.2], None),
        (Beside(kind=Kind.REFERENCES, dataset="a.b", column="c", to="d"), [0.4] * 5, None),
        (
            Beside(kind=Kind.SAME_SUM, dataset="a.b", column="c", to="d"),
            [0.0] * 5,
            {"aggregate_equals_other": {"column": "c", "aggregate": "sum", "dataset": "a.b", "to": "d"}},
        ),
    ],
)
def test_only_what_came_out_well_is_promised_and_as_a_check_that_a_definition_takes(beside, shares, entry):
    batches = held(beside, *shares)
    promised = besides.worth_promising([one.beside for one in batches])
    assert len(promised) == (entry is not None)
    for promise in promised:
        assert promise.beside == beside
        assert measures.judge(promise, batches[0]).measured.high == 0
        assert promise_words.sentence(promise)
        (said,) = promise_checks.entries(promise, "block", "a.own")
        assert said[next(iter(entry))].items() >= entry[next(iter(entry))].items()
        assert check_catalogue.parse(yaml.safe_load(yaml.safe_dump(said)), "checks[0]")
