"""Who may call: tokens, sessions, and what a refusal looks like."""

import pytest
from django.test import Client
from django.utils import timezone

from pipelines_app.access import tokens
from pipelines_app.models import ApiToken, Event, Role
from tests import factories
from tests.api.callers import V1, Caller, refused

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/me", "/pipelines", "/datasets", "/runs", "/events", "/alerts", "/health"])
def test_without_a_token_nothing_is_told(path):
    answer = Caller().get(path)
    refused(answer, 401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="loopline"'


@pytest.mark.parametrize("header", ["Bearer ll_unknown", "Bearer ", "bearer nonsense"])
def test_a_token_that_is_none_is_401(header):
    answer = Client(headers={"Authorization": header}).get(f"{V1}/me")
    refused(answer, 401, "authentication_failed")


def test_a_revoked_token_is_401(sales):
    caller = Caller(factories.make_user("ana", team=sales, role=Role.EDITOR))
    assert caller.get("/me").status_code == 200
    tokens.revoke(ApiToken.objects.get(), actor="user:ana", now=timezone.now())
    refused(caller.get("/me"), 401, "authentication_failed")


def test_an_owner_who_may_no_longer_sign_in_has_no_token(ana):
    ana.user.is_active = False
    ana.user.save()
    refused(ana.get("/me"), 401, "authentication_failed")


def test_a_reading_token_may_ask_and_change_nothing(orders, sales):
    reader = Caller(factories.make_user("ana", team=sales, role=Role.EDITOR), can_write=False)
    assert reader.get("/pipelines").status_code == 200
    refused(reader.post("/pipelines/orders/run"), 403, "not_allowed")
    refused(reader.send("raw.orders", b"x", query="?name=a.csv"), 403, "not_allowed")


def test_me_says_who_calls_and_as_what(ana):
    assert ana.get("/me").json() == {
        "user": "ana",
        "actor": "token:ana/test",
        "zone": "UTC",
        "is_superuser": False,
        "may_write": True,
        "teams": [{"team": "sales", "role": "editor"}],
    }


def test_teams_are_the_callers_own_with_the_role(ana, eve):
    assert [(one["name"], one["role"]) for one in ana.get("/teams").json()["results"]] == [("sales", "editor")]
    assert [(one["name"], one["role"]) for one in eve.get("/teams").json()["results"]] == [("others", "editor")]


def test_a_session_writes_only_with_the_forms_secret(orders, ana):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ana.user)
    assert browser.get(f"{V1}/me").status_code == 200
    refused(browser.post(f"{V1}/pipelines/orders/pause", content_type="application/json"), 403, "permission_denied")
    browser.cookies["csrftoken"] = "x" * 32
    answer = browser.post(
        f"{V1}/pipelines/orders/pause", content_type="application/json", headers={"X-CSRFToken": "x" * 32}
    )
    assert answer.status_code == 200
    assert Event.objects.get(kind="pipeline.paused").actor == "user:ana"


def test_a_session_sends_a_file_as_a_token_does(orders, ana):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ana.user)
    sent = {"path": f"{V1}/datasets/raw.orders/arrivals?name=orders_2026-01-01.csv", "content_type": "text/csv"}
    sent["data"] = b"id,shop,amount\n1,a,2\n"
    refused(browser.post(**sent), 403, "permission_denied")
    browser.cookies["csrftoken"] = "x" * 32
    came = browser.post(**sent, headers={"X-CSRFToken": "x" * 32})
    assert (came.status_code, came.json()["sender"]) == (201, "user:ana")
    sent["content_type"] = "multipart/form-data; boundary=x"
    refused(browser.post(**sent, headers={"X-CSRFToken": "x" * 32}), 415, "unsupported_media_type")


def test_an_actor_fits_the_log_however_long_its_names_are(orders, sales):
    user = factories.make_user("u" * 150, team=sales, role=Role.EDITOR)
    _, secret = tokens.issue(user, name="t" * 100)
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    assert client.post(f"{V1}/pipelines/orders/pause", content_type="application/json").status_code == 200
    assert len(Event.objects.get(kind="pipeline.paused").actor) == 200
