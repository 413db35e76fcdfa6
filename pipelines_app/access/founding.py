"""Teams: made by those who run the installation, described by their own admins."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from pipelines_app.access import audit, members
from pipelines_app.compiler import names
from pipelines_app.errors import DefinitionInvalid, NameTaken, NotAllowed, Problem
from pipelines_app.models import Role, Team, User

LONGEST_TITLE = 200


@dataclass(frozen=True, kw_only=True)
class Said:
    """What people call a team, and the address that hears of its alerts; either may be empty."""

    title: str = ""
    email: str = ""


@transaction.atomic
def found(name: str, said: Said, *, by: User, actor: str) -> Team:
    """A new team, whose founder is its first admin.

    Raises NotAllowed for whoever does not run the installation, NameTaken, and DefinitionInvalid with every fault.
    """
    if not by.is_superuser:
        raise NotAllowed(
            "Teams are made by those who run this installation.", todo="Ask one of them to make it, with you as admin."
        )
    _refuse(said, name=names.slug_fault(name))
    try:
        with transaction.atomic():
            team = Team.objects.create(name=name, title=said.title, email=said.email)
    except IntegrityError as error:
        raise NameTaken(f"There is a team called {name} already.", todo="Choose another name.") from error
    audit.record(actor=actor, action="team.founded", subject=name, team=team)
    members.put(team, by, role=Role.ADMIN, actor=actor)
    return team


@transaction.atomic
def describe(team: Team, said: Said, *, actor: str) -> None:
    """Call a team something else, or have another address hear of its alerts; raises DefinitionInvalid."""
    _refuse(said)
    change = {"before": [team.title, team.email], "after": [said.title, said.email]}
    team.title, team.email = said.title, said.email
    team.save(update_fields=["title", "email"])
    audit.record(actor=actor, action="team.described", subject=team.name, team=team, change=change)


def _refuse(said: Said, *, name: str = "") -> None:
    faults = {"name": name, "title": "", "email": ""}
    if len(said.title) > LONGEST_TITLE:
        faults["title"] = f"{LONGEST_TITLE} characters are the most"
    try:
        if said.email:
            validate_email(said.email)
    except ValidationError:
        faults["email"] = f"{said.email!r} is not an e-mail address; write it as name@example.com"
    if any(faults.values()):
        raise DefinitionInvalid([Problem(path=path, message=fault) for path, fault in faults.items() if fault])
