"""`timeout:` and `retries:` of a step or source: read from documents and written back."""

import re

from pipelines_app.compiler import names
from pipelines_app.compiler.definition import Effort, RetryOn
from pipelines_app.compiler.reading import Reader

MOST_SECONDS = 24 * 3600
MOST_ATTEMPTS = 10
KEYS = ("timeout", "retries")
_UNITS = {"s": 1, "m": 60, "h": 3600}


def parse(reader: Reader) -> Effort:
    """The effort that a step's or source's entry asks for."""
    seconds = _seconds(reader)
    inner = reader.section("retries")
    if inner is None:
        return Effort(seconds=seconds)
    inner.only("attempts", "on")
    return Effort(seconds=seconds, attempts=_attempts(inner), on=_on(inner))


def dump(effort: Effort) -> dict[str, object]:
    """The entries that say the same; defaults are left out."""
    retries: dict[str, object] = {}
    if effort.attempts is not None:
        retries["attempts"] = effort.attempts
    if effort.on != Effort().on:
        retries["on"] = [str(kind) for kind in effort.on]
    return {"timeout": written(effort.seconds) if effort.seconds else "", "retries": retries}


def seconds_of(text: str) -> int | None:
    """The seconds of a length such as `90s`, `10m` or `2h`; none where it is not one."""
    found = re.fullmatch(r"(\d{1,6})([smh])", text.strip().lower(), re.ASCII)
    return int(found[1]) * _UNITS[found[2]] if found else None


def written(seconds: int) -> str:
    """A length as a document writes it, in the largest unit that fits."""
    unit = next(unit for unit in ("h", "m", "s") if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"


def seconds_fault(seconds: int | None) -> str:
    """What is wrong with the length of a timeout, or nothing."""
    if seconds is None:
        return "must be a length such as 90s, 10m or 2h"
    if not 1 <= seconds <= MOST_SECONDS:
        return f"must be between 1s and {written(MOST_SECONDS)}"
    return ""


def _seconds(reader: Reader) -> int | None:
    value = reader.entries.get("timeout")
    if value is None or value == "":
        return None
    seconds = seconds_of(value) if isinstance(value, str) else None
    if isinstance(value, int) and not isinstance(value, bool):
        seconds = value
    fault = seconds_fault(seconds)
    if fault:
        reader.fault("timeout", fault)
        return None
    return seconds


def _attempts(reader: Reader) -> int | None:
    if not reader.has("attempts"):
        return None
    attempts = reader.whole("attempts", 1, least=1)
    if attempts > MOST_ATTEMPTS:
        reader.fault("attempts", f"must be at most {MOST_ATTEMPTS}")
    return attempts


def _on(reader: Reader) -> tuple[RetryOn, ...]:
    known = [kind.value for kind in RetryOn]
    asked = reader.texts("on", tuple(str(kind) for kind in Effort().on))
    for kind in asked:
        if kind not in known:
            near = names.nearest(kind, known)
            reader.fault("on", f"{kind!r} is not one of {', '.join(known)}", suggestion=near)
    return tuple(kind for kind in RetryOn if kind.value in asked)
