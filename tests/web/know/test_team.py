"""Teams, tokens, and what was done."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from pipelines_app.access import audit, tokens
from pipelines_app.models import ApiToken, Membership, User
from tests import factories, road


def page(client, path="/team", **query):
    answer = client.get(path, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_members_see_who_is_in_their_team_and_only_admins_may_change_it(ada, vic):
    shown = page(vic)
    assert "ada" in shown
    assert "Add somebody" not in shown
    assert "Add somebody" in page(ada)


def test_a_team_one_is_not_in_is_not_there(ada, oto):
    assert "You are in no team yet" in page(entered(factories.make_user("new")))
    assert oto.get("/team", {"team": "sales"}).status_code == 404


def entered(user):
    client = Client()
    client.force_login(user)
    return client


def test_an_admin_adds_and_changes_and_removes(ada, sales):
    factories.make_user("ben")
    ada.post("/team/sales/members", {"username": "ben", "role": "viewer"})
    ada.post("/team/sales/members", {"username": "ben", "role": "editor"})
    membership = Membership.objects.get(user__username="ben")
    assert membership.role == "editor"
    ada.post(f"/members/{membership.pk}/remove")
    assert not Membership.objects.filter(user__username="ben").exists()
    shown = page(ada, "/audit")
    assert "member.put" in shown
    assert "member.removed" in shown


def test_nobody_by_that_name_is_told_by_the_field(ada):
    answer = ada.post("/team/sales/members", {"username": "nobody", "role": "viewer"})
    assert answer.status_code == 422
    assert "There is nobody of this name" in answer.content.decode()


def test_the_last_admin_stays(ada):
    membership = Membership.objects.get(user=ada.user)
    shown = ada.post(f"/members/{membership.pk}/remove", follow=True).content.decode()
    assert "is the last admin of sales" in shown
    assert Membership.objects.filter(pk=membership.pk).exists()


def test_an_account_is_made_with_a_first_password_shown_once(ada):
    answer = ada.post(
        "/team/sales/invite", {"invite-username": "neu", "invite-email": "n@example.org", "invite-role": "viewer"}
    )
    password = re.search(r'<code id="first-password">(.*?)</code>', answer.content.decode())[1]
    assert User.objects.get(username="neu").check_password(password)
    again = ada.post("/team/sales/invite", {"invite-username": "neu", "invite-role": "viewer"})
    assert again.status_code == 422


@pytest.mark.parametrize("person", ["ana", "vic", "oto"])
def test_who_is_no_admin_changes_nothing(ada, request, person):
    client = request.getfixturevalue(person)
    membership = Membership.objects.get(user=ada.user)
    assert client.post("/team/sales/members", {"username": "ada", "role": "viewer"}).status_code == 404
    assert client.post("/team/sales/invite", {"invite-username": "x", "invite-role": "admin"}).status_code == 404
    assert client.post(f"/members/{membership.pk}/remove").status_code == 404


def test_the_trail_shows_own_deeds_and_those_of_teams_one_leads(ada, vic, sales):
    audit.record(actor="user:ana", action="pipeline.revised", subject="orders", team=sales)
    audit.record(actor="user:eve", action="pipeline.revised", subject="secrets", team=road.team("people"))
    tokens.issue(vic.user, name="mine")
    assert "orders" in page(ada, "/audit")
    assert "secrets" not in page(ada, "/audit")
    own = page(vic, "/audit")
    assert "token.issued" in own
    assert "orders" not in own
    assert "Nothing fits" in page(ada, "/audit", q="no such thing")
    text = b"".join(ada.get("/audit", {"format": "csv"}).streaming_content).decode()
    assert "pipeline.revised" in text


def test_a_token_is_shown_once_and_works_until_it_is_revoked(vic):
    answer = vic.post("/tokens", {"name": "nightly", "days": "30"})
    secret = re.search(r"ll_[\w-]{20,}", answer.content.decode())[0]
    assert "no-store" in answer["Cache-Control"]
    assert secret not in page(vic, "/tokens")
    token = tokens.authenticate(secret, now=timezone.now())
    assert (token.name, token.can_write) == ("nightly", False)
    assert timedelta(days=29) < token.expires_at - timezone.now() < timedelta(days=31)
    vic.post(f"/tokens/{token.pk}/revoke")
    assert tokens.authenticate(secret, now=timezone.now()) is None
    assert "Revoked" in page(vic, "/tokens")


def test_a_token_without_a_name_is_not_made(vic):
    answer = vic.post("/tokens", {"name": ""})
    assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_tokens_of_others_cannot_be_revoked(vic, ana):
    token, _ = tokens.issue(ana.user, name="hers")
    assert vic.post(f"/tokens/{token.pk}/revoke").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_the_team_page_costs_a_fixed_number_of_queries(ada, sales, django_assert_num_queries):
    with django_assert_num_queries(6):
        page(ada)
    for _ in range(5):
        factories.make_user(team=sales)
    with django_assert_num_queries(6):
        page(ada)
