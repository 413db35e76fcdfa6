"""First page: what the pipeline is called, whose it is, and what arrives for it."""

from collections.abc import Mapping

from django.http import HttpResponseBase

from pipelines_app.compiler.definition import Format
from pipelines_app.definitions import drafts, proposing, samples, trying
from pipelines_app.definitions.samples import Sample
from pipelines_app.errors import EngineError, LooplineError
from pipelines_app.intake import naming
from pipelines_app.models import Draft
from pipelines_app.web import uploading
from pipelines_app.web.registering import bringing, values
from pipelines_app.web.registering.desk import Desk, seen_problems
from pipelines_app.web.registering.forms import PipelineForm, SourceForm, Sources
from pipelines_app.web.telling import sentence
from pipelines_app.web.uploading import ReceivedFile

Entry = dict[str, object]
Document = dict[str, object]
MOST_LISTED = 5
# What another sample has nothing to say about.
KEPT = ("description", "arrival", "checks", "metrics", "sensitive", "expectations", "drop", "payload")


def page(desk: Desk) -> HttpResponseBase:
    """Show the page, or write it down and go on to the look at the data."""
    if desk.request.method != "POST":
        return _shown(desk, *_forms(desk))
    form, sources = _posted(desk)
    if "add" in desk.request.POST:
        drafts.change(desk.draft, lambda document: written(document, form, sources))
        return _shown(desk, *_forms(desk, blank=1))
    desk.refused([form, *sources])
    _doubles(desk, sources)
    if not desk.faults:
        drafts.change(desk.draft, lambda document: written(document, form, sources))
        _take_samples(desk, sources)
    _tell(desk, form, sources)
    if desk.faults:
        return _shown(desk, form, sources)
    return desk.onward("source" if desk.section("sources") else "look")


def _posted(desk: Desk) -> tuple[PipelineForm, list[SourceForm]]:
    form = _pipeline_form(desk, PipelineForm(desk.request.POST))
    sources = Sources(desk.request.POST, desk.request.FILES, prefix="sources")
    form.is_valid()
    sources.is_valid()
    return form, list(sources.forms)


def _pipeline_form(desk: Desk, form: PipelineForm) -> PipelineForm:
    form.offer("team", [(name, name) for name in sorted(desk.teams)])
    if desk.draft.pipeline is not None:
        form.fields["pipeline"].disabled = True
        form.fields["pipeline"].initial = desk.draft.pipeline.name
        form.fields["pipeline"].help_text = "A pipeline keeps its name."
    return form


def _forms(desk: Desk, *, blank: int = 0) -> tuple[PipelineForm, list[SourceForm]]:
    document, entries = desk.draft.document, desk.section("sources")
    origin = "exists" if document.get("steps") and not entries else "arrives"
    about = {key: document.get(key) for key in ("pipeline", "team", "description")}
    form = _pipeline_form(desk, PipelineForm(initial={**about, "origin": origin}))
    rows = [_initial(desk, name, entry) for name, entry in entries.items()]
    rows += [{"format": "csv", "door": "upload", **bringing.initial({})}] * (blank or int(not rows))
    return form, list(Sources(initial=rows, prefix="sources").forms)


def _initial(desk: Desk, name: str, entry: Mapping[str, object]) -> Entry:
    about = {key: entry.get(key) for key in ("format", "description")}
    known = {"was": name, "dataset": name, "door": drafts.door_of(desk.draft, name)}
    sensitive = ", ".join(values.listed_of(entry.get("sensitive")))
    return {**about, **known, "sensitive": sensitive, **bringing.initial(entry)}


def kept(form: SourceForm) -> bool:
    """Whether a row of the form is a source: not taken out, and not blank."""
    given = form.cleaned_data
    return not given.get("remove") and bool(given.get("dataset") or given.get("was") or form.files.get(_sample(form)))


def _sample(form: SourceForm) -> str:
    return form.add_prefix("sample")


def written(document: Document, form: PipelineForm, sources: list[SourceForm]) -> Document:
    """The document with what this page says."""
    for key in ("pipeline", "team", "description"):
        document[key] = form.cleaned_data.get(key, "")
    before = document.get("sources")
    old: Mapping[str, Entry] = before if isinstance(before, Mapping) else {}
    arrives = form.cleaned_data.get("origin") != "exists"
    document["sources"] = {row.cleaned_data["dataset"]: _entry(row, old) for row in sources if arrives and kept(row)}
    return document


def _entry(row: SourceForm, old: Mapping[str, Entry]) -> Entry:
    entry = dict(old.get(row.cleaned_data["was"], {}))
    if entry.get("format") != row.cleaned_data["format"]:
        entry.pop("delimiter", None)
    brought = bringing.written(row.cleaned_data, entry)
    entry = {key: value for key, value in entry.items() if key not in {"drop", "payload"}} | brought
    entry["sensitive"] = values.listed(row.cleaned_data.get("sensitive", ""))
    told = {"format": row.cleaned_data["format"], "description": row.cleaned_data["description"]}
    return {**values.without_empty(entry, ("sensitive",)), **told}


def _doubles(desk: Desk, sources: list[SourceForm]) -> None:
    seen = set()
    for row in sources:
        name = row.cleaned_data.get("dataset")
        if name and kept(row) and name in seen:
            desk.note(row, "dataset", f"{name} is here twice; give each source a name of its own")
        seen.add(name)


def _take_samples(desk: Desk, sources: list[SourceForm]) -> None:
    """Carry samples over to renamed sources, take in new ones, and look at them."""
    before, found, doors = drafts.samples_of(desk.draft), {}, {}
    for row in sources:
        name = row.cleaned_data["dataset"]
        if name not in desk.section("sources") or not kept(row):
            continue
        doors[name] = row.cleaned_data["door"]
        sample = _taken(desk, row, name) or before.get(row.cleaned_data["was"])
        if sample is not None:
            found[name] = sample
    drafts.note(desk.draft, samples=found, doors=doors)


def _taken(desk: Desk, row: SourceForm, name: str) -> Sample | None:
    """A new sample, looked at; a fault at its field if it cannot be read."""
    file = uploading.uploaded(desk.request.FILES, _sample(row))
    if file is None:
        return None
    try:
        sample = _looked_at(desk, file, _format(row))
    except LooplineError as error:
        desk.note(row, "sample", sentence(error), said=f"{name or 'The sample'}: {sentence(error)}")
        return None
    found = samples.looked(sample)
    if found is None:
        return sample
    entry = proposing.contract(found, sample.name)
    if desk.draft.pipeline is None or not desk.section("sources")[name].get("columns"):
        drafts.change(desk.draft, lambda document: _with_contract(document, name, entry))
    return _read(desk, name, sample)


def _looked_at(desk: Desk, file: ReceivedFile, format: Format) -> Sample:
    """A file taken over and looked at; one that cannot be read is not kept."""
    received = file.received
    sample = samples.keep(
        drafts.folder(desk.draft),
        received.place,
        name=naming.plain(file.name or "") or "sample",
        size=received.bytes,
        sha256=received.sha256,
    )
    try:
        return samples.with_look(sample, samples.look(sample, format))
    except LooplineError:
        samples.drop(sample)
        raise


def _format(row: SourceForm) -> Format:
    given = row.cleaned_data["format"]
    return Format(given) if given in set(Format) else Format.CSV


def _with_contract(document: Document, name: str, entry: Entry) -> Document:
    sources = document["sources"]
    if isinstance(sources, dict) and name in sources:
        sources[name] = {
            **{key: sources[name].get(key) for key in KEPT if sources[name].get(key)},
            **entry,
        }
    return document


def _read(desk: Desk, name: str, sample: Sample) -> Sample:
    """Read the sample by its contract, and propose a tolerance for rows like those that did not fit."""
    sources = trying.documents_in_part(desk.draft.document).sources
    source = next((one for one in sources if one.dataset == name), None)
    if source is None:
        return sample
    try:
        read = samples.read(sample, source)
    except EngineError:
        return sample  # the next page reads it again, and says what is wrong
    proposed = proposing.tolerance(read.rejected, read.total)
    if proposed and "tolerance" not in desk.section("sources")[name] and desk.draft.pipeline is None:
        drafts.change(desk.draft, lambda document: _with(document, name, {"tolerance": proposed}))
        source = next(one for one in trying.documents_in_part(desk.draft.document).sources if one.dataset == name)
        read = samples.read(sample, source)
    return samples.with_reading(sample, read)


def _with(document: Document, name: str, more: Entry) -> Document:
    sources = document["sources"]
    if isinstance(sources, dict) and name in sources:
        sources[name] = {**sources[name], **more}
    return document


def _tell(desk: Desk, form: PipelineForm, sources: list[SourceForm]) -> None:
    """Put the compiler's faults at their fields."""
    rows = {str(row["dataset"].value()): row for row in sources if not row.is_bound or kept(row)}
    if form.is_bound and form.cleaned_data.get("origin") == "arrives" and not rows:
        desk.note(form, "origin", "Name the dataset that arrives, or choose datasets that exist already")
    for at, problem in seen_problems(desk, "source"):
        desk.note(rows.get(str(at.row)) if at.group else form, at.field, problem.message)


def _begun(desk: Desk) -> list[Draft]:
    """What the person has begun and not registered, for who is about to begin anew."""
    if desk.draft.pk is not None:
        return []
    mine = Draft.objects.filter(author=desk.request.user).select_related("pipeline")
    return list(mine.order_by("-updated_at")[:MOST_LISTED])


def _shown(desk: Desk, form: PipelineForm, sources: list[SourceForm]) -> HttpResponseBase:
    if not form.is_bound and desk.draft.pk:
        _tell(desk, form, sources)
    blank = Sources(prefix="sources").empty_form
    blank.initial = {"format": "csv", "door": "upload"}
    found = drafts.samples_of(desk.draft) if desk.draft.pk else {}
    rows = [{"form": row, "sample": found.get(str(row["dataset"].value() or ""))} for row in sources]
    context = {"form": form, "rows": rows, "blank": blank, "total": len(sources), "begun": _begun(desk)}
    return desk.render("source", context)
