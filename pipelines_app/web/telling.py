"""Refusals become messages: what happened and what to do, never an error page."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.http import HttpRequest

from pipelines_app.errors import LooplineError


def sentence(error: LooplineError) -> str:
    """What was asked, what was found and what to do, in one line."""
    return f"{error.message} {error.todo}".strip()


@contextmanager
def as_message(request: HttpRequest) -> Iterator[None]:
    """Tell a refusal on the next page instead of failing this one."""
    try:
        yield
    except LooplineError as error:
        tell(request, error)


def tell(request: HttpRequest, error: LooplineError) -> None:
    """Tell a refusal on the next page."""
    messages.error(request, sentence(error))
