"""The only place that reads environment variables: seven functions that fail loudly on nonsense."""

import ipaddress
import math
import os
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SLOW_SECONDS = 10.0  # what a busy machine may need between two statements without standing still


def text(name: str, default: str | None = None) -> str:
    """The variable as text; without a default it must be set."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set, and there is no safe default: set it in the environment.")
    return value


def flag(name: str, *, default: bool = False) -> bool:
    """The variable as yes or no: 1/true/yes/on and 0/false/no/off."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}: write 1 or 0.")


def number(name: str, default: float, *, least: float) -> float:
    """The variable as a number that is `least` or more."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    try:
        given = float(value)
    except ValueError:
        given = math.nan
    if not least <= given < math.inf:
        raise ImproperlyConfigured(f"{name} is {value!r}: write a number that is {least:g} or more.")
    return given


def listed(name: str, separator: str) -> list[str]:
    """The variable as a list; empty where it is not set."""
    return [part for entry in os.environ.get(name, "").split(separator) if (part := entry.strip())]


def networks(name: str) -> list[str]:
    """The variable as networks: addresses or `address/bits`, with commas between."""
    try:
        return [str(ipaddress.ip_network(one)) for one in listed(name, ",")]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}. Write addresses or networks such as 10.0.0.0/8.") from error


def lease() -> float:
    """For how many seconds a step belongs to a worker that gives no sign of life."""
    return number("LOOPLINE_LEASE_SECONDS", 15, least=1)


def database(name: str, default: str) -> dict[str, object]:
    """The variable as Django's database settings: `sqlite:///path` or `postgresql://user:password@host:port/name`."""
    url = urlsplit(text(name, default))
    if url.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(url.path[1:]) if url.path.startswith("//") else unquote(url.path),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                # FULL: what was answered with 2xx survives a power cut. NORMAL would lose the last commits.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
                # Each of two dozen threads has a connection, with pages of its own: the machine keeps them all once.
                "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-256",
            },
        }
    if url.scheme in {"postgres", "postgresql"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(url.path.lstrip("/")),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "HOST": url.hostname or "",
            "PORT": url.port or "",
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {
                "connect_timeout": 5,
                # A line that has fallen silent is given up after half a minute, not after the system's two hours.
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 4,
                "prepare_threshold": 2,  # for who asks for it: statements of Django's own cursors are never prepared
                # A process that stands still in the middle of a transaction must not keep its locks for ever either.
                "options": f"-c idle_in_transaction_session_timeout={1000 * max(lease(), SLOW_SECONDS):.0f}",
            },
        }
    raise ImproperlyConfigured(f"{name} begins with {url.scheme!r}: use sqlite:///path or postgresql://…")
