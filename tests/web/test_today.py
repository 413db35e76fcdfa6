"""Today: the worst first, what is expected, how the platform is; and three steps for whoever begins."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from controlplane import sweep
from pipelines_app.intake import slots
from pipelines_app.models import Dataset, Pipeline
from tests import factories, road
from tests.web import orders

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    """Ana, an editor of the team shop, signed in."""
    user = factories.make_user("ana", team=factories.make_team("shop", email="shop@example.org"), role="editor")
    client.force_login(user)
    return user


def today(client):
    return client.get(reverse("monitoring:today"))


def text(answer):
    return answer.content.decode()


def be_late(day="2013-02-09"):
    """Expect a file that should have come an hour ago, and notice that it did not."""
    dataset = Dataset.objects.get(name="raw.orders")
    slots.announce(dataset, period=day, due_at=timezone.now() - timedelta(hours=1), actor="user:ana")
    slots.pass_time(timezone.now())
    road.drain()


def test_whoever_begins_sees_three_steps(client, ana):
    page = text(today(client))
    assert "Three steps to your first dataset" in page
    assert reverse("console:pipeline-new") in page
    assert reverse("console:upload") in page


def test_when_all_is_well_it_says_so(client, ana):
    orders.register()
    orders.send()
    page = text(today(client))
    assert "<h1>All quiet</h1>" in page
    assert "Nothing needs you" in page
    assert "Three steps" not in page
    assert "2 of 3 datasets have data" in page or "3 of 3 datasets have data" in page


def test_the_worst_is_on_top(client, ana):
    orders.register()
    orders.send(orders.LARGE)
    be_late()
    page = today(client)
    assert "<h1>Two things need you</h1>" in text(page)
    assert [alert.severity for alert in page.context["alerts"]] == ["critical", "warn"]
    assert "raw.orders of 2013-02-09 is late" in text(page)
    tally = page.context["tally"]
    assert (tally.late, tally.quarantined, tally.warned, tally.failing) == (1, 0, 1, 0)


def test_what_is_snoozed_does_not_need_anybody(client, ana):
    orders.register()
    be_late()
    alert = today(client).context["alerts"][0]
    client.post(reverse("monitoring:alert-snooze", args=[alert.pk]), {"hours": "4"})
    assert "<h1>All quiet</h1>" in text(today(client))


def test_expected_arrivals_stand_on_a_time_line(client, ana):
    orders.register()
    dataset = Dataset.objects.get(name="raw.orders")
    be_late()
    slots.announce(dataset, period="2013-02-10", due_at=timezone.now() + timedelta(hours=2), actor="user:ana")
    line = today(client).context["line"]
    assert [lane["label"] for lane in line["lanes"]] == ["raw.orders 2013-02-09", "raw.orders 2013-02-10"]
    assert line["lanes"][0]["note"] == "late 1 h 0 min"
    assert line["lanes"][1]["note"].startswith("by ")


def test_the_strip_says_how_the_platform_is(client, ana):
    page = text(today(client))
    assert "has never run" in page
    sweep.beat("sweep", timezone.now())
    sweep.beat("worker:one", timezone.now())
    sweep.beat("worker:two", timezone.now() - timedelta(hours=1))
    page = text(today(client))
    assert "has never run" not in page
    assert "1 went silent" in page


@pytest.mark.parametrize("number", [1, 8])
def test_today_takes_the_same_number_of_queries_for_any_number_of_pipelines(
    client, ana, number, django_assert_num_queries
):
    for place in range(number):
        pipeline = factories.make_pipeline(f"p{place}", team=ana.teams.get())
        dataset = factories.make_dataset(f"raw.t{place}", pipeline=pipeline, is_source=True)
        factories.make_run(pipeline, state="succeeded")
        factories.make_slot(dataset, state="late")
    with django_assert_num_queries(27):
        today(client)


def test_others_restricted_things_are_not_counted(client):
    orders.register()
    Dataset.objects.update(restricted=True)
    be_late()
    client.force_login(factories.make_user("vic"))
    page = today(client)
    assert page.context["number"] == 0
    assert page.context["tally"].late == 0
    assert page.context["line"] is None


def test_the_fragment_is_the_part_that_lives(client, ana):
    answer = client.get(reverse("monitoring:today"), headers={"HX-Request": "true"})
    assert text(answer).lstrip().startswith('<div id="today"')
    assert "HX-Request" in answer.headers["Vary"]


def test_nobody_sees_today_without_signing_in(client):
    assert today(client).status_code == 302


def test_who_edits_in_no_team_is_led_to_the_teams_and_not_to_a_refusal(client):
    client.force_login(factories.make_user("vic", team=factories.make_team("shop"), role="viewer"))
    page = text(today(client))
    assert reverse("console:pipeline-new") not in page
    assert f'class="button primary" href="{reverse("console:team")}"' in page


def test_who_is_in_no_team_is_told_so_and_where_to_go(client):
    client.force_login(factories.make_user("nina"))
    assert reverse("console:pipeline-new") not in text(today(client))
    refused = client.get(reverse("console:pipeline-new"))
    assert refused.status_code == 403
    assert "You are in no team yet" in text(refused)
    assert "the team that owns this" not in text(refused)
    assert reverse("console:team") in text(refused)
    assert client.get(reverse("console:team")).status_code == 200


def test_the_strip_counts_what_the_person_may_see(client, ana):
    hidden = factories.make_pipeline("secret")
    Pipeline.objects.filter(pk=hidden.pk).update(restricted=True)
    event = factories.make_event(factories.RunRequested(pipeline="secret", period=""))
    event.deliveries.create(consumer="readiness", state="stuck")
    assert "Events stuck" not in text(today(client))
    assert "Events stuck" not in text(client.get(reverse("monitoring:health")))
    shown = factories.make_event(factories.RunRequested(pipeline="open", period=""))
    shown.deliveries.create(consumer="readiness", state="stuck")
    assert "Events stuck" in text(today(client))
