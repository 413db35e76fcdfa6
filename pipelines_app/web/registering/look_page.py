"""Second page: the columns of a source as the sample shows them, and the contract its files are read by."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect

from pipelines_app.compiler.definition import Source
from pipelines_app.definitions import drafts, proposing, samples, trying
from pipelines_app.definitions.samples import Read, Sample
from pipelines_app.engines.base import ColumnLook
from pipelines_app.errors import EngineError
from pipelines_app.web.registering import second_look, values
from pipelines_app.web.registering.desk import Desk, seen_problems
from pipelines_app.web.registering.forms import ColumnForm, Columns, LookForm
from pipelines_app.web.telling import sentence

Entry = dict[str, object]
TEXTUAL = frozenset({"csv", "tsv"})
SPARE_COLUMNS = 3


@dataclass(frozen=True)
class ColumnRow:
    """One column: its fields, and what the sample says of it."""

    form: ColumnForm
    look: ColumnLook | None


def page(desk: Desk) -> HttpResponseBase:
    """Show one source, or write down how its files are read."""
    entries = desk.section("sources")
    if not entries and desk.request.method == "POST":
        return desk.onward("look")
    if not entries:
        return desk.render("look", {"sources": []})
    name = _chosen(desk, list(entries))
    if desk.request.method != "POST":
        form, columns = _forms(entries[name], _sample(desk, name))
        return _shown(desk, name, form, columns)
    if "take" in desk.request.POST:
        return _take_over(desk, name)
    return _write(desk, name)


def _chosen(desk: Desk, names: list[str]) -> str:
    wanted = desk.request.GET.get("source", "")
    return wanted if wanted in names else names[0]


def _sample(desk: Desk, name: str) -> Sample | None:
    return drafts.samples_of(desk.draft).get(name)


def _take_over(desk: Desk, name: str) -> HttpResponseBase:
    """Have the contract that the sample suggests instead of what stands there."""
    sample = _sample(desk, name)
    look = samples.looked(sample) if sample else None
    if sample is not None and look is not None:
        proposed = proposing.contract(look, sample.name)
        drafts.change(desk.draft, lambda document: _put(document, name, proposed))
    return redirect(desk.url("look", source=name))


def _write(desk: Desk, name: str) -> HttpResponseBase:
    entry = desk.section("sources")[name]
    form = LookForm(desk.request.POST)
    columns = Columns(desk.request.POST, prefix="columns")
    form.is_valid()
    columns.is_valid()
    desk.refused([form, *columns.forms])
    rows = [row for row in columns.forms if row.cleaned_data.get("name")]
    changed = _values(entry, form, rows)
    drafts.change(desk.draft, lambda document: _put(document, name, changed))
    if _is_written_otherwise(desk, name, form):
        return redirect(desk.url("look", source=name, **_then(desk)))
    _doubles(desk, rows)
    _tell(desk, name, form, rows)
    if desk.faults or "read" in desk.request.POST:
        return _shown(desk, name, form, list(columns.forms))
    _keep_reading(desk, name)
    names = list(desk.section("sources"))
    place = names.index(name) + 1
    if place < len(names) and not desk.request.POST.get("then"):
        return redirect(desk.url("look", source=names[place]))
    return desk.onward("look")


def _is_written_otherwise(desk: Desk, name: str, form: LookForm) -> bool:
    """Whether the sample, read as it is said to be written now, has other columns: they are to be looked at first."""
    if desk.faults or desk.problems_of("look", name):
        return False  # what cannot be meant is told first
    try:
        found = second_look.again(desk, name)
    except EngineError as error:
        desk.note(form, "encoding", sentence(error))
        return False
    if found:
        messages.info(desk.request, "Read as you say it is written, the sample has other columns: here they are.")
    return found


def _then(desk: Desk) -> dict[str, str]:
    then = desk.request.POST.get("then", "")
    return {"then": then} if then else {}


def _tell(desk: Desk, name: str, form: LookForm, rows: list[ColumnForm]) -> None:
    for at, problem in seen_problems(desk, "look", name):
        numbered = isinstance(at.row, int) and at.row < len(rows)
        desk.note(rows[int(at.row)] if numbered else form, at.field, problem.message)


def _doubles(desk: Desk, rows: list[ColumnForm]) -> None:
    seen: set[str] = set()
    for row in rows:
        folded = row.cleaned_data["name"].lower()
        if folded in seen:
            desk.note(row, "name", f"the column {row.cleaned_data['name']} is here twice")
        seen.add(folded)


def _values(entry: Entry, form: LookForm, rows: list[ColumnForm]) -> Entry:
    """The part of a source's entry that this page says."""
    given = form.cleaned_data
    found: Entry = {
        "columns": {row.cleaned_data["name"]: row.cleaned_data["type"] for row in rows},
        "period": given["period"],
        "from": given["pattern"],
        "mode": given["mode"],
        "tolerance": values.tolerance(given["tolerance"]),
    }
    if given["period"] == "none":
        found |= {"mode": "append" if given["mode"] == "append" else "replace"}
        if "{period}" not in given["pattern"]:
            found["arrival"] = None
    if entry.get("format") in TEXTUAL:
        null = values.nulls(given["nulls"], empty=given["empty_is_null"])
        found |= {"quote": given["quote"], "header": given["header"], "null": null}
        found["delimiter"] = "\t" if entry.get("format") == "tsv" else given["delimiter"]
    if entry.get("format") != "parquet":
        found["encoding"] = given["encoding"]
    return found


def _put(document: dict[str, object], name: str, changed: Entry) -> dict[str, object]:
    sources = document.get("sources")
    if isinstance(sources, dict) and name in sources:
        entry = sources[name] if isinstance(sources[name], Mapping) else {}
        sources[name] = values.without_empty({**entry, **changed}, ("from", "tolerance", "arrival"))
    return document


def _forms(entry: Entry, sample: Sample | None) -> tuple[LookForm, list[ColumnForm]]:
    null = entry.get("null", [""])
    words = [null] if isinstance(null, str) else [str(word) for word in null] if isinstance(null, list) else []
    period = entry.get("period", "none")
    form = LookForm(
        initial={
            "delimiter": entry.get("delimiter", ","),
            "quote": entry.get("quote", '"'),
            "header": entry.get("header", True),
            "nulls": values.joined([word for word in words if word]),
            "empty_is_null": "" in words,
            "encoding": entry.get("encoding", "utf-8"),
            "period": period,
            "pattern": entry.get("from", ""),
            "mode": entry.get("mode", "replace" if period == "none" else "partition"),
            "tolerance": values.tolerance_text(entry.get("tolerance")),
        }
    )
    columns = entry.get("columns")
    listed = [{"name": name, "type": kind} for name, kind in (columns.items() if isinstance(columns, Mapping) else ())]
    spare = [{"type": "VARCHAR"}] * (0 if sample is not None and listed else SPARE_COLUMNS)
    return form, list(Columns(initial=[*listed, *spare], prefix="columns").forms)


def _source(desk: Desk, name: str) -> Source | None:
    sources = trying.documents_in_part(desk.draft.document).sources
    return next((one for one in sources if one.dataset == name), None)


def _is_held_back(desk: Desk, name: str, read: Read | None) -> bool:
    """Whether a file like the sample would not be published as things stand."""
    source = _source(desk, name)
    return read is not None and source is not None and not source.tolerance.admits(read.rejected, read.total)


def _read(desk: Desk, name: str) -> tuple[Read | None, str]:
    """The sample read by the contract as it stands, or why that came to nothing."""
    sample, source = _sample(desk, name), _source(desk, name)
    if sample is None or source is None:
        return None, ""
    try:
        return samples.read(sample, source), ""
    except EngineError as error:
        return None, sentence(error)


def _keep_reading(desk: Desk, name: str) -> None:
    read, _ = _read(desk, name)
    found = drafts.samples_of(desk.draft)
    if read is not None and found[name].reading.get("contract") != read.contract:
        found[name] = samples.with_reading(found[name], read)
        doors = {one: drafts.door_of(desk.draft, one) for one in desk.section("sources")}
        drafts.note(desk.draft, samples=found, doors=doors)


def _shown(desk: Desk, name: str, form: LookForm, columns: list[ColumnForm]) -> HttpResponseBase:
    if desk.request.method != "POST":
        _tell(desk, name, form, columns)
    sample = _sample(desk, name)
    look = samples.looked(sample) if sample else None
    seen = {one.name: one for one in look.columns} if look else {}
    read, unread = (None, "") if desk.faults else _read(desk, name)
    if read is not None:
        _keep_reading(desk, name)
    entry = desk.section("sources")[name]
    blank = Columns(prefix="columns").empty_form
    context = {
        "sources": _tabs(desk, name),
        "source": name,
        "entry": entry,
        "is_textual": entry.get("format") in TEXTUAL,
        "is_encoded": entry.get("format") != "parquet",
        "form": form,
        "rows": [ColumnRow(row, seen.get(str(row["name"].value() or ""))) for row in columns],
        "blank": blank,
        "total": len(columns),
        "sample": sample,
        "look": look,
        "differs": bool(look) and set(seen) != set(_names(entry)),
        "head": [list(row.values()) for row in look.sample] if look else [],
        "read": read,
        "unread": unread,
        "is_held_back": _is_held_back(desk, name, read),
        "share": read.rejected / read.total if read and read.total else 0,
    }
    return desk.render("look", context)


def _names(entry: Entry) -> list[str]:
    columns = entry.get("columns")
    return [str(name) for name in columns] if isinstance(columns, Mapping) else []


def _tabs(desk: Desk, current: str) -> list[dict[str, object]]:
    names = desk.section("sources")
    return [{"label": name, "url": desk.url("look", source=name), "current": name == current} for name in names]
