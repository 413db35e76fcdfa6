"""A run of a pipeline that everybody sees, of which one dataset is restricted to its team."""

import pytest

from pipelines_app.models import Dataset, Reject
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    """A run that failed at a hidden dataset, with a row that was put aside on the way in."""
    pipeline = factories.make_pipeline("orders")
    shown = factories.make_dataset("mart.shops", pipeline=pipeline)
    hidden = factories.make_dataset("raw.hush", pipeline=pipeline, is_source=True, restricted=True)
    run = factories.make_run(pipeline, state="failed", reason="raw.hush: hush-ann is not a BIGINT")
    factories.make_step(run, shown, state="succeeded", attempt=1)
    step = factories.make_step(run, hidden, state="failed", error="hush-ann is not a BIGINT", rejected=1)
    Reject.objects.create(step_run=step, file="hush.csv", line=2, kind="cast", message="hush", text="hush-ann,12")
    factories.make_arrival(hidden, name="hush.csv", run=run, state="quarantined")
    return run


@pytest.mark.parametrize("tab", ["", "checks", "data", "log", "attempts"])
def test_others_see_nothing_of_the_dataset_and_that_there_is_more(client, run, tab):
    client.force_login(factories.make_user())
    page = client.get(f"/runs/{run.pk}/?tab={tab}").content.decode()
    assert "hush" not in page
    assert tab or "1 of its steps is of datasets that are restricted to another team" in page
    assert tab != "data" or "mart.shops" in page


def test_its_own_team_sees_all_of_it(client, run):
    client.force_login(factories.make_user(team=Dataset.objects.get(name="raw.hush").team))
    page = client.get(f"/runs/{run.pk}/?tab=data").content.decode()
    assert "hush-ann,12" in page
    assert "restricted to another team" not in page
