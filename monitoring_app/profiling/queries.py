"""One SELECT that measures everything of a relation, for DuckDB: a tree made from the relation's columns. Pure.

The relation's columns stand in it under names of our own (v0, x0, s0, …), so that theirs may be anything.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from sqlglot import exp

from monitoring_app.profiling import levels
from monitoring_app.profiling.asking import (
    GREATEST,
    HASHES,
    PATTERNS,
    ROW_PLACE,
    SKETCHED,
    TOP,
    Asked,
    Family,
    answer,
    family,
    pair_answer,
)
from monitoring_app.profiling.profile import Metric, Pair, Tie
from pipelines_app.compiler import types
from pipelines_app.compiler.definition import Column
from pipelines_app.engines import trees

BATCH, BEGINS, ENDS, ROW = "b", "t0", "t1", "h"
HELD, SEEN, SHAPED, HASHED = "held", "seen", "shaped", "hashed"
_SHIFT = 16  # of the 64 bits of a hash 48 are kept, which every JSON reader reads exactly


def profile(source: exp.Table | exp.Subquery, asked: Asked) -> exp.Select:
    """Everything that is asked of a relation, one row for each batch.

    What depends on a column's type is an aggregate of its own. Numbers, texts, values, patterns and hashes are looked
    at in rows of (column, value): a plan that does not grow with the columns. It is the plan that a small batch costs.
    """
    wide = exp.select(*(exp.alias_(value, name, quoted=True) for name, value in _measured(asked))).from_(
        HELD, copy=False
    )
    batch = [trees.name(BATCH)] if asked.batch else []
    wide = wide.group_by(*batch) if batch else wide
    packed = _packed(asked, batch)
    told = exp.select("wide.*", *(exp.column(name, name) for name in packed)).from_("wide")
    for name in packed:
        same = exp.column(BATCH, "wide").eq(exp.column(BATCH, name)) if batch else exp.true()
        told = told.join(name, on=same, join_type="left")
    texts, hashes = _below_one_another(asked, "s"), _below_one_another(asked, "k", (_looked_at(asked), ROW_PLACE))
    steps: Mapping[str, exp.Select] = {
        "wide": wide,
        SEEN: _counted(texts, batch),
        SHAPED: _shaped(asked, batch),
        HASHED: _counted(hashes, batch),
        **packed,
    }
    # Everything here is made for this query alone: it need not be copied for each part that is added.
    told = told.with_(HELD, as_=_inner(source, asked), materialized=True, copy=False)
    for name, query in steps.items():
        told = told.with_(name, as_=query, materialized=name == SEEN, copy=False)
    return told


def _packed(asked: Asked, batch: Sequence[exp.Expr]) -> dict[str, exp.Select]:
    """What is told of every column in a list, by the name it has in the answer."""
    counted = {
        "texts": _most(SEEN, "texts", TOP, batch),
        "shapes": _most(SHAPED, "shapes", PATTERNS, batch),
        "hashes": _least(batch),
    }
    return counted | (levels.lists(asked, HELD, batch) if asked.one_in == 1 else {})


def _below_one_another(asked: Asked, key: str, *extra: tuple[exp.Expr, int]) -> exp.Select:
    """One form of every column as rows of (place, value)."""
    values = [*(trees.name(f"{key}{place}") for place in range(len(asked.columns))), *(value for value, _ in extra)]
    places = [*range(len(asked.columns)), *(place for _, place in extra)]
    unnested = [
        exp.alias_(trees.call("unnest", exp.Array(expressions=values or [exp.null()])), "value"),
        exp.alias_(trees.call("unnest", exp.Array(expressions=[exp.convert(one) for one in places or [0]])), "place"),
    ]
    batch = [trees.name(BATCH)] if asked.batch else []
    rows = exp.select(*batch, *unnested).from_(HELD)
    # Of a sample most rows have nothing to tell: they are left out before they become as many as there are columns.
    return rows if asked.one_in == 1 else rows.where(held(exp.func("coalesce", *(one.copy() for one in values))))


def _counted(rows: exp.Select, batch: Sequence[exp.Expr]) -> exp.Select:
    keys = [*batch, trees.name("place"), trees.name("value")]
    counted = exp.select(*keys, exp.alias_(exp.Count(this=exp.Star()), "number"))
    return counted.from_(trees.subquery(rows, "below")).where(held(trees.name("value"))).group_by(*keys)


def _shaped(asked: Asked, batch: Sequence[exp.Expr]) -> exp.Select:
    """How often each pattern occurs in the columns of texts; a pattern is made once for each different text."""
    texts = [place for place, column in enumerate(asked.columns) if family(column.type) is Family.TEXT]
    keys = [*batch, trees.name("place")]
    shape = exp.alias_(pattern(trees.name("value")), "value")
    shaped = exp.select(*keys, shape, "number").from_(SEEN).where(trees.name("place").isin(*(texts or [-2])))
    number = exp.alias_(exp.Sum(this=trees.name("number")), "number")
    keys = [*keys, trees.name("value")]
    return exp.select(*keys, number).from_(trees.subquery(shaped, "shaped")).group_by(*keys)


def _most(counted: str, name: str, most: int, batch: Sequence[exp.Expr]) -> exp.Select:
    """The most frequent values of each column: [{place, values, numbers}, ...]."""
    value, number, limit = trees.name("value"), trees.name("number"), exp.convert(most)
    fields = {
        "values": trees.call("arg_max", value, number, limit),
        "numbers": trees.call("max", number.copy(), limit.copy()),
    }
    return levels.by_place(counted, name, fields, batch)


def _least(batch: Sequence[exp.Expr]) -> exp.Select:
    """The least hashes of each column with the rows of each, and how many there are in all."""
    value, number, limit = trees.name("value"), trees.name("number"), exp.convert(SKETCHED)
    fields = {
        "values": trees.call("min", value, limit),
        "numbers": trees.call("arg_min", number, value.copy(), limit.copy()),
        "kept": exp.Count(this=exp.Star()),
    }
    return levels.by_place(HASHED, "hashes", fields, batch)


def _inner(source: exp.Table | exp.Subquery, asked: Asked) -> exp.Select:
    """The rows under names of our own, each with its hash; texts are made of those rows only that are looked at."""
    row = unlike([column.name for column in asked.columns])
    marked = exp.select(exp.Star(), exp.alias_(hashed(*values_of(asked)), row)).from_(source)
    looked = exp.LT(this=trees.name(row), expression=exp.convert(HASHES // asked.one_in))
    chosen: list[exp.Expr] = []
    for place, column in enumerate(asked.columns):
        chosen += [exp.alias_(value, f"{key}{place}") for key, value in forms(column, looked, asked.one_in)]
        if column.name in asked.raws:
            chosen.append(exp.alias_(trees.name(asked.raws[column.name]), f"r{place}"))
    ours = {BATCH: asked.batch, BEGINS: asked.begins, ENDS: asked.ends}
    chosen += [exp.alias_(trees.name(theirs), own) for own, theirs in ours.items() if theirs]
    return exp.select(*chosen, exp.alias_(trees.name(row), ROW)).from_(trees.subquery(marked, "marked"), copy=False)


def unlike(names: Collection[str]) -> str:
    """A name that none of the relation's columns has."""
    longest = max((len(name) for name in names), default=0)
    return "h" * (longest + 1)


def values_of(asked: Asked) -> list[exp.Expr]:
    return [trees.name(column.name) for column in asked.columns] or [exp.null()]


def hashed(*values: exp.Expr) -> exp.Expr:
    return exp.BitwiseRightShift(this=trees.call("hash", *values), expression=exp.convert(_SHIFT))


def forms(column: Column, looked: exp.Expr, one_in: int) -> Iterator[tuple[str, exp.Expr]]:
    """A column as its value v, the number x it is, the hash k it is sketched by, and the text s it is shown as."""
    value = trees.name(column.name)
    kind = family(column.type)
    yield "v", trees.as_text(value, column.type) if kind is Family.OTHER else value
    if kind is Family.NUMBER:
        number = trees.typed(value.copy(), "DOUBLE")
        yield "x", number if types.normalise(column.type) in types.INTEGERS else _finite(number)
    elif kind is Family.MOMENT:
        yield "x", trees.call("epoch", exp.Case().when(trees.call("isfinite", value.copy()), value.copy()))
    key, wanted = hashed(value.copy()), held(value)
    if one_in > 1:
        wanted = exp.and_(wanted, exp.LT(this=key.copy(), expression=exp.convert(HASHES // one_in)))
    yield "k", exp.Case().when(wanted, key)
    shown = value.copy() if kind is Family.TEXT else trees.as_text(value.copy(), column.type)
    shown = levels.beginning(shown)
    yield "s", shown if one_in == 1 else exp.Case().when(looked.copy(), shown)


def _finite(number: exp.Expr) -> exp.Expr:
    """A number one can reckon with: neither NaN nor infinite, nor so great that its square is."""
    return exp.Case().when(_below(exp.Abs(this=number), GREATEST), number.copy())


def _below(left: exp.Expr, right: float) -> exp.Expr:
    return exp.LT(this=left, expression=exp.convert(right))


def _measured(asked: Asked) -> Iterator[tuple[str, exp.Expr]]:
    yield "rows", exp.Count(this=exp.Star())
    yield "content", trees.typed(exp.Sum(this=trees.name(ROW)), "VARCHAR")
    yield "looked", exp.Count(this=_looked_at(asked))
    if asked.batch:
        yield BATCH, trees.name(BATCH)
    if asked.begins:
        yield "begins", trees.call("epoch", exp.Min(this=trees.name(BEGINS)))
    for place, column in enumerate(asked.columns):
        for key, value in of_column(place, column, asked):
            yield answer(place, key), value
    places = {column.name: (number, family(column.type)) for number, column in enumerate(asked.columns)}
    for number, pair in enumerate(asked.pairs):
        yield pair_answer(number), _tie(pair, places)


def of_column(place: int, column: Column, asked: Asked) -> Iterator[tuple[str, exp.Expr]]:
    """The aggregates of one column; of few rows what is a number or a text is told with those of the others."""
    value = trees.name(f"v{place}")
    yield "values", exp.Count(this=value)
    yield "least", levels.beginning(trees.as_text(exp.Min(this=value.copy()), "VARCHAR"))
    yield "most", levels.beginning(trees.as_text(exp.Max(this=value.copy()), "VARCHAR"))
    if column.name in asked.raws:
        misfit = exp.and_(trees.name(f"r{place}").is_(exp.null()).not_(), value.copy().is_(exp.null()))
        yield Metric.MISFIT_SHARE, levels.count_if(misfit)
    if family(column.type) is Family.MOMENT:
        yield from _of_moments(place, column, asked)
    if asked.one_in > 1:
        yield from _alone(place, column)


def _alone(place: int, column: Column) -> Iterator[tuple[str, exp.Expr]]:
    value, number, shown = (trees.name(f"{key}{place}") for key in "vxs")
    yield "distinct", trees.call("approx_count_distinct", value)
    yield "counted", exp.Count(this=shown)
    match family(column.type):
        case Family.NUMBER:
            yield from _packed_list(levels.of_numbers(number, shown))
        case Family.MOMENT:
            yield from _packed_list(levels.of_levels(number))
        case Family.TEXT:
            yield from levels.of_texts(shown, trees.call("length", value.copy()))
        case Family.OTHER:
            pass


def _packed_list(told: levels.Told) -> levels.Told:
    """What is a list comes as JSON, which every row can hold."""
    for key, value in told:
        yield key, levels.json(value) if key == levels.QUANTILES_TOLD else value


def _looked_at(asked: Asked) -> exp.Expr:
    """The hash of a row that is looked at in detail."""
    row = trees.name(ROW)
    return exp.Case().when(exp.LT(this=row, expression=exp.convert(HASHES // asked.one_in)), row.copy())


def _of_moments(place: int, column: Column, asked: Asked) -> Iterator[tuple[str, exp.Expr]]:
    value = trees.name(f"v{place}")
    if column.type != "DATE":
        midnight = trees.call("date_trunc", levels.text("day"), value.copy())
        yield Metric.MIDNIGHT_SHARE, levels.count_if(value.copy().eq(midnight))
    if asked.begins and asked.ends:
        after = exp.GTE(this=value.copy(), expression=trees.name(BEGINS))
        before = exp.LT(this=value.copy(), expression=trees.name(ENDS))
        yield Metric.WITHIN_SHARE, levels.count_if(exp.and_(after, before))
        yield Metric.FUTURE_SHARE, levels.count_if(exp.GTE(this=value.copy(), expression=trees.name(ENDS)))


def pattern(text: exp.Expr) -> exp.Expr:
    """What a text looks like: runs of small letters as a, of capitals as A, of digits as 9."""
    for kind, sign in ((r"\p{Ll}+", "a"), (r"\p{Lu}+", "A"), (r"\p{Nd}+", "9"), (r"\s+", " ")):
        text = trees.call("regexp_replace", text, levels.text(kind), levels.text(sign), levels.text("g"))
    return text


def _tie(pair: Pair, places: Mapping[str, tuple[int, Family]]) -> exp.Expr:
    (left, left_kind), (right, right_kind) = places[pair.left], places[pair.right]
    comparable = left_kind is right_kind and left_kind in (Family.NUMBER, Family.MOMENT)
    key = "x" if comparable else "v"
    one, other = trees.name(f"{key}{left}"), trees.name(f"{key}{right}")
    match pair.tie:
        case Tie.CORRELATED:
            return trees.call("corr", one, other)
        case Tie.ORDERED:
            return exp.Avg(this=trees.typed(exp.LTE(this=one, expression=other), "DOUBLE"))
        case Tie.EQUAL:
            return exp.Avg(this=trees.typed(one.eq(other), "DOUBLE"))
        case Tie.DETERMINES:
            return _determined(trees.name(f"v{left}"), trees.name(f"v{right}"))


def _determined(left: exp.Column, right: exp.Column) -> exp.Expr:
    """Different pairs per different value of the left, nearly: counted by sketches, for an exact count costs a plan."""
    both = exp.Case().when(exp.and_(held(left), held(right)), trees.call("hash", left.copy(), right.copy()))
    one = exp.Case().when(exp.and_(held(left), held(right)), trees.call("hash", left.copy()))
    return exp.Div(
        this=trees.typed(trees.call("approx_count_distinct", both), "DOUBLE"),
        expression=exp.Nullif(this=trees.call("approx_count_distinct", one), expression=exp.convert(0)),
    )


def held(column: exp.Expr) -> exp.Expr:
    return column.copy().is_(exp.null()).not_()
