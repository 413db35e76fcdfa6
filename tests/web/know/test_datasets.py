"""The catalogue and a dataset's page."""

import csv
import io

import pytest

from pipelines_app.models import Dataset, Slot, SlotState
from tests import factories, road
from tests.web.know.conftest import DAY, signed_in, taken

TABS = ["overview", "rows", "schema", "profile", "versions", "checks", "lineage", "arrivals", "use"]
HOSTILE = ["<script>alert(1)</script>", "x" * 2000, "‮‭ عربى 🛩", ""]


def page(client, path, **query):
    answer = client.get(path, query)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def test_the_catalogue_shows_state_rows_and_version(published, vic):
    shown = page(vic, "/datasets")
    assert "mart.shops" in shown
    assert "raw.orders" in shown
    assert shown.count('class="word">Fresh') == 2


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "shop"}, {"mart.shops"}),
        ({"q": "MART shops"}, {"mart.shops"}),
        ({"layer": "raw"}, {"raw.orders"}),
        ({"team": "people"}, set()),
        ({"state": "fresh"}, {"mart.shops", "raw.orders"}),
        ({"state": "waiting"}, set()),
    ],
)
def test_filters_are_in_the_address(published, vic, query, expected):
    shown = page(vic, "/datasets", **query)
    assert {name for name in ("mart.shops", "raw.orders") if f">{name}</a>" in shown} == expected
    assert ("No dataset fits these filters" in shown) == (not expected)


def test_a_late_source_makes_what_is_made_from_it_late_too(published, vic):
    slot = factories.make_slot(Dataset.objects.get(name="raw.orders"), period="2013-01-06", state=SlotState.LATE)
    assert page(vic, "/datasets", state="late").count('class="word">Late') == 2
    assert "was due" in page(vic, "/datasets/mart.shops")
    Slot.objects.filter(pk=slot.pk).update(state=SlotState.WAIVED)
    assert "No dataset fits" in page(vic, "/datasets", state="late")


def test_an_empty_catalogue_says_how_datasets_come_to_be(vic):
    assert "A pipeline turns arriving files into datasets" in page(vic, "/datasets")


def test_a_restricted_dataset_is_not_there_for_others(published, bonuses, vic, oto):
    assert "mart.bonuses" not in page(vic, "/datasets")
    assert "mart.bonuses" in page(oto, "/datasets")
    assert vic.get("/datasets/mart.bonuses").status_code == 404
    assert vic.get("/datasets/mart.bonuses/download").status_code == 404


def test_the_catalogue_is_a_csv_too_without_formulas(published, vic):
    Dataset.objects.filter(name="mart.shops").update(description="=1+1")
    text = b"".join(vic.get("/datasets", {"format": "csv"}).streaming_content).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["name"] for row in rows] == ["mart.shops", "raw.orders"]
    assert rows[0]["description"] == "'=1+1"
    assert rows[1]["rows"] == "3"


def test_the_catalogue_costs_the_same_for_any_number_of_datasets(published, vic, django_assert_num_queries):
    with django_assert_num_queries(6):  # session, user, open alerts, datasets, teams, those of other tools
        page(vic, "/datasets")
    for _ in range(20):
        factories.make_dataset(team=published.dataset.team)
    with django_assert_num_queries(6):
        page(vic, "/datasets")


def test_pages_of_the_catalogue_hold_while_datasets_are_added(sales, vic):
    for number in range(130):
        factories.make_dataset(f"raw.table_{number:03}", team=sales)
    first = page(vic, "/datasets")
    assert "raw.table_099" in first
    assert "raw.table_100" not in first
    second = page(vic, "/datasets", after="raw.table_099")
    assert "raw.table_100" in second
    assert "raw.table_129" in second


@pytest.mark.parametrize("tab", TABS)
def test_every_part_of_the_page_is_there_before_and_after_the_first_version(orders, ana, tab):
    page(ana, "/datasets/raw.orders", tab=tab)
    page(ana, "/datasets/mart.shops", tab=tab)
    road.send("raw.orders", DAY, name="orders_2013-01-05.csv")
    road.drain()
    page(ana, "/datasets/raw.orders", tab=tab)
    page(ana, "/datasets/mart.shops", tab=tab)


COSTS = {
    "overview": 22,
    "rows": 7,
    "schema": 7,
    "profile": 6,
    "versions": 7,
    "checks": 10,
    "lineage": 15,
    "arrivals": 9,
    "use": 8,
}


@pytest.mark.parametrize("tab", TABS)
def test_a_part_of_the_page_costs_the_same_for_any_number_of_rows(published, ana, tab, django_assert_num_queries):
    page(ana, "/datasets/raw.orders", tab=tab)  # what stays in memory is in memory
    with django_assert_num_queries(COSTS[tab]):
        page(ana, "/datasets/raw.orders", tab=tab)
    for day in range(6, 9):
        road.send("raw.orders", DAY + b"x,bad,row\n", name=f"orders_2013-01-{day:02}.csv")
    road.drain()
    with django_assert_num_queries(COSTS[tab]):
        page(ana, "/datasets/raw.orders", tab=tab)


def test_the_overview_says_where_it_comes_from_and_how_its_checks_went(published, vic):
    shown = page(vic, "/datasets/mart.shops")
    assert "raw.orders" in shown
    assert "shop is different in every row" in shown
    assert 'hx-get="?part=preview"' in shown
    assert f"/versions/{published.run.steps.get(dataset__name='mart.shops').version_id}" in shown


def test_the_first_rows_come_as_a_part_and_as_a_page(published, vic):
    part = vic.get("/datasets/mart.shops?part=preview", headers={"HX-Request": "true"})
    assert part["Vary"].startswith("HX-Request")
    assert "<html" not in part.content.decode()
    assert "north" in part.content.decode()
    whole = page(vic, "/datasets/mart.shops", tab="rows")
    assert "north" in whole
    assert "Rows 1 to 2 of 2, version 1" in whole


def test_rows_come_in_pages(orders, vic):
    lines = b"".join(b"%d,s%d,1\n" % (number, number) for number in range(120))
    road.send("raw.orders", b"id,shop,amount\n" + lines, name="orders_2013-01-05.csv")
    road.drain()
    first = page(vic, "/datasets/raw.orders", tab="rows")
    assert "offset=50" in first
    last = page(vic, "/datasets/raw.orders", tab="rows", offset=100)
    assert "Rows 101 to 120 of 120" in last
    assert "offset=150" not in last


@pytest.mark.parametrize(
    ("format", "begins"),
    [("csv", b"shop,orders,amount"), ("jsonl", b'{"shop":'), ("parquet", b"PAR1"), ("tsv", b"shop\torders")],
)
def test_the_current_version_is_there_to_take_away(published, vic, format, begins):
    answer = vic.get("/datasets/mart.shops/download", {"format": format})
    assert answer["Content-Disposition"] == f'attachment; filename="mart.shops.v1.{format}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert taken(answer).startswith(begins)


def test_there_is_nothing_to_take_away_before_the_first_version(orders, vic):
    assert vic.get("/datasets/mart.shops/download").status_code == 404
    assert vic.get("/datasets/mart.shops/download", {"format": "exe"}).status_code == 404


def test_how_to_read_it_can_be_copied(published, ana):
    shown = page(ana, "/datasets/raw.orders", tab="use")
    assert "FROM raw.orders" in shown
    assert "/api/v1/datasets/raw.orders/rows?limit=100" in shown
    assert "New webhook" in shown


def test_the_schema_tells_its_history(published, vic):
    road.register_yaml(ORDERS_WIDER)
    road.send("raw.orders", b"id,shop,amount,note\n1,a,1,x\n", name="orders_2013-01-06.csv")
    road.drain()
    shown = page(vic, "/datasets/raw.orders", tab="schema")
    assert "3 columns to begin with" in shown
    assert "note was added, VARCHAR" in shown


ORDERS_WIDER = """
pipeline: orders
team: sales
sources:
  raw.orders:
    format: csv
    period: day
    from: orders_{period}.csv
    mode: partition
    columns: {id: INTEGER, shop: VARCHAR, amount: DOUBLE, note: VARCHAR}
"""


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_texts_break_nothing(published, sales, hostile):
    Dataset.objects.filter(name="mart.shops").update(description=hostile)
    viewer = signed_in(factories.make_user("eve", team=sales))
    for shown in (page(viewer, "/datasets"), page(viewer, "/datasets/mart.shops")):
        assert "<script>alert" not in shown


def test_what_was_kept_back_is_said_and_readers_keep_the_last_good_version(published, vic):
    road.send("raw.orders", b"id,shop,amount\nx,a,1\ny,b,2\n3,c,3\n", name="orders_2013-01-05.csv")
    road.drain()
    shown = page(vic, "/datasets/raw.orders")
    assert "Kept back:" in shown
    assert "Readers still see version 1" in shown
    assert 'class="word">Quarantined' in page(vic, "/datasets")
    road.send("raw.orders", DAY + b"4,east,1\n", name="orders_2013-01-05.csv")
    road.drain()
    assert "Kept back:" not in page(vic, "/datasets/raw.orders")
