"""Fourth page: checks of sources and steps: those that stand, those that the data suggest, and one's own."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.http import HttpResponseBase

from pipelines_app.compiler import check_catalogue
from pipelines_app.definitions import drafts, trying
from pipelines_app.definitions.trying import Bench
from pipelines_app.errors import DefinitionInvalid, EngineError
from pipelines_app.web.registering import adding_check, placing, promises, values
from pipelines_app.web.registering.check_form import CheckForm
from pipelines_app.web.registering.desk import Desk, seen_problems
from pipelines_app.web.registering.forms import TickForm, Ticks
from pipelines_app.web.registering.promises import Promise

Entry = dict[str, object]
Document = dict[str, object]


@dataclass(frozen=True)
class Row:
    """One promise on the page, and its fields."""

    form: TickForm
    promise: Promise


@dataclass
class Group:
    """The checks of one dataset; a note where nothing could be proposed."""

    dataset: str
    kind: str
    note: str = ""
    rows: list[Row] = field(default_factory=list)


def page(desk: Desk) -> HttpResponseBase:
    """Show all checks, or write down those that are ticked."""
    post = desk.request.POST
    if desk.request.method != "POST":
        return _shown(desk, adding_check.form(desk))
    ticks = Ticks(post, prefix="checks")
    ticks.is_valid()
    desk.refused(ticks.forms)
    wanted = [form for form in ticks.forms if form.cleaned_data.get("on") or "all" in post]
    drafts.change(desk.draft, lambda document: _written(document, wanted))
    added = adding_check.form(desk, post if "add" in post else None)
    if "add" in post:
        added.is_valid()
        desk.refused([added])
        entry = adding_check.entry(added)
        dataset = added.cleaned_data.get("dataset", "")
        drafts.change(desk.draft, lambda document: _with(document, dataset, entry))
        if _refused(desk, added, dataset, entry):
            return _shown(desk, added)
        return _shown(desk, adding_check.form(desk))
    if "all" in post:
        return _shown(desk, added)
    _tell(desk)
    return _shown(desk, added) if desk.faults else desk.onward("checks")


def _refused(desk: Desk, form: CheckForm, dataset: str, entry: Entry) -> bool:
    """Whether the new check has a fault; then it is told at its field, and taken out again."""
    known = desk.bench().laid.known.get(dataset)
    try:
        check_catalogue.parse(entry, "check", known.columns if known else None)
        found = []
    except DefinitionInvalid as invalid:
        found = [(str((placing.tokens(problem.path)[2:] or [""])[0]), problem.message) for problem in invalid.problems]
    found = found or [(at.field, problem.message) for at, problem in desk.problems_of("checks")]
    for name, message in found:
        desk.note(form, adding_check.field(name), message)
    if found:
        drafts.change(desk.draft, lambda document: _without(document, dataset, entry))
    return bool(found)


def _tell(desk: Desk) -> None:
    for _, problem in seen_problems(desk, "checks"):
        desk.note(None, "", placing.sentence(problem, desk.draft.document))


def _lists(document: Document) -> Iterator[tuple[str, Entry]]:
    """The entries of a document that may have checks, by the dataset they make."""
    sources, steps = document.get("sources"), document.get("steps")
    if isinstance(sources, Mapping):
        yield from ((str(name), entry) for name, entry in sources.items() if isinstance(entry, dict))
    for step in steps if isinstance(steps, list) else []:
        if isinstance(step, dict):
            yield str(step.get("dataset", "")), step


def _written(document: Document, ticked: Sequence[TickForm]) -> Document:
    for dataset, entry in _lists(document):
        found = [_entry(form) for form in ticked if form.cleaned_data.get("dataset") == dataset]
        entry["checks"] = [one for one in found if one]
        if not entry["checks"]:
            del entry["checks"]
    return document


def _entry(form: TickForm) -> object:
    """A ticked check with the severity and tolerance chosen for it."""
    try:
        entry = json.loads(str(form.cleaned_data.get("entry", "")))
    except ValueError:
        return None
    if not isinstance(entry, dict) or len(entry) != 1:
        return entry
    kind, body = next(iter(entry.items()))
    if kind not in check_catalogue.KINDS:
        return entry
    shape = check_catalogue.KINDS[kind]
    options: Entry = dict(body) if isinstance(body, dict) else {shape.shorthand: body}
    if isinstance(options.get("columns"), list) and kind in promises.GROUPED:
        options["columns"] = values.listed(str(form.cleaned_data.get("columns", "")))
        if not options["columns"]:
            return None
    options["severity"] = form.cleaned_data.get("severity") or None
    options["owner"] = str(form.cleaned_data.get("owner", "")).strip() or None
    options["tolerance"] = values.tolerance(form.cleaned_data.get("tolerance", "")) if shape.tolerant else None
    return {kind: values.without_empty(options, ("severity", "tolerance", "owner"))}


def _with(document: Document, dataset: str, entry: Entry) -> Document:
    for name, part in _lists(document):
        if name == dataset:
            part["checks"] = [*_checks(part), entry]
    return document


def _without(document: Document, dataset: str, entry: Entry) -> Document:
    for name, part in _lists(document):
        if name == dataset and _checks(part)[-1:] == [entry]:
            part["checks"] = _checks(part)[:-1]
            if not part["checks"]:
                del part["checks"]
    return document


def _checks(part: Mapping[str, object]) -> list[object]:
    listed = part.get("checks")
    return list(listed) if isinstance(listed, list) else []


def _shown(desk: Desk, added: CheckForm) -> HttpResponseBase:
    if desk.request.method != "POST":
        _tell(desk)
    bench = desk.bench()
    sources = desk.section("sources")
    groups = []
    rows: list[tuple[Group, Promise]] = []
    for dataset, part in _lists(desk.draft.document):
        group = Group(dataset, "source" if dataset in sources else "step")
        groups.append(group)
        standing = list(promises.standing(_checks(part)))
        rows += [(group, one) for one in [*standing, *_proposed(group, bench, standing)]]
    forms = list(Ticks(initial=[_initial(group, one) for group, one in rows], prefix="checks").forms)
    for form, (group, one) in zip(forms, rows, strict=True):
        group.rows.append(Row(form, one))
    context = {"groups": groups, "total": len(forms), "added": added, "open": "add" in desk.request.POST}
    proposals = sum(row.promise.proposed for group in groups for row in group.rows)
    return desk.render("checks", context | {"proposals": proposals})


def _initial(group: Group, promise: Promise) -> Entry:
    spec = promise.spec
    return {
        "dataset": group.dataset,
        "entry": json.dumps(promise.entry),
        "on": not promise.proposed,
        "columns": ", ".join(promise.columns),
        "severity": str(spec.severity) if spec else "block",
        "owner": spec.owner if spec else "",
        "tolerance": values.tolerance_text(check_catalogue.dump_tolerance(spec.tolerance)) if spec else "",
    }


def _proposed(group: Group, bench: Bench, standing: Sequence[Promise]) -> Iterator[Promise]:
    """What the rows seen so far suggest beyond what stands."""
    if group.kind == "step" and group.dataset not in bench.laid.order:
        group.note = "Its SQL has a problem, so nothing can be proposed."
        return
    try:
        profile = trying.profile(bench, group.dataset)
    except (EngineError, KeyError) as error:
        group.note = f"Nothing can be proposed: {error}"
        return
    if not profile or not profile[0].rows:
        group.note = "There are no rows to learn from yet: drop a sample file at the source, or add checks of your own."
        return
    yield from promises.proposed(profile, standing, source=group.kind == "source")
