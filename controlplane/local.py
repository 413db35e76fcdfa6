"""Secrets of an embedded installation: made once, kept beside its data, readable by its owner alone."""

import os
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.management.utils import get_random_secret_key


def kept_secret(path: Path) -> str:
    """The secret in the file, made on first use."""
    return _kept(path, get_random_secret_key)


def kept_fernet_key(path: Path) -> str:
    """The key in the file, made on first use."""
    return _kept(path, lambda: Fernet.generate_key().decode())


def _kept(path: Path, make: Callable[[], str]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(make())
    return path.read_text().strip()
