"""The form for a check of one's own choice, and the entry it makes."""

from collections.abc import Mapping

from django.http import QueryDict

from pipelines_app.compiler import check_catalogue, check_kinds
from pipelines_app.web.registering import values
from pipelines_app.web.registering.check_form import FIELDS, CheckForm
from pipelines_app.web.registering.desk import Desk

Entry = dict[str, object]

_LISTS = frozenset({"columns", "to", "by"})
_FLAGS = frozenset({"ordered", "more", "strictly"})
_NUMBERS = frozenset({"min", "max", "factor", "margin", "least", "q", "equals"})


def form(desk: Desk, post: QueryDict | None = None) -> CheckForm:
    """The form, offering the datasets of the draft."""
    names = [*desk.section("sources"), *(str(step.get("dataset", "")) for step in desk.steps())]
    made = CheckForm(post, prefix="new") if post is not None else CheckForm(prefix="new")
    made.offer("dataset", [(name, name) for name in names])
    return made


def field(key: str) -> str:
    """The field at which a fault of a key is told."""
    return FIELDS.get(key, key)


def entry(made: CheckForm) -> Entry:
    """The check as an entry of the definition, with what its kind takes."""
    given = made.cleaned_data
    kind = str(given.get("kind", ""))
    shape = check_catalogue.KINDS.get(kind)
    if shape is None:
        return {kind: {}}
    keys = [*(["columns"] if shape.columns is not check_kinds.About.NONE else []), *shape.arguments]
    body: Entry = {key: _value(key, given) for key in keys}
    body |= {"name": given["name"], "where": given["where"], "owner": given["owner"], "severity": given.get("severity")}
    if shape.tolerant:
        body["tolerance"] = values.tolerance(given["tolerance"])
    return {kind: {key: value for key, value in body.items() if value not in (None, "", [])}}


def _value(key: str, given: Mapping[str, object]) -> object:
    if key in _FLAGS:
        return True if given.get(key) else None
    text = str(given.get(field(key)) or "")
    if key in _LISTS:
        return values.listed(text)
    if key == "values":
        return _alike([values.number_or_text(part) for part in values.listed(text)], values.listed(text))
    if key in _NUMBERS:
        return values.share_or_number(text) if text else None
    return values.lines(text)


def _alike(numbers: list[object], texts: list[str]) -> list[object]:
    """All numbers, or all texts as they were typed: `007, A1` are texts."""
    return numbers if not any(isinstance(one, str) for one in numbers) else list(texts)
