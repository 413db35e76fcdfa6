"""Who calls: a person with a session, or a program with a token."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from django.http import QueryDict
from django.utils import timezone
from rest_framework import authentication as sessions
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission

from pipelines_app.access import permits, tokens
from pipelines_app.errors import NotAllowed
from pipelines_app.models import ApiToken, User

if TYPE_CHECKING:  # the framework's views read the settings that name this module
    from rest_framework.request import Request
    from rest_framework.views import APIView


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer ll_…`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The owner of the token in the header; nobody without one; raises AuthenticationFailed for a bad one."""
        scheme, _, secret = str(request.META.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = tokens.authenticate(secret.strip(), now=timezone.now())
        if token is None:
            raise AuthenticationFailed("The token is not known here, or it was revoked, or it has expired.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """What a caller without credentials is told to bring."""
        return 'Bearer realm="loopline"'


class SessionAuthentication(sessions.SessionAuthentication):
    """A person's session; the secret against forgery comes in a header, and the body is left to what takes it in."""

    def enforce_csrf(self, request: Request) -> None:
        """Refuse what another page sent."""
        without_body = copy(request._request)
        without_body.POST = QueryDict()  # a form's field is looked for there first, which would read a file of any size
        super().enforce_csrf(without_body)  # type: ignore[arg-type]  # Django looks at nothing else


class SignedInMayReadTokensMayWrite(BasePermission):
    """Whoever is signed in may ask; a token that only reads may change nothing. What they see is up to each lookup."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.user, User):
            return False
        token = request.auth
        if isinstance(token, ApiToken) and not token.can_write and request.method not in SAFE_METHODS:
            raise NotAllowed("This token may only read.", todo="Use a token that may write.")
        return True


def person(request: Request) -> User:
    """Who asks."""
    return permits.signed_in(request.user)


def actor(request: Request) -> str:
    """Who asks, as the event log names them."""
    token = request.auth if isinstance(request.auth, ApiToken) else None
    return permits.actor(person(request), token)
