"""From a JSON message to its period, its records and its name, by the pointers that a source declares."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jsonpointer import JsonPointer, JsonPointerException

from pipelines_app.compiler import clocks
from pipelines_app.compiler.definition import PeriodKind, Source
from pipelines_app.errors import ArrivalRefused

LONGEST_TEXT = 300
_NOTHING = object()


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """What a message says of itself; `records` is what is under the pointer, or the whole message."""

    period: str
    records: object
    name: str
    parameters: Mapping[str, object] = field(default_factory=dict)


def mapped(payload: object, source: Source) -> Mapped:
    """Read a message by its source's pointers; raises ArrivalRefused where nothing fit is there."""
    mapping = source.payload
    if mapping is None:
        return Mapped(period="", records=payload, name="")
    said = text_at(payload, mapping.period, "the period") if mapping.period else ""
    period = clocks.period_at(source.period, said) if said else ""
    if said and not period:
        raise ArrivalRefused(
            f"{said!r} at {mapping.period} is no {source.period} of {source.dataset}.",
            todo="Send a period such as 2013-02-08, or a moment within it such as 2013-02-08T05:00:00Z.",
        )
    return Mapped(
        period=period,
        records=at(payload, mapping.records, "the records"),
        name=text_at(payload, mapping.name, "the name") if mapping.name else "",
        parameters={name: at(payload, pointer, f"the parameter {name}") for name, pointer in mapping.parameters},
    )


def at(payload: object, pointer: str, what: str) -> object:
    """What stands at a place of a message; raises ArrivalRefused where nothing does."""
    try:
        found: object = JsonPointer(pointer).resolve(payload, _NOTHING)
    except JsonPointerException:
        found = _NOTHING
    if found is _NOTHING:
        raise ArrivalRefused(
            f"There is nothing at {pointer}, where {what} should be.",
            todo="Send what the source's payload declares, or correct the pointer.",
        )
    return found


def text_at(payload: object, pointer: str, what: str) -> str:
    """The text or number at a place of a message."""
    found = at(payload, pointer, what)
    if isinstance(found, bool) or not isinstance(found, str | int) or not 0 < len(str(found)) <= LONGEST_TEXT:
        raise ArrivalRefused(f"What is at {pointer} cannot be {what}: it is no short text.", todo="Send a text there.")
    return str(found)


def period_in(payload: object, pointer: str, kind: PeriodKind) -> str:
    """The period at a place of a message, for a pipeline of that kind; raises ArrivalRefused where there is none."""
    if kind is PeriodKind.NONE:
        return ""
    said = text_at(payload, pointer, "the period")
    period = clocks.period_at(kind, said)
    if not period:
        raise ArrivalRefused(f"{said!r} at {pointer} is no {kind}.", todo="Send a key, or a moment within it.")
    return period
