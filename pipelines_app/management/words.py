"""Who sits at a terminal, and what is told there of a fault."""

import getpass
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError

from pipelines_app.definitions.register import Author
from pipelines_app.errors import DefinitionInvalid, LooplineError
from pipelines_app.models import Team


def operator() -> Author:
    """Whoever sits at the machine's terminal: they may write for every team."""
    return Author(
        actor=f"system:{getpass.getuser()}", user=None, teams=frozenset(Team.objects.values_list("name", flat=True))
    )


def refusal(error: LooplineError) -> CommandError:
    """An error as a command ends with it: a line for every fault."""
    if not isinstance(error, DefinitionInvalid):
        return CommandError(f"{error.message} {error.todo}".strip())
    return faults(asdict(one) for one in error.problems)


def faults(problems: Iterable[Mapping[str, Any]]) -> CommandError:
    """The same of faults as the API tells them."""
    lines = []
    for one in problems:
        place = f" (line {one['line']}, column {one['column']} of the SQL)" if one.get("line") else ""
        lines.append(f"{one['path']}: {one['message']}{place}")
    return CommandError("\n".join(lines))
