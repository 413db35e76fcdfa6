"""What a message would give, by its source's pointers and file-name pattern, before anything is sent or declared."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from jsonpointer import JsonPointer

from pipelines_app.compiler import giving
from pipelines_app.compiler.definition import Source
from pipelines_app.errors import ArrivalRefused
from pipelines_app.intake import accepting, naming, unfolding
from pipelines_app.models import Arrival, Dataset

SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What came of a message: period, name, parameters in words and the first records; or why it would be refused."""

    period: str = ""
    name: str = ""
    parameters: str = ""
    records: int = 0
    first: tuple[str, ...] = ()
    refused: str = ""
    todo: str = ""


def message(dataset: Dataset, body: bytes, *, name: str = "", period: str = "") -> Preview:
    """What a JSON message to a source would give."""
    try:
        source = accepting.source_of(dataset)
        unfolded = unfolding.records(body, source, period=period)
        said = naming.plain(unfolded.name or name) or "message"
        found = accepting.period_of(source, name=said, given=unfolded.period)
        given = accepting.parameters_of(dataset, source, name=said, given=unfolded.parameters)
    except ArrivalRefused as refusal:
        return Preview(refused=refusal.message, todo=refusal.todo)
    lines = unfolded.body.decode().splitlines()
    first = tuple(json.dumps(json.loads(line), indent=2, ensure_ascii=False) for line in lines[:SHOWN])
    return Preview(period=found, name=said, parameters=giving.sentence(given), records=len(lines), first=first)


def rebuilt(source: Source, arrival: Arrival, records: Sequence[object]) -> object:
    """A message of the source's shape that would give what an arrival gave: the message itself is not kept."""
    mapping = source.payload
    if mapping is None:
        return {"period": arrival.period, "records": records} if arrival.period else {"records": records}
    if not mapping.records and (len(records) != 1 or not isinstance(records[0], dict)):
        return records
    message: dict[str, object] = {} if mapping.records else dict(records[0])  # type: ignore[call-overload]  # seen above
    given = {mapping.period: arrival.period, mapping.records: records, mapping.name: arrival.name}
    given |= {pointer: arrival.parameters.get(name) for name, pointer in mapping.parameters}
    for pointer, value in given.items():
        if pointer:
            _put(message, JsonPointer(pointer).get_parts(), value)
    return message


def _put(message: dict[str, object], parts: Sequence[str], value: object) -> None:
    """Put a value where nothing stands; what the records say themselves stays."""
    *outer, last = parts
    for part in outer:
        inner = message.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        message = inner
    message.setdefault(last, value)


def file_name(dataset: Dataset, name: str) -> Preview:
    """The period and the parameters that a file of this name would have."""
    plain = naming.plain(name)
    try:
        source = accepting.source_of(dataset)
        period = accepting.period_of(source, name=plain, given="")
        given = accepting.parameters_of(dataset, source, name=plain, given={})
        return Preview(name=plain, period=period, parameters=giving.sentence(given))
    except ArrivalRefused as refusal:
        return Preview(name=plain, refused=refusal.message, todo=refusal.todo)
