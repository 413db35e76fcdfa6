"""Teams are made by those who run the installation, in the console, through the API and by a command."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from pipelines_app.models import AuditEntry, Membership, Role, Team
from tests import factories
from tests.api.callers import Caller, refused

pytestmark = pytest.mark.django_db
NEW = {"new-name": "people", "new-title": "People", "new-email": "people@example.com"}


def enter(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def root():
    return factories.make_user("root", superuser=True)


def text(answer, status=200):
    assert answer.status_code == status
    return answer.content.decode()


def test_who_runs_a_fresh_installation_makes_its_first_team(root):
    console = enter(root)
    assert "Make the first one" in text(console.get("/team"))
    page = text(console.post("/team/new", NEW, follow=True))
    assert "people is there, and you are its admin" in page
    team = Team.objects.get()
    assert (team.name, team.title, team.email) == ("people", "People", "people@example.com")
    assert Membership.objects.get().role == Role.ADMIN
    assert text(console.get("/register/"))


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"new-name": "People & co"}, "must start with a letter and hold only"),
        ({"new-name": ""}, "This field is required"),
        ({"new-email": "nobody"}, "Enter a valid email address"),
    ],
)
def test_a_team_is_refused_at_its_field(root, said, found):
    page = text(enter(root).post("/team/new", {**NEW, **said}), 422)
    assert "No team was made" in page
    assert found in page
    assert not Team.objects.exists()


def test_a_name_that_is_taken_says_so(root):
    factories.make_team("people")
    assert "There is a team called people already" in text(enter(root).post("/team/new", NEW), 422)


def test_others_make_no_teams_and_are_offered_none():
    ada = factories.make_user("ada", team=factories.make_team("ops"), role=Role.ADMIN)
    assert "Make the team" not in text(enter(ada).get("/team"))
    assert enter(ada).post("/team/new", NEW).status_code == 403
    refused(Caller(ada).post("/teams", {"name": "people"}), 403, "not_allowed")


def test_an_admin_says_who_hears_of_alerts():
    team = factories.make_team("ops")
    ada = enter(factories.make_user("ada", team=team, role=Role.ADMIN))
    ada.post("/team/ops/about", {"about-title": "Operations", "about-email": "ops@example.com"})
    team.refresh_from_db()
    assert (team.title, team.email) == ("Operations", "ops@example.com")
    assert AuditEntry.objects.get().change == {"before": ["", ""], "after": ["Operations", "ops@example.com"]}
    assert "Nothing was changed" in text(ada.post("/team/ops/about", {"about-email": "nobody"}), 422)
    editor = enter(factories.make_user("ed", team=team, role=Role.EDITOR))
    assert editor.post("/team/ops/about", {"about-title": "x"}).status_code == 404


def test_programs_make_and_describe_teams(root):
    made = Caller(root).post("/teams", {"name": "people", "title": "People"})
    assert (made.status_code, made.json()["role"]) == (201, "admin")
    told = Caller(root).put("/teams/people", {"email": "people@example.com"}).json()
    assert (told["title"], told["email"]) == ("", "people@example.com")
    refused(Caller(root).post("/teams", {"name": "people"}), 409, "name_taken")
    assert (
        refused(Caller(root).post("/teams", {"name": "A b"}), 422, "definition_invalid")["problems"][0]["path"]
        == "name"
    )


def test_a_command_makes_the_first_team(capsys):
    call_command("prepare", "--team", "people")
    call_command("prepare", "--team", "people")
    assert "First admin: admin" in capsys.readouterr().out
    assert Membership.objects.get(team__name="people").user.username == "admin"
    with pytest.raises(CommandError, match="must start with a letter"):
        call_command("prepare", "--team", "Other People")
