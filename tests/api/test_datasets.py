"""Datasets through the API: what there is, its rows page by page, and files to take away."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest

from pipelines_app import lake
from pipelines_app.models import Dataset, DatasetVersion, VersionState
from tests import road
from tests.api.callers import refused
from tests.api.conftest import DAY

pytestmark = pytest.mark.django_db


def test_a_dataset_says_what_readers_see(published, ana):
    told = ana.get("/datasets/raw.orders").json()
    assert (told["name"], told["layer"], told["team"], told["pipeline"]) == ("raw.orders", "raw", "sales", "orders")
    assert told["columns"][0] == {"name": "id", "type": "INTEGER"}
    assert (told["current"]["number"], told["current"]["total_rows"]) == (1, 3)
    names = [one["name"] for one in ana.get("/datasets").json()["results"]]
    assert names == ["mart.shops", "raw.orders"]
    assert [one["name"] for one in ana.get("/datasets", is_source="true").json()["results"]] == ["raw.orders"]


def test_a_dataset_without_a_version_says_so(orders, ana):
    assert ana.get("/datasets/raw.orders").json()["current"] is None
    assert "nothing was published" in refused(ana.get("/datasets/raw.orders/rows"), 404, "not_found")["detail"]


def test_versions_tell_what_they_were_made_from_and_how_they_kept_their_promises(published, ana):
    made = ana.get("/datasets/mart.shops/versions").json()["results"][0]
    whole = ana.get(f"/versions/{made['id']}").json()
    read = DatasetVersion.objects.get(dataset__name="raw.orders")
    assert whole["inputs"] == [{"restricted": False, "version": read.pk, "dataset": "raw.orders", "number": 1}]
    assert [(one["check"], one["passed"]) for one in whole["check_results"]] == [("unique_shop", True)] or whole[
        "check_results"
    ][0]["passed"]


def test_an_input_the_caller_may_not_see_is_only_counted(published, eve):
    Dataset.objects.filter(name="raw.orders").update(restricted=True)
    made = DatasetVersion.objects.get(dataset__name="mart.shops")
    assert eve.get(f"/versions/{made.pk}").json()["inputs"] == [{"restricted": True}]
    refused(eve.get(f"/versions/{DatasetVersion.objects.get(dataset__name='raw.orders').pk}"), 404, "not_found")


def test_rows_are_objects_by_column(published, ana):
    told = ana.get("/datasets/raw.orders/rows").json()
    assert told["results"] == [
        {"id": 1, "shop": "north", "amount": 2.5},
        {"id": 2, "shop": "south", "amount": 4.0},
        {"id": 3, "shop": "north", "amount": 1.0},
    ]
    assert told["columns"][1] == {"name": "shop", "type": "VARCHAR"}
    assert told["next"] is None


def test_columns_can_be_chosen(published, ana):
    assert ana.get("/datasets/raw.orders/rows", columns="shop,id").json()["results"][0] == {"shop": "north", "id": 1}
    problem = refused(ana.get("/datasets/raw.orders/rows", columns="shopp"), 422, "statement_refused")
    assert problem["problems"][0]["suggestion"] == "shop"


def test_pages_of_rows_stay_with_their_version(published, ana):
    page = ana.get("/datasets/raw.orders/rows", limit=2).json()
    assert [row["id"] for row in page["results"]] == [1, 2]
    road.send("raw.orders", b"id,shop,amount\n9,new,1\n", name="orders_2013-01-05.csv")
    road.drain()
    rest = ana.get(page["next"]).json()
    assert [row["id"] for row in rest["results"]] == [3]
    assert rest["version"] == page["version"]
    assert rest["next"] is None
    assert [row["id"] for row in ana.get("/datasets/raw.orders/rows").json()["results"]] == [9]
    old = ana.get("/datasets/raw.orders/rows", version=page["version"]).json()
    assert [row["id"] for row in old["results"]] == [1, 2, 3]


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "1001"}, {"limit": "x"}, {"version": "x"}, {"after": "x"}])
def test_a_page_that_is_none_is_refused(published, ana, query):
    refused(ana.get("/datasets/raw.orders/rows", **query), 422, "invalid")


def test_a_cursor_of_another_dataset_opens_nothing(published, ana):
    page = ana.get("/datasets/raw.orders/rows", limit=2).json()
    refused(ana.get(page["next"].replace("raw.orders", "mart.shops")), 404, "not_found")


def test_a_quarantined_version_is_shown_to_those_who_can_mend_it(orders, ana, vic):
    road.send("raw.orders", b"id,shop,amount\n,north,1\n", name="orders_2013-01-05.csv")
    road.drain()
    held = DatasetVersion.objects.get(state=VersionState.QUARANTINED)
    assert ana.get("/datasets/raw.orders/rows", version=held.pk).json()["results"] == [
        {"id": None, "shop": "north", "amount": 1.0}
    ]
    refused(vic.get("/datasets/raw.orders/rows", version=held.pk), 404, "not_found")


def body_of(answer):
    assert answer.status_code == 200, answer.content
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    return b"".join(answer.streaming_content)


def exports():
    folder = lake.root() / "exports"
    return list(folder.iterdir()) if folder.exists() else []


def test_a_download_is_all_rows_in_each_format_and_leaves_no_file(published, ana):
    expected = [(1, "north", 2.5), (2, "south", 4.0), (3, "north", 1.0)]
    rows = list(csv.reader(io.StringIO(body_of(ana.get("/datasets/raw.orders/download")).decode())))
    assert rows[0] == ["id", "shop", "amount"]
    assert [(int(a), b, float(c)) for a, b, c in rows[1:]] == expected
    lines = body_of(ana.get("/datasets/raw.orders/download", format="jsonl")).decode().splitlines()
    assert [tuple(json.loads(line).values()) for line in lines] == expected
    table = pq.read_table(io.BytesIO(body_of(ana.get("/datasets/raw.orders/download", format="parquet"))))
    assert [tuple(row.values()) for row in table.to_pylist()] == expected
    assert exports() == []


def test_a_download_that_is_broken_off_leaves_no_file(published, ana):
    ana.get("/datasets/raw.orders/download").close()
    assert exports() == []


def test_a_formula_leaves_the_house_as_text(orders, ana):
    road.send("raw.orders", b"id,shop,amount\n1,=1+1,1\n", name="orders_2013-01-05.csv")
    road.drain()
    assert b"'=1+1" in body_of(ana.get("/datasets/raw.orders/download"))


def test_a_format_nobody_writes_is_refused(published, ana):
    refused(ana.get("/datasets/raw.orders/download", format="xlsx"), 422, "invalid")


def test_rows_of_several_files_come_in_one_order(orders, ana):
    for day in ("2013-01-05", "2013-01-06"):
        road.send("raw.orders", DAY.replace(b"north", day.encode()), name=f"orders_{day}.csv")
        road.drain()
    seen = []
    address = "/datasets/raw.orders/rows"
    page = ana.get(address, limit=1).json()
    while page["next"]:
        seen += page["results"]
        page = ana.get(page["next"]).json()
    seen += page["results"]
    assert [row["id"] for row in seen] == [1, 2, 3, 1, 2, 3]
