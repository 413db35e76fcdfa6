"""What is taken away: always as an attachment that no browser guesses about, and with no formula in it."""

import csv
import io

import pytest

from pipelines_app.models import Role
from tests import factories, road
from tests.security.world import DAY, OPEN

CELLS = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\uff1d1", "<script>alert(1)</script>", "plain"]
BODY = ("id,shop,amount\n" + "".join(f'{n},"{cell}",{n}.5\n' for n, cell in enumerate(CELLS, start=1))).encode()
TAKEN = [
    "/datasets/mart.shops/download?format=csv",
    "/datasets/mart.shops/download?format=tsv",
    "/api/v1/datasets/mart.shops/download?format=csv",
]
PAGES = ["/datasets/mart.shops?tab=rows", "/datasets/raw.orders?tab=rows", "/datasets/mart.shops"]


@pytest.fixture
def editor(db, client):
    road.register_yaml(OPEN)
    client.force_login(factories.make_user("=ed", team=road.team("people"), role=Role.ADMIN))
    road.send("raw.orders", BODY, name=f"orders_{DAY}.csv", sender="=HYPERLINK(1)")
    road.drain()
    return client


def taken(answer):
    text = b"".join(answer.streaming_content)
    if getattr(answer, "file_to_stream", None):
        answer.file_to_stream.close()
    assert answer.headers["Content-Disposition"].startswith("attachment; filename"), answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return text


@pytest.mark.parametrize("address", TAKEN)
def test_no_cell_of_a_download_is_a_formula(editor, address):
    text = taken(editor.get(address)).decode()
    rows = list(csv.reader(io.StringIO(text), delimiter="\t" if "tsv" in address else ","))
    cells = [row[0] for row in rows[1:]]
    assert sorted(cells) == sorted(cell if cell[0] in "<p" else f"'{cell}" for cell in CELLS)


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
@pytest.mark.parametrize("below", ["", "/api/v1"])
def test_other_formats_are_attachments_with_their_values_untouched(editor, below, format):
    assert b"=cmd|" in taken(editor.get(f"{below}/datasets/mart.shops/download?format={format}"))


@pytest.mark.parametrize("address", ["/arrivals", "/events/", "/runs/", "/audit", "/datasets", "/pipelines/"])
def test_no_list_taken_as_csv_holds_a_formula(editor, address):
    editor.post("/team/people/members", {"username": "=ed", "role": "admin"})
    rows = list(csv.reader(io.StringIO(taken(editor.get(address, {"format": "csv"})).decode())))
    assert len(rows) > 1
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "@", "\t", "\uff1d")]


def test_an_original_is_taken_away_as_it_came_under_a_name_that_breaks_no_header(editor):
    for number, name in enumerate(['a"b.csv', "x;y.csv", "é\u202e.csv", "n\r\nX-Evil: 1.csv"], start=10):
        arrival = road.send("raw.orders", BODY, name=name, period=f"2013-02-{number}")
        answer = editor.get(f"/arrivals/{arrival.pk}/original")
        assert taken(answer) == BODY
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("address", PAGES)
def test_a_hostile_cell_is_text_on_a_page(editor, address):
    page = editor.get(address, headers={}).content.decode()
    part = editor.get(f"{address.partition('?')[0]}?part=preview", headers={"HX-Request": "true"}).content.decode()
    assert "<script>alert(1)" not in page + part
    assert "&lt;script&gt;alert(1)" in page + part
