"""Secrets at rest: encrypted with the first key of the ring, read with any."""

from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def seal(secret: str) -> str:
    """Encrypt a secret for the database."""
    return _ring(tuple(settings.VAULT_KEYS)).encrypt(secret.encode()).decode()


def open_sealed(sealed: str) -> str:
    """Decrypt what `seal` made; raises cryptography.fernet.InvalidToken if no key of the ring fits."""
    return _opened(tuple(settings.VAULT_KEYS), sealed)


# Asked for every message. Who can read this process's memory has the keys themselves.
@lru_cache(maxsize=1000)
def _opened(keys: tuple[str, ...], sealed: str) -> str:
    return _ring(keys).decrypt(sealed.encode()).decode()
