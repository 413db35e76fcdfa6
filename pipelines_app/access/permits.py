"""Who somebody is in the log, and whether they may act on a thing: refusals are told apart as 404 and 403."""

from typing import TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, QuerySet

from pipelines_app.errors import NotAllowed, NotFound
from pipelines_app.models import ANY_ROLE, EDITING, ApiToken, Role, User

M = TypeVar("M", bound=Model)
LONGEST_ACTOR = 200


def actor(user: User, token: ApiToken | None = None) -> str:
    """Who acts, as the event log names them: `user:ana`, or `token:ana/nightly load`."""
    if token is None:
        return f"user:{user.username}"
    return f"token:{user.username}/{token.name}"[:LONGEST_ACTOR]


def operable(allowed: QuerySet[M], user: User, *, team: str, **lookup: object) -> M:
    """The one of `allowed` that fits; `team` is the path from such a row to its team.

    Raises NotAllowed if it belongs to a team of the user whose role there does not suffice, NotFound otherwise: what
    another team has is not said to be there.
    """
    found = allowed.filter(**lookup).first()
    if found is not None:
        return found
    own = {f"{team}__in": user.teams_with(*ANY_ROLE)}
    if allowed.model._default_manager.filter(**own, **lookup).exists():
        raise NotAllowed(
            "Your role in the team does not allow this.", todo="Ask an admin of the team for another role."
        )
    raise NotFound("There is nothing here that you may act on.")


def writes_for(user: User, team: str) -> None:
    """Raise NotAllowed if the user only reads in this team, NotFound if they are not in it at all."""
    if user.teams_with(*EDITING).filter(name=team).exists():
        return
    if user.teams_with(*ANY_ROLE).filter(name=team).exists():
        raise NotAllowed(
            f"Your role in the team {team} does not allow this.", todo="Ask an admin of the team for another role."
        )
    raise NotFound(f"There is no team {team!r} that you may write for.")


def edits_somewhere(user: User) -> None:
    """Raise NotAllowed for who edits in no team at all."""
    if not user.teams_with(*EDITING).exists():
        raise NotAllowed("Only editors change definitions.", todo="Ask an admin of your team to make you one.")


def teams_written_for(user: User) -> frozenset[str]:
    """The names of the teams in which the user may edit."""
    return frozenset(user.teams_with(*EDITING).values_list("name", flat=True))


def is_admin_somewhere(user: User) -> bool:
    """Whether the user is an admin of at least one team."""
    return user.is_superuser or user.teams_with(Role.ADMIN).exists()


def signed_in(user: User | AnonymousUser) -> User:
    """The person behind a request; raises NotAllowed for nobody."""
    if not isinstance(user, User):
        raise NotAllowed("Sign in first.")
    return user
