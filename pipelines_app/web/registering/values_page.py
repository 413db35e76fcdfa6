"""The one page of a pipeline that a template makes: what the template asks for. The review comes after it."""

from collections.abc import Mapping

from django.http import HttpResponseBase
from django.shortcuts import redirect

from pipelines_app.compiler import templating
from pipelines_app.compiler.templating import Template
from pipelines_app.definitions import drafts
from pipelines_app.definitions.shelf import Shelf
from pipelines_app.errors import DefinitionInvalid, Problem
from pipelines_app.models import Dataset
from pipelines_app.web.registering import asked_form, placing
from pipelines_app.web.registering.asked_form import PREFIX, ValuesForm
from pipelines_app.web.registering.desk import Desk

MOST_LISTED = 500
Document = dict[str, object]


def page(desk: Desk) -> HttpResponseBase:
    """Show the form that the template's parameters make, or take what was typed and go on to the review."""
    said = desk.section("template") and desk.draft.document["template"]
    inner = dict(said) if isinstance(said, Mapping) else {}
    template = _template(desk, inner)
    if template is None:
        return redirect(desk.url("yaml"))
    if desk.request.method != "POST":
        form = _form(desk, template, initial=_initial(desk, template, inner))
        for problem in _problems(desk.document) if "problems" in desk.request.GET else ():
            _note(desk, form, problem)
        return _shown(desk, template, form, inner.get("values"))
    form = _form(desk, template, desk.request.POST)
    form.is_valid()
    desk.refused([form])
    document = _document(desk, form, inner)
    if "look" in desk.request.POST:
        return _shown(desk, template, form, form.values())
    for problem in _problems(document) if not desk.faults else ():
        _note(desk, form, problem)
    if desk.faults:
        return _shown(desk, template, form, form.values())
    drafts.change(desk.draft, lambda _: document)
    return redirect(desk.url("review"))


def _template(desk: Desk, inner: Mapping[str, object]) -> Template | None:
    """The revision that the draft names, or the current one; None where it names none that is there."""
    base = {"pipeline": "draft", "team": "draft", "template": {**inner, "values": {}}}
    try:
        return Shelf().find(templating.read_filled(base))[1]
    except DefinitionInvalid:
        return None


def _form(desk: Desk, template: Template, *args: object, **more: object) -> ValuesForm:
    return ValuesForm(template, desk.teams, *args, named=desk.draft.pipeline is not None, **more)


def _initial(desk: Desk, template: Template, inner: Mapping[str, object]) -> dict[str, object]:
    values = inner.get("values")
    own = {key: desk.draft.document.get(key) or "" for key in ("pipeline", "team", "description")}
    return {**own, **asked_form.initial(template, values if isinstance(values, Mapping) else {})}


def _document(desk: Desk, form: ValuesForm, inner: Mapping[str, object]) -> Document:
    """What was typed, as the document that is registered."""
    typed = form.cleaned_data
    pipeline = desk.draft.pipeline.name if desk.draft.pipeline else typed.get("pipeline", "").strip()
    kept = {key: inner[key] for key in ("name", "revision") if key in inner}
    document: Document = {"pipeline": pipeline, "team": typed.get("team", "")}
    if typed.get("description"):
        document["description"] = typed["description"]
    return {**document, "template": {**kept, "values": form.values()}}


def _problems(document: Mapping[str, object]) -> list[Problem]:
    """What is wrong with the values themselves; what the template then says of them the review tells."""
    try:
        Shelf().read(document)
    except DefinitionInvalid as invalid:
        return list(invalid.problems)
    return []


def _note(desk: Desk, form: ValuesForm, problem: Problem) -> None:
    parts = placing.tokens(problem.path)
    name = f"{PREFIX}{parts[2]}" if parts[:2] == ["template", "values"] and len(parts) > 2 else problem.path
    desk.note(form, name, problem.message)


def _shown(desk: Desk, template: Template, form: ValuesForm, values: object) -> HttpResponseBase:
    given = values if isinstance(values, Mapping) else {}
    seen = Dataset.objects.visible_to(desk.request.user)
    asked = {one.parameter.type.removeprefix("list[").removesuffix("]") for one in template.asked}
    chosen = asked_form.named(template, "dataset", given)
    listed = seen.order_by("name").values_list("name", flat=True)[:MOST_LISTED]
    context = {
        "form": form,
        "template": template,
        "asks_for_columns": {"dataset", "column"} <= asked,
        "datasets": list(listed) if "dataset" in asked else [],
        "columns": _columns(seen.filter(name__in=chosen).values_list("name", "columns")) if chosen else [],
    }
    return desk.render("values", context)


def _columns(rows: object) -> list[tuple[str, str]]:
    """The columns of the datasets that were chosen, each with where it stands."""
    found = [(str(column["name"]), f"{name}: {column['type']}") for name, columns in rows for column in columns]  # type: ignore[attr-defined]
    return found[:MOST_LISTED]
