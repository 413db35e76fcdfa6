"""The form for a check of one's own choice: every kind of the catalogue, and what each of them takes."""

from collections.abc import Iterator
from dataclasses import dataclass

from django import forms
from django.forms import BoundField

from pipelines_app.compiler import check_kinds
from pipelines_app.compiler.check_kinds import KINDS, About
from pipelines_app.web.registering.forms import COLUMN_TYPES, SEVERITIES, Kept, Needed, choice, optional

# Where a field is not called as the definition's key.
FIELDS = {"column": "columns", "dataset": "other", "as": "read_as"}
ORDER = (
    *("columns", "values", "dataset", "to", "aggregate", "sql", "expression", "q", "min", "max", "pattern", "like"),
    *("operator", "equals", "margin", "factor", "within", "part", "by", "strictly", "early", "late", "as", "format"),
    *("least", "only", "ordered", "more", "type"),
)


def _chosen(values: tuple[str, ...], *, empty: str = "") -> list[tuple[str, str]]:
    first = [("", empty)] if empty else []
    return [*first, *((value, value) for value in values)]


def _groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """The kinds as people look for them."""
    found: dict[str, list[tuple[str, str]]] = {}
    for kind, shape in KINDS.items():
        about = "One or more columns" if shape.columns is not About.NONE else "The whole dataset"
        group = "As usual" if kind in check_kinds.ANOMALIES else about
        found.setdefault(group, []).append((kind, f"{kind}: {shape.label}"))
    return list(found.items())


@dataclass(frozen=True)
class Argument:
    """A field that only some kinds have, and the kinds that it shows for."""

    field: BoundField
    when: str


class CheckForm(Kept):
    """A check of one's own choice."""

    dataset = choice([], label="Dataset")
    kind = Needed(widget=forms.Select(choices=_groups()), label="Check")
    columns = optional(label="Columns", help_text="Apart by commas.")
    values = optional(
        label="Values", help_text="Apart by commas, or one a line.", widget=forms.Textarea(attrs={"rows": 2})
    )
    min = optional(label="At least", max_length=60)
    max = optional(label="At most", help_text="Of a share: 0.01, or 1 %.", max_length=60)
    pattern = optional(label="Pattern", help_text="A regular expression that the whole value matches.")
    like = optional(label="Or like", help_text="As LIKE of SQL: % for any signs, _ for one.")
    other = optional(label="Other dataset", max_length=200)
    to = optional(label="Its columns", help_text="Empty if they have the same names.")
    aggregate = choice(_chosen(check_kinds.AGGREGATES), label="What is compared", required=False)
    factor = optional(label="Times", help_text="What the other is multiplied by; empty: 1.", max_length=40)
    sql = optional(
        label="Query",
        max_length=110_000,
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"}),
    )
    expression = optional(label="Condition", help_text="For example amount >= 0 OR refunded.")
    within = optional(label="At most this old", help_text="30m, 24h or 7d.", max_length=20)
    q = optional(label="Which quantile", help_text="From 0 to 1; 0.5 is the median.", max_length=20)
    operator = choice(_chosen(check_kinds.OPERATORS), label="The first is … the second", required=False)
    equals = optional(label="Add up to", help_text="A column, or a number.", max_length=200)
    margin = optional(label="Give or take", max_length=40)
    part = choice(_chosen(check_kinds.PARTS), label="For every", required=False)
    by = optional(label="In the order of", help_text="Columns, apart by commas.")
    strictly = forms.BooleanField(label="Equal values are no rise", required=False)
    early = optional(label="Or this long before", help_text="30m, 24h or 7d; empty: not at all.", max_length=20)
    late = optional(label="Or this long after", help_text="30m, 24h or 7d; empty: not at all.", max_length=20)
    read_as = choice(_chosen(check_kinds.READ_AS), label="Can be read as", required=False)
    format = optional(label="Written as", help_text="Of a date: %d.%m.%Y. Empty: as databases write it.", max_length=60)
    least = optional(label="Values with at least this share", help_text="Empty: 0.01.", max_length=20)
    only = choice(
        [("", "higher or lower than usual"), ("higher", "higher than usual"), ("lower", "lower than usual")],
        label="It fails if the number is",
        required=False,
    )
    ordered = forms.BooleanField(label="In this order", required=False)
    more = forms.BooleanField(label="There may be more columns", required=False)
    type = choice(COLUMN_TYPES, label="Type", required=False)
    severity = choice(SEVERITIES, label="If it is broken")
    tolerance = optional(
        label="Bad rows to tolerate", max_length=20, help_text="A share such as 1 %, or a number of rows."
    )
    where = optional(label="Only for rows where")
    name = optional(label="Name", max_length=120)
    owner = optional(
        label="Who hears of it",
        max_length=300,
        help_text="An e-mail address, beside the team's channels; empty: nobody else.",
    )

    def arguments(self) -> Iterator[Argument]:
        """The fields of what the kinds take, each with the kinds that take it."""
        for key in ORDER:
            kinds = [kind for kind, shape in KINDS.items() if key in _taken(shape)]
            yield Argument(self[FIELDS.get(key, key)], f"{self.add_prefix('kind')}={'|'.join(kinds)}")

    def tolerant(self) -> str:
        """The kinds of which some rows may be bad."""
        return f"{self.add_prefix('kind')}={'|'.join(kind for kind, shape in KINDS.items() if shape.tolerant)}"


def _taken(shape: check_kinds.Kind) -> tuple[str, ...]:
    return (*(("columns",) if shape.columns is not About.NONE else ()), *shape.arguments)
