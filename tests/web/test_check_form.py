"""Every kind of the catalogue can be made with the form: what is typed is an entry that the compiler knows."""

import pytest
from django.http import QueryDict

from pipelines_app.compiler import check_catalogue
from pipelines_app.compiler.check_kinds import KINDS, About
from pipelines_app.web.registering import adding_check
from pipelines_app.web.registering.check_form import FIELDS, ORDER, CheckForm

TYPED = {
    **{"values": "a, b", "dataset": "raw.other", "aggregate": "sum", "sql": "SELECT 1 AS one", "expression": "a > 1"},
    **{
        "q": "0.5",
        "min": "0",
        "max": "1 %",
        "pattern": "a+",
        "like": "a%",
        "operator": "<=",
        "equals": "total",
        "margin": "0.5",
    },
    **{"factor": "2", "within": "24h", "part": "hour", "by": "a, b", "strictly": "on", "early": "2h", "late": "2h"},
    **{"as": "date", "format": "%d.%m.%Y", "least": "0.1", "only": "higher", "ordered": "on", "more": "on"},
    **{"type": "BIGINT", "to": ""},
}
ABOUT = {About.NONE: "", About.ONE: "a", About.EACH: "a", About.PAIR: "a, b", About.TOGETHER: "a, b"}


def typed(kind):
    post = QueryDict(mutable=True)
    shape = KINDS[kind]
    fields = {FIELDS.get(key, key): TYPED[key] for key in shape.arguments}
    fields |= {"dataset": "raw.orders", "kind": kind, "columns": ABOUT[shape.columns], "severity": "warn"}
    post.update({f"new-{name}": value for name, value in fields.items()})
    made = CheckForm(post, prefix="new")
    made.is_valid()
    return made


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_form_makes_it(kind):
    entry = adding_check.entry(typed(kind))
    given = KINDS[kind].arguments
    entry[kind] = {
        key: value for key, value in entry[kind].items() if not (kind == "matches_pattern" and key == "like")
    }
    (spec,) = check_catalogue.parse(entry, "check")
    assert set(spec.arguments) == set(given) - {"to", "like"}
    assert (spec.arguments.get("max") in (None, 0.01), str(spec.severity)) == (True, "warn")


def test_each_field_shows_for_the_kinds_that_take_it():
    shown = {argument.field.name: argument.when for argument in CheckForm(prefix="new").arguments()}
    assert shown["part"] == "new-kind=data_for_every"
    assert {key for shape in KINDS.values() for key in shape.arguments} | {"columns"} == set(ORDER)
