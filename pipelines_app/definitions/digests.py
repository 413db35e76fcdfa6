"""What tells documents apart."""

import hashlib
import json
from collections.abc import Mapping


def of(document: Mapping[str, object]) -> str:
    """sha256 of a document in canonical form; the order of columns is part of it."""
    return hashlib.sha256(json.dumps(document, separators=(",", ":")).encode()).hexdigest()
