"""What people type into fields, and what a definition holds. What makes no sense stays a text: the compiler says so."""

import re
from collections.abc import Iterable, Mapping

_WHOLE = re.compile(r"[+-]?\d{1,18}")
_PERCENT = re.compile(r"(\d+(?:[.,]\d+)?)\s*%")


def number_or_text(text: str) -> object:
    """`5` and `0.5` as numbers, anything else as it is."""
    if _WHOLE.fullmatch(text):
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return text
    return number if abs(number) < float("inf") else text


def share_or_number(text: str) -> object:
    """`1 %` as a share, `5` and `0.5` as numbers, anything else as it is."""
    percent = _PERCENT.fullmatch(text)
    return round(float(percent[1].replace(",", ".")) / 100, 8) if percent else number_or_text(text)


def tolerance(text: str) -> object:
    """`1 %` and `0.01` are shares, `5` is a number of rows, `5 or 1 %` the larger of both; nothing is none."""
    if not text:
        return None
    rows, both, part = text.partition(" or ")
    if both:
        return {"count": number_or_text(rows.strip()), "share": tolerance(part.strip())}
    percent = _PERCENT.fullmatch(text)
    if percent is None:
        return number_or_text(text)
    share = round(float(percent[1].replace(",", ".")) / 100, 8)
    return share if share < 1 else text


def tolerance_text(value: object) -> str:
    """A tolerance as it is typed."""
    if isinstance(value, Mapping):
        return f"{spelled(value.get('count'))} or {tolerance_text(value.get('share'))}"
    if isinstance(value, float) and 0 < value < 1:
        return f"{round(value * 100, 6):g} %"
    return "" if value in (None, 0) else spelled(value)


def listed(text: str) -> list[str]:
    """Values written one a line, or apart by commas."""
    parts = text.splitlines() if "\n" in text.strip() else text.split(",")
    return [part.strip() for part in parts if part.strip()]


def listed_of(given: object) -> list[str]:
    """The texts of a list as it stands in a document, where one text stands for a list of one."""
    return [given] if isinstance(given, str) else [str(one) for one in given] if isinstance(given, list) else []


def places(text: str) -> dict[str, str]:
    """Names with where they stand, `region = /batch/region`, apart by commas or lines."""
    pairs = (part.partition("=") for part in listed(text))
    return {name.strip(): place.strip() for name, _, place in pairs}


def places_text(given: object) -> str:
    """The same as it is typed."""
    return ", ".join(f"{name} = {place}" for name, place in given.items()) if isinstance(given, Mapping) else ""


def joined(values: object) -> str:
    """A list as it is typed into one line."""
    if isinstance(values, list | tuple):
        return ", ".join(spelled(value) for value in values)
    return spelled(values)


def spelled(value: object) -> str:
    """One value as it is typed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def parameter_value(kind: str, text: str) -> object:
    """A parameter's value by its type; a list is written with commas."""
    if kind.startswith("list["):
        element = kind.removeprefix("list[").removesuffix("]")
        return [parameter_value(element, part) for part in listed(text)]
    if kind == "boolean":
        return {"true": True, "yes": True, "false": False, "no": False}.get(text.lower(), text)
    if kind in ("integer", "decimal"):
        return number_or_text(text)
    return text


def parameter_values(kind: str, text: str) -> list[object]:
    """The values a parameter may have."""
    element = kind.removeprefix("list[").removesuffix("]")
    return [parameter_value(element, part) for part in listed(text)]


def nulls(words: str, *, empty: bool) -> list[str]:
    """The texts that mean NULL: the words, and the empty text if it is one."""
    return ([""] if empty else []) + listed(words)


def without_empty(entry: dict[str, object], keys: Iterable[str]) -> dict[str, object]:
    """An entry less those of the keys that hold nothing."""
    return {key: value for key, value in entry.items() if key not in keys or value not in (None, "", [], {})}


def lines(text: str) -> str:
    """A text with plain line ends, as browsers do not send it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
