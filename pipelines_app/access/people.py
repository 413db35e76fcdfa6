"""Accounts: made by an admin, with a first password that is shown once."""

import secrets

from django.db import IntegrityError, transaction

from pipelines_app.access import audit, members
from pipelines_app.errors import NameTaken
from pipelines_app.models import Team, User

PASSWORD_BYTES = 15


@transaction.atomic
def invite(team: Team, *, username: str, email: str, role: str, actor: str) -> tuple[User, str]:
    """A new account in a team and its first password, which is given this once; raises NameTaken."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    try:
        with transaction.atomic():
            user = User.objects.create_user(username, email=email, password=password)
    except IntegrityError as error:
        raise NameTaken(f"There is a person called {username} already.", todo="Add them to the team.") from error
    audit.record(actor=actor, action="person.invited", subject=str(user), team=team)
    members.put(team, user, role=role, actor=actor)
    return user, password
