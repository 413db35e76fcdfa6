"""A file that is written otherwise than it seemed is looked at again, and its columns are proposed anew."""

import pytest

from tests.web.registering import begun, editor, fields_of, words

pytestmark = pytest.mark.django_db

# Commas seem to part it; it is bars that do.
BARRED = b"id|name, first|price\n1|M\xc3\xbcller, Eva|2.50\n2|Meyer, Ann|3.50\n3|Frey, Max|4.50\n"
CODED = "id,größe\n1,2\n2,3\n".encode("cp1252")


def columns(filling):
    return filling.draft.document["sources"]["raw.orders"]["columns"]


def test_another_delimiter_brings_other_columns(client):
    editor(client)
    filling = begun(client, content=BARRED)
    filling.send("look", delimiter=",", button="read")
    assert list(columns(filling)) == ["id|name", "first|price"]
    answer = filling.send("look", delimiter="|")
    assert answer["Location"].endswith("/look/?source=raw.orders")
    assert columns(filling) == {"id": "BIGINT", "name, first": "VARCHAR", "price": "DOUBLE"}
    page = words(filling.open("look"))
    assert "the sample has other columns: here they are" in page
    assert "Read as declared here, all 3 rows fit" in page
    assert filling.send("look")["Location"].endswith("/steps/")


def test_another_encoding_brings_other_names_and_keeps_a_type_that_was_chosen(client):
    editor(client)
    filling = begun(client, content=CODED)
    filling.send("look", encoding="cp1252", **{"columns-0-type": "VARCHAR"})
    assert columns(filling) == {"id": "VARCHAR", "größe": "BIGINT"}
    filling.send("look", encoding="utf-16", button="read")
    assert filling.open("look").status_code == 200


def test_a_header_that_is_none_names_the_columns_by_their_place(client):
    editor(client)
    filling = begun(client, content=b"id,v\n1,2\n2,3\n")
    filling.send("look", without=["header"], button="read")
    assert list(columns(filling)) == ["column_1", "column_2"]
    assert fields_of(filling.open("look"))["columns-0-name"] == "column_1"


def test_an_encoding_that_the_file_is_not_in_is_told_at_its_field(client):
    editor(client)
    filling = begun(client, content=CODED)
    answer = filling.send("look", encoding="utf-16")
    assert answer.status_code == 422
    assert "Encoding: " in words(answer)
