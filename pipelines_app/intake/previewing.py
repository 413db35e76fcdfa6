"""What a message would give, by its source's pointers and file-name pattern, before anything is sent or declared."""

import json
from dataclasses import dataclass

from pipelines_app.compiler import giving
from pipelines_app.errors import ArrivalRefused
from pipelines_app.intake import accepting, naming, unfolding
from pipelines_app.models import Dataset

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
