"""Sessions and doors: who is let in, until when, where to, and what every answer says to the browser."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from pipelines_app.access import cooling, members, tokens
from pipelines_app.models import Role, SignInTries
from pipelines_app.web.sign_in import WRONG
from tests import factories, road
from tests.api.callers import Caller
from tests.security.world import OPEN

PASSWORD = "a-long-password"
ELSEWHERE = [
    "//evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "https:evil.example",
    "https:///evil.example",
    "http://testserver@evil.example",
    "///evil.example",
    "javascript:alert(1)",
    "\x08//evil.example",
    " //evil.example",
    "/\t/evil.example",
]


def breaks(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("s3cret-in-an-error")


urlpatterns = [path("breaks", breaks), path("", include("controlplane.urls"))]
handler500 = "controlplane.health.broken"
handler404 = "controlplane.health.not_found"


@pytest.fixture
def ana(db):
    return factories.make_user("ana", team=road.team("people"), role=Role.EDITOR)


def sign_in(client, username="ana", password=PASSWORD, **more):
    return client.post("/sign-in", {"username": username, "password": password, **more})


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_cve_2022_43721_no_sign_in_leads_to_another_site(ana, client, wanted):
    shown = client.get("/sign-in", {"next": wanted})
    assert "evil" not in shown.content.decode()
    assert sign_in(client, next=wanted)["Location"] == "/"
    assert client.get("/sign-in", {"next": wanted})["Location"] == "/"


def test_a_session_begun_before_signing_in_is_not_the_one_afterwards(ana, client):
    session = client.session
    session["planted"] = "by an attacker"
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before
    sign_in(client)
    assert client.cookies["sessionid"].value != before
    assert Client(headers={"Cookie": f"sessionid={before}"}).get("/profile").status_code == 302
    cookie = client.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


def test_cve_2023_40273_sessions_and_tokens_end_with_the_password(ana):
    here, elsewhere = Client(), Client()
    sign_in(here)
    sign_in(elsewhere)
    token = Caller(ana)
    new = {"what": "password", "password-old_password": PASSWORD}
    new |= {"password-new_password1": "another-long-one", "password-new_password2": "another-long-one"}
    assert here.post("/profile", new).status_code == 302
    assert here.get("/profile").status_code == 200
    assert elsewhere.get("/profile")["Location"] == "/sign-in?next=/profile"
    assert token.get("/me").status_code == 401


def test_another_role_and_the_end_of_membership_hold_from_the_next_request(ana, client):
    road.register_yaml(OPEN)
    team, token = road.team("people"), Caller(ana)
    client.force_login(ana)
    assert client.post("/pipelines/orders/pause").status_code == 302
    members.put(team, ana, role=Role.VIEWER, actor="user:test")
    assert client.post("/pipelines/orders/resume").status_code == 404
    assert token.post("/pipelines/orders/resume").status_code == 403
    members.remove(ana.memberships.get(), actor="user:test")
    assert token.post("/pipelines/orders/resume").status_code == 404
    assert client.get("/team", {"team": "people"}).status_code == 404


def test_who_may_not_sign_in_any_more_is_out_at_once(ana, client):
    client.force_login(ana)
    token = Caller(ana)
    ana.is_active = False
    ana.save()
    assert client.get("/profile").status_code == 302
    assert token.get("/me").status_code == 401
    assert sign_in(Client()).status_code == 422


def test_a_token_that_was_revoked_is_dead_and_one_that_reads_writes_nothing(ana):
    road.register_yaml(OPEN)
    reader = Caller(ana, can_write=False)
    assert reader.get("/pipelines").status_code == 200
    assert reader.post("/pipelines/orders/pause").status_code == 403
    token, secret = tokens.issue(ana, name="short")
    bearer = Client(headers={"Authorization": f"Bearer {secret}"})
    assert bearer.get("/api/v1/me").status_code == 200
    tokens.revoke(token, actor="user:ana", now=token.created_at)
    assert bearer.get("/api/v1/me").status_code == 401
    for odd in ("", "ll_", "ll_" + "x" * 43, secret[:-1], f"{secret}\0", "'; DROP TABLE"):
        assert Client(headers={"Authorization": f"Bearer {odd}"}).get("/api/v1/me").status_code == 401


def test_twenty_guesses_pause_a_name_known_or_not_and_neither_webhooks_nor_health(ana):
    client = Client(REMOTE_ADDR="10.9.8.7")
    answers = {name: [sign_in(client, name, f"guess-{n}") for n in range(20)] for name in ("ana", "nobody")}
    codes = {name: [one.status_code for one in given] for name, given in answers.items()}
    assert codes["ana"] == codes["nobody"] == [422] * cooling.TRIES + [429] * (20 - cooling.TRIES)
    assert all(WRONG in one.content.decode() for one in answers["nobody"][: cooling.TRIES])
    assert client.get("/livez").status_code == 200
    assert client.post("/hooks/abc").status_code == 404
    assert not SignInTries.objects.filter(digest__icontains="ana").exists()


def test_every_answer_tells_the_browser_what_it_may_not_do(ana, client, settings):
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    here = {"/sign-in": 200, "/profile": 302, "/nowhere": 404, "/breaks": 500, "/livez": 200, "/api/v1/me": 401}
    here |= {"/api/v1/nowhere": 404, "/hooks/abc": 405, "/sign-out": 405}
    for address, status in here.items():
        answer = client.get(address)
        assert answer.status_code == status, address
        assert_guarded(answer, address)
    assert_guarded(client.head("/static/css/loopline.css"), "a static file")
    strange = client.get("/sign-in", headers={"Host": "evil.example"})
    assert strange.status_code == 400
    assert_guarded(strange, "another host")
    client.force_login(ana)
    for address in ("/", "/events/?format=csv", "/api/v1/schema", "/api/v1/pipelines"):
        assert_guarded(client.get(address), address)
    assert "s3cret-in-an-error" not in client.get("/breaks").content.decode()


def assert_guarded(answer, address):
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy, address
    assert "unsafe" not in policy, address
    assert answer.headers["X-Frame-Options"] == "DENY", address
    assert answer.headers["X-Content-Type-Options"] == "nosniff", address
    assert answer.headers["Referrer-Policy"] == "same-origin", address
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", address


def test_a_form_without_its_token_changes_nothing(ana):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    for address in ("/profile", "/tokens", "/sign-out", "/register/", "/api/v1/slots", "/upload"):
        assert client.post(address, {"name": "x"}).status_code == 403, address
    assert client.get("/profile").status_code == 200


@pytest.mark.parametrize("name", ["health", "x-health", "readyz", "livez"])
def test_cve_2026_3514_no_name_lets_anybody_past_the_door(db, client, name):
    road.register_yaml(OPEN.replace("pipeline: orders", f"pipeline: {name}"))
    for address in (f"/pipelines/{name}/", f"/datasets/raw.orders?x=/{name}", f"/pipelines/{name}/compare/"):
        assert client.get(address).status_code == 302
    for address in (f"/pipelines/{name}", f"/pipelines/{name}/revisions", f"/datasets/raw.orders/rows?name={name}"):
        assert client.get(f"/api/v1{address}").status_code == 401
    assert isinstance(client.get("/livez").wsgi_request.user, AnonymousUser)
