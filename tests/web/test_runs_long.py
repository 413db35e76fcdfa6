"""The list of runs of a long history: no filter has the database sort, or walk through, what it does not show."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import factories

pytestmark = pytest.mark.django_db
INSTEAD = ("SET LOCAL enable_seqscan = off", "SET LOCAL enable_sort = off", "SET LOCAL enable_bitmapscan = off")
FILTERS = {
    "of a month": ({"period": "2013-01"}, "run_by_month"),
    "of a pipeline in a rare state": ({"pipeline": "busy", "state": "failed"}, "run_of_pipeline_by_state"),
    "of a pipeline": ({"pipeline": "busy"}, "run_of_pipeline"),
}


@pytest.fixture
def busy(client):
    team = factories.make_team("shop")
    client.force_login(factories.make_user("ana", team=team, role="editor"))
    pipeline = factories.make_pipeline("busy", team=team)
    for day in range(1, 6):
        factories.make_run(pipeline, period=f"2013-01-0{day}", state="failed" if day == 3 else "succeeded")
    factories.make_run(pipeline, period="2013-02-01", state="succeeded")
    return pipeline


def shown(client, **asked):
    rows = client.get(reverse("console:runs"), asked).context["page"].rows
    return [run.period for run in rows]


def test_a_month_and_a_rare_state_show_the_newest_of_them_first(client, busy):
    assert shown(client, period="2013-01") == [f"2013-01-0{day}" for day in (5, 4, 3, 2, 1)]
    assert shown(client, period="2013-02") == ["2013-02-01"]
    assert shown(client, period="2013-1") == []
    assert shown(client, period="2013") == ["2013-02-01", *(f"2013-01-0{day}" for day in (5, 4, 3, 2, 1))]
    assert shown(client, pipeline="busy", state="failed") == ["2013-01-03"]
    assert shown(client, pipeline="none") == []


@pytest.mark.postgres
@pytest.mark.parametrize(("asked", "index"), FILTERS.values(), ids=FILTERS)
def test_a_list_comes_from_an_index_in_its_order(client, busy, asked, index):
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("console:runs"), asked)
    (listed,) = [one["sql"] for one in queries if "LIMIT 51" in one["sql"]]
    with connection.cursor() as cursor:
        for setting in INSTEAD:
            cursor.execute(setting)
        cursor.execute(f"EXPLAIN (FORMAT json) {listed}")
        plan = json.dumps(cursor.fetchone()[0])
    assert f'"Index Name": "{index}"' in plan
    assert '"Node Type": "Sort"' not in plan
