"""What a message would give, by its source's pointers and file-name pattern, before anything is sent or declared."""

import json
from dataclasses import dataclass

from pipelines_app.compiler.definition import Source
from pipelines_app.errors import ArrivalRefused
from pipelines_app.intake import accepting, naming, unfolding

SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What came of a message: its period, its name and its records, the first of them; or why it would be refused."""

    period: str = ""
    name: str = ""
    records: int = 0
    first: tuple[str, ...] = ()
    refused: str = ""
    todo: str = ""


def message(source: Source, body: bytes, *, name: str = "", period: str = "") -> Preview:
    """What a JSON message to a source would give."""
    try:
        unfolded = unfolding.records(body, source, period=period)
        said = naming.plain(unfolded.name or name) or "message"
        found = accepting.period_of(source, name=said, given=unfolded.period)
    except ArrivalRefused as refusal:
        return Preview(refused=refusal.message, todo=refusal.todo)
    lines = unfolded.body.decode().splitlines()
    first = tuple(json.dumps(json.loads(line), indent=2, ensure_ascii=False) for line in lines[:SHOWN])
    return Preview(period=found, name=said, records=len(lines), first=first)


def file_name(source: Source, name: str) -> Preview:
    """The period that a file of this name would have."""
    plain = naming.plain(name)
    try:
        return Preview(name=plain, period=accepting.period_of(source, name=plain, given=""))
    except ArrivalRefused as refusal:
        return Preview(name=plain, refused=refusal.message, todo=refusal.todo)
