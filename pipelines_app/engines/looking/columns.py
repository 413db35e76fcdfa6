"""For every column of a table of texts the narrowest type that nearly all its values have, and what does not fit it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from pipelines_app.engines import trees, words
from pipelines_app.engines.base import ColumnLook, Row
from pipelines_app.engines.sandbox.session import Session

TABLE = "looked"
NULLS = ("", "NA", "N/A", "n/a", "NULL", "null", "None", "\\N")
NEARLY_ALL = 0.95
EXAMPLES = 3

# What a text must look like before a cast is believed: '007' is no number, '2024-01-01 10:00' no date.
SHAPES = {
    "BOOLEAN": "^(?i:true|false)$",
    "BIGINT": "^[+-]?(0|[1-9][0-9]*)$",
    "DOUBLE": r"^[+-]?(0|[1-9][0-9]*)?([.][0-9]*)?([eE][+-]?[0-9]+)?$",
    "DATE": "^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$",
    "TIMESTAMP": "^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([T ][0-9].*)?$",
    "TIME": "^[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?$",
    "JSON": r"^\s*[\[{]",
}


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A column's type, and how many of its values it leaves out."""

    name: str
    type: str
    misfits: int
    values: int


def nulls_used(session: Session, names: Sequence[str]) -> tuple[str, ...]:
    """Which of the usual texts for NULL occur in the table; the empty text is always among them."""
    counts = [
        exp.alias_(
            exp.Sum(this=sum_of([exp.cast(trees.name(name).eq(exp.Literal.string(null)), "BIGINT") for name in names])),
            f"n{number}",
        )
        for number, null in enumerate(NULLS)
    ]
    row = session.query(exp.select(*counts).from_(TABLE)).rows[0]
    return tuple(null for null, count in zip(NULLS, row, strict=True) if null == "" or int(str(count or 0)))


def sum_of(terms: Sequence[exp.Expr]) -> exp.Expr:
    total: exp.Expr = trees.call("coalesce", terms[0], exp.convert(0))
    for term in terms[1:]:
        total = exp.Add(this=total, expression=trees.call("coalesce", term, exp.convert(0)))
    return total


def proposals(session: Session, names: Sequence[str], null: Sequence[str]) -> list[Proposal]:
    """Count, in one scan, how many values of each column fit each type, and choose."""
    counted: list[exp.Expr] = []
    for number, name in enumerate(names):
        value = held(name, null)
        counted.append(exp.alias_(exp.Count(this=value), f"v{number}"))
        counted += [
            exp.alias_(trees.call("count_if", fits(value, type_)), f"{type_.lower()}{number}") for type_ in SHAPES
        ]
    row = session.query(exp.select(*counted).from_(TABLE)).as_rows()[0]
    return [_chosen(name, number, row) for number, name in enumerate(names)]


def _chosen(name: str, number: int, row: Row) -> Proposal:
    values = int(str(row[f"v{number}"]))
    for type_ in SHAPES:
        fitting = int(str(row[f"{type_.lower()}{number}"]))
        if values and fitting > NEARLY_ALL * values:
            return Proposal(name=name, type=type_, misfits=values - fitting, values=values)
    return Proposal(name=name, type="VARCHAR", misfits=0, values=values)


def held(name: str, null: Sequence[str]) -> exp.Expr:
    """A column's text, NULL where it says so in words."""
    column = trees.name(name)
    return exp.Case().when(column.isin(*null).not_(), trees.name(name))


def fits(value: exp.Expr, type_: str) -> exp.Expr:
    shape = trees.call("regexp_matches", value.copy(), exp.Literal.string(SHAPES[type_]))
    return exp.and_(shape, trees.tried(value.copy(), type_).is_(exp.null()).not_())


def looks(session: Session, proposed: Sequence[Proposal], null: Sequence[str]) -> tuple[ColumnLook, ...]:
    """Nulls, distinct values, least, greatest and examples of each column as the type proposed for it."""
    measured: list[exp.Expr] = []
    for number, one in enumerate(proposed):
        value = held(one.name, null)
        typed = value if one.type in ("VARCHAR", "JSON") else trees.tried(value, one.type)
        measured += [
            exp.alias_(expression, f"{key}{number}")
            for key, expression in (
                ("rows", exp.Count(this=exp.Star())),
                ("distinct", exp.Count(this=exp.Distinct(expressions=[value.copy()]))),
                ("least", _text(exp.Min(this=typed.copy()))),
                ("most", _text(exp.Max(this=typed.copy()))),
                ("examples", _examples(value, exp.true())),
                ("misfits", _examples(value, _misfits(one, value))),
            )
        ]
    row = session.query(exp.select(*measured).from_(TABLE)).as_rows()[0]
    return tuple(_look(number, one, row) for number, one in enumerate(proposed))


def _text(value: exp.Expr) -> exp.Expr:
    return trees.typed(value, "VARCHAR")


def _misfits(one: Proposal, value: exp.Expr) -> exp.Expr:
    return exp.false() if not one.misfits else exp.paren(fits(value, one.type)).not_()


def _examples(value: exp.Expr, condition: exp.Expr) -> exp.Expr:
    """The first few values that meet a condition."""
    wanted = exp.and_(value.copy().is_(exp.null()).not_(), condition)
    listed = exp.Filter(
        this=trees.call("list", exp.Distinct(expressions=[value.copy()])), expression=exp.Where(this=wanted)
    )
    return trees.call("list_slice", trees.call("list_sort", listed), exp.convert(1), exp.convert(EXAMPLES))


def _look(number: int, one: Proposal, row: Row) -> ColumnLook:
    rows = int(str(row[f"rows{number}"]))
    warning = ""
    if one.misfits:
        misfit = _listed(row[f"misfits{number}"])[0]
        warning = (
            f"{one.name}: {one.misfits:,} of {rows:,} rows are not {words.nouns(one.type)}, "
            f"for example '{words.shown(misfit)}'"
        )
    return ColumnLook(
        name=one.name,
        type=one.type,
        nulls=rows - one.values,
        distinct=int(str(row[f"distinct{number}"])),
        minimum=words.shown(str(row[f"least{number}"] or "")),
        maximum=words.shown(str(row[f"most{number}"] or "")),
        examples=tuple(words.shown(example) for example in _listed(row[f"examples{number}"])),
        warning=warning,
    )


def _listed(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
