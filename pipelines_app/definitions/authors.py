"""Who registers."""

from dataclasses import dataclass

from pipelines_app.models import User


@dataclass(frozen=True, kw_only=True)
class Author:
    """Who registers: the actor for the log, the user if it is one, and the teams they may write for."""

    actor: str
    user: User | None
    teams: frozenset[str]
