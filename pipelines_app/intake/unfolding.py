"""What is in the body of a message: records as JSON, which become JSON lines, or a file that stays as it is."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Never

from pipelines_app.compiler.definition import Format, Source
from pipelines_app.errors import ArrivalRefused
from pipelines_app.intake import payloads

DEEPEST = 64


@dataclass(frozen=True, kw_only=True)
class Unfolded:
    """The bytes to keep, and their period as far as the body says it."""

    body: bytes
    period: str
    name: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)


def is_json(content_type: str) -> bool:
    """Whether a body of this content type is records, not a file."""
    return content_type.partition(";")[0].strip().lower() == "application/json"


def records(body: bytes, source: Source, *, period: str) -> Unfolded:
    """The records of a JSON body as JSON lines; `period` is what else is known. Raises ArrivalRefused."""
    payload, name = read(body), ""
    given: Mapping[str, object] = {}
    if source.payload is not None:
        mapped = payloads.mapped(payload, source)
        rows, period, name, given = mapped.records, mapped.period or period, mapped.name, mapped.parameters
    elif isinstance(payload, dict) and "records" in payload:
        rows, period = payload["records"], str(payload.get("period") or period)
    else:
        rows = payload
    rows = rows if isinstance(rows, list) else [rows]
    if source.format is not Format.JSONL:
        raise ArrivalRefused(
            f"{source.dataset} takes {source.format} files, and JSON records came.",
            todo=f"Send the file itself with its own content type, or declare the source's format as {Format.JSONL}.",
        )
    if not all(isinstance(row, dict) for row in rows):
        raise ArrivalRefused("Every record has to be a JSON object.", todo='Send {"period": …, "records": [{…}, …]}.')
    lines = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
    return Unfolded(body=lines.encode(), period=period, name=name, parameters=given)


def read(body: bytes) -> object:
    """A JSON body; raises ArrivalRefused for what is none, has a key twice or is nested too deep."""
    try:
        payload = json.loads(body, object_pairs_hook=_no_twins, parse_constant=_no_constant)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:  # not UTF-8, not JSON, or a number of thousands of digits
        raise ArrivalRefused(
            f"The body is not JSON: {error}.", todo="Send JSON, or the file itself with its own content type."
        ) from error
    _no_abyss(payload)
    return payload


def _no_abyss(payload: object) -> None:
    level = [payload]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, dict | list)]
        if not level:
            return
    raise _too_deep()


def _inside(outer: object) -> list[object]:
    if isinstance(outer, dict):
        return list(outer.values())
    return outer if isinstance(outer, list) else []


def _too_deep() -> ArrivalRefused:
    return ArrivalRefused(
        f"The body is nested more than {DEEPEST} levels deep.", todo="Send records that are flat, or nearly so."
    )


def _no_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ArrivalRefused(f"The key {twice[:80]!r} is there twice in one object.", todo="Send each key once.")
    return fields


def _no_constant(name: str) -> Never:
    raise ArrivalRefused(f"{name} is not JSON.", todo="Send null where there is no number.")
