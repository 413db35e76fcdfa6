"""How messages between machines prove who sent them: by Standard Webhooks, as GitHub signs, or by a token. Pure."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

PREFIX = "whsec_"


def new_secret() -> str:
    """A secret as the Standard Webhooks specification writes it: 256 bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def new_token() -> str:
    """A secret of 256 bits that is used as the text it is."""
    return secrets.token_hex(32)


def standard(secret: str, *, message_id: str, at: datetime, body: bytes) -> str:
    """The signature of a message: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b"%s.%d." % (message_id.encode(), int(at.timestamp())) + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(live: Iterable[str], *, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of a Standard Webhooks message, with one signature for each secret that is live."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(standard(secret, message_id=message_id, at=at, body=body) for secret in live),
    }


def github(secret: str, body: bytes) -> str:
    """The header X-Hub-Signature-256: the hex of HMAC-SHA256 over the body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def fits(given: str, expected: Iterable[str]) -> bool:
    """Whether what was given is one of what is expected."""
    return any(hmac.compare_digest(given.encode(), one.encode()) for one in expected)
