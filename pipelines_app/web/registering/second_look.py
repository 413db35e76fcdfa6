"""A second look at a sample whose file is written otherwise than it seemed: other columns come to light."""

from collections.abc import Mapping

from pipelines_app.compiler.definition import Format
from pipelines_app.definitions import drafts, proposing, samples
from pipelines_app.definitions.samples import Sample
from pipelines_app.engines.base import Look, Wanted
from pipelines_app.web.registering.desk import Desk

Entry = dict[str, object]


def again(desk: Desk, name: str) -> bool:
    """Look once more if the source says another delimiter, encoding or header than the look went by.

    True if other columns were found, and are proposed now. Raises EngineError where it cannot be read like that.
    """
    sample, entry = drafts.samples_of(desk.draft).get(name), desk.section("sources")[name]
    before = samples.looked(sample) if sample is not None else None
    if sample is None or before is None or before.format is Format.PARQUET:
        return False
    wanted = _wanted(entry)
    if _as_looked(wanted, before):
        return False
    found = samples.look(sample, before.format, wanted)
    _keep(desk, name, samples.with_look(sample, found))
    proposed, old = _columns(found), _columns(before)
    if proposed == old or desk.draft.pipeline is not None:
        return False  # a registered source keeps its contract until somebody takes the new one over
    entered = entry.get("columns")
    typed = entered if isinstance(entered, Mapping) else {}
    chosen = {column: kind for column, kind in typed.items() if column in proposed and kind != old.get(column)}
    drafts.change(desk.draft, lambda document: _with(document, name, {**proposed, **chosen}))
    return True


def _columns(look: Look) -> dict[str, str]:
    return {one.name: proposing.column_type(one.type) for one in look.columns}


def _with(document: Entry, name: str, columns: Mapping[str, object]) -> Entry:
    sources = document.get("sources")
    if isinstance(sources, dict) and isinstance(sources.get(name), dict):
        sources[name]["columns"] = dict(columns)
    return document


def _keep(desk: Desk, name: str, sample: Sample) -> None:
    doors = {one: drafts.door_of(desk.draft, one) for one in desk.section("sources")}
    drafts.note(desk.draft, samples={**drafts.samples_of(desk.draft), name: sample}, doors=doors)


def _wanted(entry: Mapping[str, object]) -> Wanted:
    header = entry.get("header")
    return Wanted(
        delimiter=str(entry.get("delimiter") or ""),
        encoding=str(entry.get("encoding") or ""),
        header=header if isinstance(header, bool) else None,
    )


def _as_looked(wanted: Wanted, look: Look) -> bool:
    if look.format is Format.JSONL:
        return wanted.encoding.lower() == look.encoding
    return (wanted.delimiter, wanted.encoding.lower(), wanted.header) == (look.delimiter, look.encoding, look.header)
