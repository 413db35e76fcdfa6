"""Signing in and out, and one's own profile."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from pipelines_app.access import cooling, tokens
from pipelines_app.models import AuditEntry
from pipelines_app.web.sign_in import WRONG
from tests import factories

PASSWORD = "a-long-password"


def sign_in(client, username="ana", password=PASSWORD, **more):
    return client.post("/sign-in", {"username": username, "password": password, **more})


@pytest.fixture
def user(db):
    return factories.make_user("ana")


def test_a_person_signs_in_and_goes_where_they_were_going(user, client):
    answer = sign_in(client, next="/datasets?q=flights")
    assert (answer.status_code, answer["Location"]) == (302, "/datasets?q=flights")
    assert client.get("/profile").status_code == 200


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "\\\\evil.example", "javascript:1"])
def test_nobody_is_sent_to_another_host(user, client, elsewhere):
    assert sign_in(client, next=elsewhere)["Location"] == "/"


def test_a_wrong_password_and_an_unknown_name_hear_the_same(user, client):
    known, unknown = sign_in(client, password="wrong"), sign_in(client, username="nobody", password="wrong")
    assert (known.status_code, unknown.status_code) == (422, 422)
    assert WRONG in known.content.decode()
    assert WRONG in unknown.content.decode()
    assert "Error: Sign in" in known.content.decode()


@pytest.mark.parametrize("username", ["ana", "nobody"])
def test_after_five_failures_a_name_pauses_for_this_address_even_with_the_right_password(user, client, username):
    for _ in range(cooling.TRIES):
        assert sign_in(client, username=username, password="wrong").status_code == 422
    paused = sign_in(client, username=username)
    assert paused.status_code == 429
    assert "Too many tries. Wait 15 minutes" in paused.content.decode()
    assert sign_in(Client(REMOTE_ADDR="10.0.0.9")).status_code == 302


def test_the_pause_ends_and_success_forgets_the_failures(user):
    now = timezone.now()
    for _ in range(cooling.TRIES):
        assert not cooling.admit("ana", "10.0.0.1", now=now)
    assert cooling.admit("ANA", "10.0.0.1", now=now + timedelta(minutes=5)) == timedelta(minutes=10)
    assert not cooling.admit("ana", "10.0.0.1", now=now + cooling.WINDOW + timedelta(seconds=1))
    cooling.forget("ana", "10.0.0.1")
    for _ in range(cooling.TRIES):
        assert not cooling.admit("ana", "10.0.0.1", now=now)


def test_signing_out_ends_the_session_and_is_a_post(user, client):
    client.force_login(user)
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out")["Location"] == "/sign-in"
    assert client.get("/profile")["Location"] == "/sign-in?next=/profile"


def test_a_person_chooses_the_zone_in_which_they_read_times(user, client):
    client.force_login(user)
    client.post("/profile", {"first_name": "Ana", "zone": "Europe/Zurich"})
    user.refresh_from_db()
    assert (user.first_name, user.zone) == ("Ana", "Europe/Zurich")
    refused = client.post("/profile", {"zone": "Mars/Olympus"})
    assert refused.status_code == 422
    assert "Mars/Olympus is not one of the available choices" in refused.content.decode()


def test_a_new_password_ends_other_sessions_and_tokens_but_not_this_session(user, client):
    client.force_login(user)
    other = Client()
    other.force_login(user)
    _, secret = tokens.issue(user, name="old")
    words = {"what": "password", "password-old_password": PASSWORD}
    new = {"password-new_password1": "another-long-one-42", "password-new_password2": "another-long-one-42"}
    assert client.post("/profile", {**words, **new}).status_code == 302
    assert client.get("/profile").status_code == 200
    assert other.get("/profile").status_code == 302
    assert tokens.authenticate(secret, now=timezone.now()) is None
    assert AuditEntry.objects.filter(action="password.changed", actor="user:ana").exists()


def test_a_weak_new_password_is_refused_by_its_field(user, client):
    client.force_login(user)
    words = {"what": "password", "password-old_password": PASSWORD}
    answer = client.post("/profile", {**words, "password-new_password1": "short", "password-new_password2": "short"})
    assert answer.status_code == 422
    assert "too short" in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
