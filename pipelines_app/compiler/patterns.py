"""Patterns that people write: RE2, which takes time in proportion to the text whatever the pattern."""

import re2


def compiles(pattern: str) -> bool:
    """Whether a text is a regular expression of RE2; says nothing on standard error where it is none."""
    return _compiled(pattern) is not None


def occurs(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text, as DuckDB finds it; what is no pattern is found nowhere."""
    found = _compiled(pattern)
    return found is not None and found.search(text) is not None


def is_like(wanted: str, text: str) -> bool:
    """Whether a text is as ILIKE wants it."""
    parts = {"%": ".*", "_": "."}
    return occurs(f"(?is)^{''.join(parts.get(mark, re2.escape(mark)) for mark in wanted)}$", text)


def _compiled(pattern: str) -> "re2._Regexp | None":
    quiet = re2.Options()
    quiet.log_errors = False
    try:
        return re2.compile(pattern, options=quiet)
    except re2.error:
        return None
