"""API tokens: shown once, stored as a digest."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db.models import Q

from pipelines_app.access import audit
from pipelines_app.models import ApiToken, User

PREFIX = "ll_"
USE_IS_NOTED_EVERY = timedelta(minutes=1)


def issue(user: User, *, name: str, can_write: bool = True, expires_at: datetime | None = None) -> tuple[ApiToken, str]:
    """A new token and its secret, which is given this once and cannot be read again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=secret[:8],
        digest=_digest(secret),
        can_write=can_write,
        expires_at=expires_at,
    )
    audit.record(actor=f"user:{user.username}", action="token.issued", subject=str(token))
    return token, secret


def authenticate(secret: str, *, now: datetime) -> ApiToken | None:
    """The live token of a secret whose owner may still sign in, or nothing."""
    if not secret.startswith(PREFIX):
        return None
    live = ApiToken.objects.live(now).select_related("user")
    token = live.filter(digest=_digest(secret), user__is_active=True).first()
    if token is not None:
        stale = Q(used_at=None) | Q(used_at__lt=now - USE_IS_NOTED_EVERY)
        ApiToken.objects.filter(stale, pk=token.pk).update(used_at=now)
    return token


def revoke(token: ApiToken, *, actor: str, now: datetime) -> None:
    """Make a token useless from now on."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)
    audit.record(actor=actor, action="token.revoked", subject=str(token))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
