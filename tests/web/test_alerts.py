"""Alerts: the list, one with its time line and messages, what a person can do, and as a part of other pages."""

import pytest
from django.urls import reverse

from monitoring_app.alerts import lifecycle
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.models import Alert, Notification, NotificationState
from monitoring_app.web import alerts as pages
from pipelines_app.models import Run, Team
from tests import factories
from tests.web import orders

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    """Ana, an editor of the team shop, signed in."""
    user = factories.make_user("ana", team=factories.make_team("shop", email="shop@example.org"), role="editor")
    client.force_login(user)
    return user


@pytest.fixture
def alert(ana):
    """The alert of a broken file, with its message kept for want of a mail server."""
    orders.register()
    orders.send(orders.BROKEN)
    return Alert.objects.get()


def show(client, alert):
    return client.get(reverse("monitoring:alert", args=[alert.pk]))


def act(client, name, alert, **fields):
    return client.post(reverse(f"monitoring:alert-{name}", args=[alert.pk]), fields, follow=True)


def text(answer):
    return answer.content.decode()


def test_an_alert_says_what_happened_whom_it_hits_what_to_do_and_who_was_told(client, alert):
    page = text(show(client, alert))
    for words in ("What happened", "What to do:", "raw.orders", "report", "shop@example.org", f"alert-{alert.pk}"):
        assert words in page
    assert "the first of its kind" in page


def test_who_is_hit_names_what_was_not_made(client, alert):
    assert "mart.totals</a></dd>" in text(show(client, alert)).partition("<dt>Not made</dt>")[2][:200]
    run = text(client.get(reverse("console:run", args=[alert.run])))
    assert "Not made because of it" in run
    assert 'href="/datasets/mart.totals">mart.totals</a>.' in run


def test_an_unlike_cause_of_the_same_period_does_not_hide_the_one_before(client, alert):
    orders.send(b"id,price\n1,1\n")
    orders.send(b"id,price\n1,2\n")
    alert.refresh_from_db()
    assert alert.count == 3
    told = "column 'amount' is missing; column 'price' is not declared (after 1 other cause)"
    assert alert.title == f"orders_2013-02-08.csv was quarantined: {told}"
    assert "Put aside before, for another reason: 2 of 2 rows" in alert.what
    assert alert.entries.count() == 3


def test_a_kept_message_is_shown_in_full(client, alert):
    kept = Notification.objects.get(alert=alert)
    assert kept.state == NotificationState.KEPT
    page = text(show(client, alert))
    assert "no mail server is set up" in page
    assert "About: raw.orders/2013-02-08" in page


def test_acknowledging_says_who_takes_care_with_a_note(client, alert):
    page = text(act(client, "acknowledge", alert, note="Supplier is called"))
    assert "ana takes care of it" in page
    assert "Supplier is called" in page
    alert.refresh_from_db()
    assert (alert.state, alert.acknowledged_by) == ("acknowledged", "user:ana")


def test_snoozing_needs_a_length_that_is_offered(client, alert):
    assert "Choose for how long" in text(act(client, "snooze", alert, hours="7"))
    assert "Quiet for 4 hours" in text(act(client, "snooze", alert, hours="4"))
    alert.refresh_from_db()
    assert alert.state == "snoozed"


def test_resolving_keeps_the_reason_and_is_final(client, alert):
    page = text(act(client, "resolve", alert, because="The supplier sent rubbish"))
    assert "The supplier sent rubbish" in page
    assert "data-live-every" not in page
    assert "cannot become" in text(act(client, "acknowledge", alert))


def test_only_editors_of_the_owner_may_act(client, alert):
    client.force_login(factories.make_user("vic"))
    page = text(show(client, alert))
    assert "Acknowledge" not in page
    for name in ("acknowledge", "snooze", "resolve"):
        assert act(client, name, alert).status_code == 404


def test_an_alert_about_what_is_restricted_is_not_there_for_others(client, alert):
    alert.dataset.restricted = True
    alert.dataset.save()
    client.force_login(factories.make_user("vic"))
    assert show(client, alert).status_code == 404
    assert client.get(reverse("monitoring:alerts")).context["rows"] == []


def test_the_list_shows_what_is_unresolved_and_on_request_the_rest(client, alert):
    def listed(**query):
        return [one.pk for one in client.get(reverse("monitoring:alerts"), query).context["rows"]]

    assert listed() == listed(severity="critical") == [alert.pk]
    assert listed(severity="warn") == listed(state="resolved") == []
    act(client, "resolve", alert)
    assert listed() == []
    assert listed(state="resolved") == listed(state="all") == [alert.pk]


def test_empty_lists_differ(client, ana):
    assert "No open alerts" in text(client.get(reverse("monitoring:alerts")))
    assert "No message has been sent yet" in text(client.get(reverse("monitoring:alerts")))
    assert "No alert matches" in text(client.get(reverse("monitoring:alerts"), {"state": "snoozed"}))


def test_pages_of_runs_datasets_and_pipelines_get_their_alerts_by_name(client, alert):
    run = Run.objects.get()
    for url in (
        reverse("monitoring:run-alerts", args=[run.pk]),
        reverse("monitoring:dataset-alerts", args=["raw.orders"]),
        reverse("monitoring:pipeline-alerts", args=["orders"]),
    ):
        part = text(client.get(url))
        assert alert.title in part.replace("&#x27;", "'")
        assert "<html" not in part
    act(client, "resolve", alert)
    assert "Resolved" in text(client.get(reverse("monitoring:run-alerts", args=[run.pk])))
    assert text(client.get(reverse("monitoring:pipeline-alerts", args=["orders"]))).strip() == ""


def test_a_hostile_file_name_stays_words(client, ana):
    orders.register()
    orders.road.send("raw.orders", orders.BROKEN, name="<img src=x onerror=alert(1)>.csv", period="2013-02-08")
    orders.road.drain()
    page = text(show(client, Alert.objects.get())) + text(client.get(reverse("monitoring:alerts")))
    assert "<img" not in page
    assert "&lt;img" in page


@pytest.mark.parametrize("reports", [1, 6])
def test_an_alert_takes_the_same_number_of_queries_however_often_it_was_reported(
    client, alert, reports, django_assert_num_queries
):
    for number in range(reports - 1):
        orders.send(orders.BROKEN + f"z{number},1\n".encode())
    with django_assert_num_queries(14):
        show(client, alert)
    with django_assert_num_queries(4):
        client.get(reverse("monitoring:alerts"))


def test_the_unresolved_have_as_many_pages_as_they_need_and_a_file(client, ana, monkeypatch):
    monkeypatch.setattr(pages, "SHOWN", 2)
    team = Team.objects.get()
    for number, severity in enumerate(("warn", "critical", "warn", "info", "critical")):
        about = {"rule": "late", "subject": f"raw.{number}", "title": f"late {number}", "what": "…", "team": team}
        lifecycle.open_alert(Problem(**about, severity=severity), cause=factories.make_event())
    address, found = reverse("monitoring:alerts"), []
    while address:
        answer = client.get(address)
        found += [one.subject for one in answer.context["rows"]]
        address = answer.context["older"] and reverse("monitoring:alerts") + answer.context["older"]
    assert found == ["raw.4", "raw.1", "raw.2", "raw.0", "raw.3"]
    lines = b"".join(client.get(reverse("monitoring:alerts"), {"format": "csv"}).streaming_content).decode()
    assert [line.split(",")[4] for line in lines.splitlines()[1:]] == found
