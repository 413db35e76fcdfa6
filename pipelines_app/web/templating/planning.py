"""What the two pages that plan have in common: who asks, the faults in words, and what was done."""

from django.contrib import messages

from pipelines_app.access import permits
from pipelines_app.definitions.plans import Applied
from pipelines_app.definitions.register import Author
from pipelines_app.errors import DefinitionInvalid, LooplineError
from pipelines_app.web import telling
from pipelines_app.web.asking import Asked, actor


def author(request: Asked) -> Author:
    """Who asks, and the teams they write for."""
    return Author(actor=actor(request), user=request.user, teams=permits.teams_written_for(request.user))


def faults(error: LooplineError) -> list[str]:
    """What is wrong, a line for each fault."""
    if not isinstance(error, DefinitionInvalid):
        return [telling.sentence(error)]
    return [f"{problem.path}: {problem.message}" if problem.path else problem.message for problem in error.problems]


def say(request: Asked, done: Applied) -> None:
    """Tell what was done."""
    number = len(done.pipelines)
    told = f"{number:,} pipeline{'' if number == 1 else 's'} registered." if number else "Nothing differed."
    messages.success(request, told)
