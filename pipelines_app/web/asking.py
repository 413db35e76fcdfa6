"""A request of somebody who has signed in: what every view behind `login_required` is given."""

from django.http import HttpRequest

from pipelines_app.models import User


class Asked(HttpRequest):
    """A request whose user is a person."""

    user: User  # login_required has seen to it


def actor(request: Asked) -> str:
    """Who asks, as the event log and the audit trail name them."""
    return f"user:{request.user.get_username()}"


def address(request: HttpRequest) -> str:
    """Where a request comes from."""
    return str(request.META.get("REMOTE_ADDR", ""))[:64]


def is_fragment(request: HttpRequest) -> bool:
    """Whether only a part of the page is asked for."""
    return "HX-Request" in request.headers and "HX-Boosted" not in request.headers
