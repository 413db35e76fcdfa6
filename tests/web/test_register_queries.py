"""A page of the form asks the database a fixed number of times, however much stands in the draft or the catalogue."""

import pytest

from pipelines_app.definitions import drafts
from tests.factories import make_dataset
from tests.web.registering import editor

pytestmark = pytest.mark.django_db

PAGES = {"source": 6, "look": 6, "steps": 9, "checks": 11, "when": 10, "review": 14, "yaml": 6}


def document(steps):
    return {
        "pipeline": "orders",
        "team": "shop",
        "sources": {"raw.orders": {"format": "csv", "columns": {"id": "BIGINT"}}},
        "steps": [{"dataset": f"mart.m{place}", "sql": "SELECT id FROM raw.orders"} for place in range(steps)],
    }


@pytest.mark.parametrize(("which", "queries"), PAGES.items())
def test_a_page_asks_as_often_for_many_steps_as_for_one(client, django_assert_num_queries, which, queries):
    user = editor(client)
    for steps in (1, 4):
        draft = drafts.begin(user, document(steps))
        make_dataset(f"core.other_{steps}", columns=[{"name": "id", "type": "BIGINT"}])
        client.get(f"/register/{draft.pk}/{which}/")  # what is kept in memory is there from now on
        with django_assert_num_queries(queries):
            client.get(f"/register/{draft.pk}/{which}/")
