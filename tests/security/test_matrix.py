"""Every address by every role: what `routes.py` says, and nothing of what is restricted to those who may not see it."""

import re

import pytest
from django.db import transaction
from django.urls import URLPattern, get_resolver, resolve

from pipelines_app.compiler import documents
from tests.security.routes import ROWS
from tests.security.world import ROLES, Things

pytestmark = pytest.mark.django_db
FILES = {"raw.orders": b"id,shop,amount\n9,north,1\n", "raw.hush_salaries": b"hush_id,hush_name,pay\n9,hush-eve,1\n"}


@pytest.fixture
def _django_db_helper():
    """The world is one transaction for all tests here: none of their own."""


def patterns(resolver=None, prefix=""):
    """Every route of the URLconf."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from patterns(entry, route)


def test_every_route_has_a_row():
    declared = [resolve(re.sub("{.*?}", _filled, row.address)).route for row in ROWS]
    known = list(patterns())
    assert sorted(set(known)) == sorted(set(declared))
    assert len(declared) == len(set(declared)), "a route has two rows"


def _filled(match):
    return {"{pipeline}": "a-b", "{dataset}": "raw.a", "{made}": "mart.a"}.get(match.group(), "1")


class Asking:
    """One row asked for one pipeline's things."""

    def __init__(self, row, world, things: Things):
        self.row, self.world = row, world
        self.names = {"pipeline": things.pipeline, "dataset": things.dataset, "made": things.made}
        self.names |= things.ids | world.ids
        self.address = (row.address + row.query).format(**self.names)
        # What is said of a file that is sent means nothing to a list.
        self.read = self.address.partition("?")[0] if row.body == "file" else self.address
        self.things = things

    def get(self, role, **headers):
        client = self.world.clients[role]
        return self._taken_back(client, lambda: client.get(self.read, headers=headers))

    def post(self, role, **headers):
        client = self.world.clients[role]
        send = getattr(client, self.row.method)
        more = {"content_type": self.row.kind} if self.row.kind else {}
        return self._taken_back(client, lambda: send(self.address, self._body(), headers=headers, **more))

    def _body(self):
        if self.row.body == "document":
            return self.world.documents[self.things.pipeline]
        if self.row.body == "files":
            return {"files": {"one.yaml": documents.to_yaml(self.world.documents[self.things.pipeline])}}
        if self.row.body == "file":
            return FILES[self.things.dataset]
        body = {key: value.format(**self.names) for key, value in self.row.body.items()}
        return {**body, "dataset": self.things.dataset} if self.row.address == "/upload" else body

    def _taken_back(self, client, ask):
        cookies = client.cookies.copy()
        with transaction.atomic():
            answer = ask()
            said = b"".join(answer.streaming_content) if answer.streaming else answer.content
            answer.said = said.decode(errors="replace")
            if getattr(answer, "file_to_stream", None):
                answer.file_to_stream.close()
            transaction.set_rollback(True)
        client.cookies = cookies
        return answer


def named(row):
    return row.address


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_each_role_is_answered_as_the_table_says(world, row):
    asking = Asking(row, world, world.hidden)
    got = [
        " ".join(str(asking.get(role).status_code) for role in ROLES),
        " ".join(str(asking.get(role, **{"HX-Request": "true"}).status_code) for role in ROLES),
        " ".join(str(asking.post(role).status_code) for role in ROLES),
    ]
    assert got == [row.get, row.get, row.post], asking.address


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_another_team_reads_what_is_open_and_changes_nothing(world, row):
    asking = Asking(row, world, world.open)
    reads, writes = (int(codes.split()[ROLES.index("other")]) for codes in (row.get, row.post))
    expected = row.open or (200 if reads == 404 and "/nothing" not in row.address else reads, writes)
    assert (asking.get("other").status_code, asking.post("other").status_code) == expected
