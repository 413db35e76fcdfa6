"""Pipelines: the list, one pipeline, its revisions, and what can be asked of it."""

import pytest
from django.urls import reverse

from pipelines_app.models import Event, Pipeline, Run
from tests import factories, road
from tests.web import orders

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    """Ana, an editor of the team shop, signed in."""
    user = factories.make_user("ana", team=factories.make_team("shop"), role="editor")
    client.force_login(user)
    return user


def show(client, name="orders", **query):
    return client.get(reverse("console:pipeline", args=[name]), query)


def text(answer):
    return answer.content.decode()


def test_a_pipeline_is_told_in_sentences_with_its_lineage_checks_and_yaml(client, ana):
    orders.register()
    page = text(show(client))
    assert "Starts by itself when data arrive for raw.orders." in page
    assert "It makes mart.totals." in page
    assert "raw.orders is expected every day by 07:00 Europe/Zurich, a day later." in page
    assert "2 checks guard its data" in page
    assert "amount &lt; 100" in page
    assert 'data-lineage="pipeline-graph"' in page
    assert "materialise:" in page
    assert "Waiting for the first data" in page


def test_its_runs_and_data_show_once_they_are_there(client, ana):
    orders.register()
    orders.send()
    page = show(client)
    assert page.context["page"].stands.state == "succeeded"
    assert page.context["page"].stands.usual > 0
    assert "8 February 2013" in text(page)
    assert [made.version.number for made in page.context["page"].datasets] == [1, 1]


@pytest.mark.parametrize("files", [1, 4])
def test_its_page_takes_the_same_number_of_queries_however_often_it_ran(client, ana, files, django_assert_num_queries):
    orders.register()
    for day in range(1, files + 1):
        orders.send(day=f"2013-02-0{day}")
    with django_assert_num_queries(23):
        show(client)


def test_the_list_shows_state_bars_usual_length_and_freshness(client, ana):
    orders.register()
    orders.send()
    page = client.get(reverse("console:pipelines"))
    row = page.context["rows"][0]
    assert (row.pipeline.name, row.state, row.reads, row.makes) == (
        "orders",
        "succeeded",
        ("raw.orders",),
        ("mart.totals",),
    )
    assert "Last 1 run: 1 succeeded" in text(page)


@pytest.mark.parametrize("rows", [1, 20])
def test_the_list_takes_the_same_number_of_queries_for_any_number_of_pipelines(
    client, ana, rows, django_assert_num_queries
):
    for number in range(rows):
        factories.make_run(factories.make_pipeline(f"p{number}", team=ana.teams.get()), state="succeeded")
    with django_assert_num_queries(12):
        client.get(reverse("console:pipelines"))


def test_the_list_is_filtered_by_words_and_owner(client, ana):
    orders.register()
    factories.make_pipeline("other")

    def listed(**query):
        return [row.pipeline.name for row in client.get(reverse("console:pipelines"), query).context["rows"]]

    assert listed() == ["orders", "other", "report"]
    assert listed(q="totals") == ["orders"]
    assert listed(team="shop") == ["orders", "report"]
    assert "No pipeline matches" in text(client.get(reverse("console:pipelines"), {"q": "nothing"}))


def test_a_new_workspace_is_told_what_a_pipeline_is(client, ana):
    assert "A pipeline turns arriving data into a dataset" in text(client.get(reverse("console:pipelines")))


def test_a_run_can_be_asked_for_a_period_and_nonsense_is_explained(client, ana):
    orders.register()
    orders.send()
    url = reverse("console:pipeline-run", args=["orders"])
    answer = client.post(url, {"period": "2013-02-08"})
    run = Run.objects.latest("id")
    assert answer.url == reverse("console:run", args=[run.pk])
    assert run.cause.actor == "user:ana"
    refused = client.post(url, {"period": "yesterday"}, follow=True)
    assert "Give the period as 2013-02-08" in text(refused)
    assert Run.objects.latest("id") == run


def test_a_paused_pipeline_keeps_what_comes_and_goes_on_with_it(client, ana):
    orders.register()
    client.post(reverse("console:pipeline-pause", args=["orders"]))
    orders.send()
    assert Run.objects.get().state == "queued"
    assert "Paused" in text(show(client))
    client.post(reverse("console:pipeline-resume", args=["orders"]))
    assert Run.objects.get().state == "running"
    assert (
        list(Event.objects.filter(kind__in=["pipeline.paused", "pipeline.resumed"]).values_list("actor", flat=True))
        == ["user:ana"] * 2
    )
    again = client.post(reverse("console:pipeline-resume", args=["orders"]), follow=True)
    assert "is not paused" in text(again)


def test_only_the_teams_editors_may_run_pause_and_resume(client):
    orders.register()
    client.force_login(factories.make_user("vic"))
    assert "Run now" not in text(show(client))
    for name in ("pipeline-run", "pipeline-pause", "pipeline-resume"):
        assert client.post(reverse(f"console:{name}", args=["orders"])).status_code == 404
        assert client.get(reverse(f"console:{name}", args=["orders"])).status_code == 405


def test_a_restricted_pipeline_of_another_team_is_not_there(client, ana):
    orders.register()
    road.team("elsewhere")
    Pipeline.objects.filter(name="orders").update(restricted=True, team=road.team("elsewhere"))
    assert show(client).status_code == 404
    assert client.get(reverse("console:pipeline-revision", args=["orders", 1])).status_code == 404
    assert client.get(reverse("console:pipeline-compare", args=["orders"])).status_code == 404
    assert "orders" not in [row.pipeline.name for row in client.get(reverse("console:pipelines")).context["rows"]]


def test_two_revisions_are_compared_in_words_and_line_by_line(client, ana):
    orders.register()
    road.register_yaml(orders.PIPELINE.replace("amount < 100", "amount < 500"), why="Larger shops")
    page = text(client.get(reverse("console:pipeline-compare", args=["orders"]), {"from": 1, "to": 2}))
    assert "<b>step mart.totals</b>: check" in page
    assert 'class="removed"' in page
    assert 'class="added"' in page
    revision = text(client.get(reverse("console:pipeline-revision", args=["orders", 2])))
    assert "Larger shops" in revision
    assert "What it changed" in revision
    same = text(client.get(reverse("console:pipeline-compare", args=["orders"]), {"from": 2, "to": 2}))
    assert "Nothing differs." in same
    assert client.get(reverse("console:pipeline-compare", args=["orders"]), {"from": 9}).status_code == 404
