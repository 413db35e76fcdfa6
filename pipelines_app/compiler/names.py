"""Names: the convention datasets and pipelines follow, and the nearest known name to a mistyped one."""

import difflib
import re
from collections.abc import Iterable

LONGEST_ADDRESS = 254
LONGEST = 63  # PostgreSQL cuts longer names silently

_PART = re.compile(r"[a-z][a-z0-9_]*")
SLUG = re.compile(r"[a-z][a-z0-9-]*")
_PARAMETER = re.compile(r"[a-z_][a-z0-9_]*")


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like this one, or the empty text where none is."""
    candidates = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), candidates, n=1, cutoff=0.6)
    return candidates[found[0]] if found else _by_last_part(name.lower(), candidates)


def _by_last_part(name: str, candidates: dict[str, str]) -> str:
    """`flights` is near to `staging.flights` although most of its letters are missing."""
    same = [candidate for lower, candidate in candidates.items() if lower.rpartition(".")[2] == name.rpartition(".")[2]]
    return same[0] if same else ""


def hint(name: str, known: Iterable[str]) -> str:
    """A clause to put after a message: `; did you mean x?`, or nothing."""
    found = nearest(name, known)
    return f"; did you mean {found}?" if found else ""


def dataset_fault(name: str) -> str:
    """What is wrong with the parts of a dataset's name, in words, whatever the convention; empty where they are fine.

    A name without a layer is for the convention to refuse, which can say what layers there are.
    """
    return next((fault for part in name.split(".", 1) if (fault := table_fault(part))), "")


def table_fault(name: str) -> str:
    """What is wrong with one part of a dataset's name, in words; empty where it is fine."""
    if not _PART.fullmatch(name):
        return f"{name!r} must start with a letter and hold only a-z, 0-9 and _"
    return f"{name!r} is longer than {LONGEST} characters" if len(name) > LONGEST else ""


def slug_fault(name: str) -> str:
    """What is wrong with a pipeline's or team's name, in words; empty where it is fine."""
    if not SLUG.fullmatch(name):
        return f"{name!r} must start with a letter and hold only a-z, 0-9 and -"
    return f"{name!r} is longer than {LONGEST} characters" if len(name) > LONGEST else ""


def parameter_fault(name: str) -> str:
    """What is wrong with a parameter's name, in words; empty where it is fine."""
    if name == "period":
        return "$period is built in: it is the period of the run; choose another name"
    if not _PARAMETER.fullmatch(name):
        return f"{name!r} must start with a letter and hold only a-z, 0-9 and _"
    return f"{name!r} is longer than {LONGEST} characters" if len(name) > LONGEST else ""


def column_fault(name: str) -> str:
    """What is wrong with a column's name, in words; empty where it is fine."""
    if not name.strip():
        return "a column needs a name"
    if not name.isprintable():
        return f"{name!r} holds characters that cannot be shown"
    return f"{name!r} is longer than {LONGEST} bytes" if len(name.encode()) > LONGEST else ""


def address_fault(text: str) -> str:
    """Why a text is no e-mail address that can be written to, or nothing."""
    local, at, host = text.rpartition("@")
    is_one = at and local and host and text.isprintable() and len(text) <= LONGEST_ADDRESS
    return "" if is_one and not any(mark in text for mark in ' ,;<>"') else f"{text!r} is not an e-mail address"
