"""Patterns of RE2 that mean the same to PostgreSQL: without what only one of them knows, and without going back."""

import re

_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": " \\t\\n\\f\\r"}
_TOKEN = re.compile(
    r"\\(?P<escaped>.)|(?P<set>\[\^?\]?(?:\\.|[^\]\\\[])*\])|(?P<group>\((?:\?:)?)|(?P<plain>[^\\])", re.DOTALL
)
_LAZY = re.compile(r"[*+?}][?+]")


def translated(pattern: str) -> str:
    """The pattern as PostgreSQL matches a whole text by it; empty where the two would differ."""
    parts, dots, open_sets = [], False, False
    if _LAZY.search(pattern) or "(?" in pattern.replace("(?:", ""):
        return ""
    for token in _TOKEN.finditer(pattern):
        found = _part(token)
        if not found:
            return ""
        dots |= token["plain"] == "."
        open_sets |= (token["set"] or "").startswith("[^")
        parts.append(found)
    if dots and open_sets:  # whether a new line fits can be said for both of them only together
        return ""
    return f"{'(?p)' if dots else ''}^(?:{''.join(parts)})$"


def _part(token: "re.Match[str]") -> str:
    if token["escaped"]:
        return _escaped(token["escaped"], "[{}]")
    if token["set"]:
        return _set(token["set"])
    return token[0]


def _escaped(character: str, form: str) -> str:
    if character in _CLASSES:
        return form.format(_CLASSES[character])
    return f"\\{character}" if not character.isalnum() and character.isascii() else ""


def _set(text: str) -> str:
    """A set of characters, with the classes in it written out."""
    inner = re.sub(r"\\(.)", lambda found: _escaped(found[1], "{}") or "\0", text)
    return "" if "\0" in inner or "[:" in text else inner
