"""What every view of the watch is given, and how a refusal is told."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.http import HttpRequest

from pipelines_app.errors import LooplineError
from pipelines_app.models import User


class Asked(HttpRequest):
    """A request whose user is a person."""

    user: User


def actor(request: Asked) -> str:
    """Who asks, as the event log names them."""
    return f"user:{request.user.get_username()}"


def is_fragment(request: HttpRequest) -> bool:
    """Whether only a part of the page is asked for."""
    return "HX-Request" in request.headers and "HX-Boosted" not in request.headers


@contextmanager
def as_message(request: HttpRequest) -> Iterator[None]:
    """Tell a refusal on the next page instead of failing this one."""
    try:
        yield
    except LooplineError as error:
        messages.error(request, f"{error.message} {error.todo}".strip())
