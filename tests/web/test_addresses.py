"""Whoever types an address need not know whether it ends in a slash; what is sent goes to the one address there is."""

import re

import pytest
from django.urls import Resolver404, resolve

from tests.security.routes import CONSOLE

pytestmark = pytest.mark.django_db
ADDRESSES = sorted({re.sub("{.*?}", "1", row.address) for row in CONSOLE} - {"/"})


def other(address):
    return address.rstrip("/") if address.endswith("/") else f"{address}/"


def test_every_page_is_found_with_a_slash_and_without_one(client):
    for address in ADDRESSES:
        try:
            resolve(other(address))
        except Resolver404:
            answer = client.get(f"{other(address)}?state=all&q=%C3%A4")
            assert (answer.status_code, answer.get("Location")) == (302, f"{address}?state=all&q=%C3%A4"), address
            assert client.post(other(address)).status_code == 404, address


@pytest.mark.parametrize("address", ["/nothing", "/nothing/", "/datasets/ä/b/", "//", "//evil.example/", "//datasets/"])
def test_what_is_nowhere_stays_nowhere(client, address):
    assert client.get("/nothing", PATH_INFO=address).status_code == 404


def test_a_name_that_needs_quoting_keeps_its_quotes(client):
    assert client.get("/datasets/a%3Fb%20c/")["Location"] == "/datasets/a%3Fb%20c"


def test_the_api_has_one_spelling_of_each_address(client):
    found = {client.get(address).status_code for address in ("/api/v1/pipelines", "/api/v1/pipelines/")}
    assert found == {401, 404}
