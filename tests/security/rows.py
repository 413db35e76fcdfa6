"""One row of the matrix of addresses, and the answers that many of them have in common."""

from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One address; the codes are in the order of `world.ROLES`."""

    address: str
    get: str
    post: str
    body: dict[str, Any] = field(default_factory=dict)
    open: tuple[int, int] | None = None
    method: str = "post"
    kind: str = ""
    query: str = ""


def page(address: str, get: str, post: str, **more: Any) -> Row:
    """A page or form of the console."""
    return Row(address=address, get=get, post=post, **more)


def call(address: str, get: str, post: str, **more: Any) -> Row:
    """An address of the API; commands are JSON."""
    return Row(address=f"/api/v1{address}", get=get, post=post, kind=more.pop("kind", JSON), **more)


SIGNED = "302 200 200 200 200"  # whoever is signed in; what a list holds is told by other tests
OWN = "302 404 200 200 200"  # the team
NO_GET = "302 405 405 405 405"
NO_POST = "302 405 405 405 405"
EDITORS = "302 404 404 302 302"  # an action: done, and back to the page
ADMINS = "302 404 404 404 302"
API_SIGNED = "401 200 200 200 200"
API_OWN = "401 404 200 200 200"
API_NOT = "401 405 405 405 405"
HUSH = {"restricted": "true"}
