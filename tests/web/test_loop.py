"""The page of the loop, the form of a report, and what is said on an alert's page; the same through the API."""

import pytest
from django.urls import reverse

from monitoring_app.alerts import people
from monitoring_app.models import Alert
from tests import factories
from tests.api.callers import Caller, refused

pytestmark = pytest.mark.django_db
LOOP = "/alerts/loop"


@pytest.fixture
def dataset():
    return factories.make_dataset("mart.x", team=factories.make_team("shop"))


@pytest.fixture
def ana(client, dataset):
    """Ana, an editor of the team shop, signed in."""
    user = factories.make_user("ana", team=dataset.team, role="editor")
    client.force_login(user)
    return user


def text(answer):
    return answer.content.decode()


def test_a_report_becomes_an_alert_a_note_a_verdict_and_a_figure(client, ana, dataset):
    form = reverse("monitoring:report", args=["mart.x"])
    assert form in text(client.get(reverse("console:dataset", args=["mart.x"])))
    assert "shop is told" in text(client.get(form))
    page = text(client.post(form, {"what": "The sums are wrong"}, follow=True))
    assert "Reported: its owners are told." in page
    alert = Alert.objects.get()
    said = text(client.post(reverse("monitoring:alert-note", args=[alert.pk]), {"text": "<b>seen</b>"}, follow=True))
    assert "&lt;b&gt;seen" in said
    act = reverse("monitoring:alert-verdict", args=[alert.pk])
    assert "Say whether" in text(client.post(act, {"verdict": "maybe"}, follow=True))
    assert "something was wrong" in text(client.post(act, {"verdict": "bad"}, follow=True))
    loop = client.get(LOOP)
    assert (loop.context["loop"].reported, loop.context["loop"].found_share) == (1, 0)
    assert "<code>reported</code>" in text(loop)


def test_a_report_without_words_is_refused_with_the_form(client, ana, dataset):
    answer = client.post(reverse("monitoring:report", args=["mart.x"]), {"what": " "})
    assert answer.status_code == 422
    assert "There is a problem" in text(answer)


def test_where_nothing_went_wrong_the_page_says_so(client, ana, django_assert_num_queries):
    assert "Nothing went wrong" in text(client.get(LOOP))
    with django_assert_num_queries(5):
        client.get(LOOP, {"days": "90", "team": "shop"})


@pytest.mark.parametrize("asked", [{"days": "x"}, {"days": "9" * 30}, {"team": "nobodys"}])
def test_what_nobody_offers_is_read_as_nothing(client, ana, asked):
    answer = client.get(LOOP, asked)
    assert (answer.status_code, answer.context["days"], answer.context["team"]) == (200, 30, "")


def test_the_post_mortem_is_a_file(client, ana, dataset):
    alert = people.report(dataset, "Odd.", actor="user:eve")
    answer = client.get(reverse("monitoring:alert-post-mortem", args=[alert.pk]))
    assert answer["Content-Type"].startswith("text/markdown")
    assert answer["Content-Disposition"] == f'attachment; filename="alert-{alert.pk}.md"'


def test_the_same_through_the_api(dataset):
    ana = Caller(factories.make_user("ana", team=dataset.team, role="editor"))
    made = ana.post("/alerts/report", {"dataset": "mart.x", "what": "Odd."})
    assert (made.status_code, made.json()["rule"]) == (201, "reported")
    assert ana.post("/alerts/report", {"dataset": "mart.x", "what": "Odd."}).status_code == 200
    alert = f"/alerts/{made.json()['id']}"
    assert ana.post(f"{alert}/note", {"text": "Seen."}).json()["note"] == "Seen."
    assert ana.post(f"{alert}/verdict", {"verdict": "fine"}).json()["verdict"] == "fine"
    refused(ana.post(f"{alert}/verdict", {"verdict": "maybe"}), 422, "invalid")
    assert ana.get(f"{alert}/post-mortem").content.startswith(b"# ana reports a problem with mart.x")
    loop = ana.get("/alerts/loop", days=7).json()
    assert (loop["opened"], loop["days"], loop["rules"][0]["rule"]) == (1, 7, "reported")
    refused(ana.get("/alerts/loop", days=0), 422, "invalid")
    refused(ana.get("/alerts/loop", day=7), 422, "invalid")
