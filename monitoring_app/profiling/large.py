"""One SELECT over a large relation, for DuckDB: one scan, and memory that does not grow with the rows. Pure.

Whatever is one number for all rows is measured of all of them: rows, NULLs, least, greatest, mean, deviation, lengths,
zeros, negatives, moments within the period, different values (HyperLogLog). The least hashes of the rows and of the
values of each column are kept with their repetitions, which tells how many rows repeat others and what was seen before.
For the rest (quantiles, most frequent values, patterns, shares of texts) some rows by chance are carried out of the
same scan, and measured as a relation of their own.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from monitoring_app.profiling import queries, reading
from monitoring_app.profiling.asking import (
    HASHES,
    LEAST_KEPT,
    LEAST_ROWS,
    LONGEST_SHOWN,
    SKETCHED,
    Asked,
    Family,
    answer,
    family,
)
from monitoring_app.profiling.profile import ColumnProfile, Metric, Pair, Profile
from monitoring_app.profiling.reading import Row
from pipelines_app.compiler.definition import Column
from pipelines_app.engines import trees

WHOLE = "w_"  # before the names of what was measured of all rows
KEPT = "kept"
DENSER = 2  # so much more is looked at than of a relation of ordinary size
OFTEN = 4  # rows of the sample for each different value: then hardly one is missing among them
EVERY, CHOSEN, SOURCE = "every", "chosen", "source"
_OF_ALL = frozenset(
    {
        *("values", "distinct", "least", "most", "finite"),
        *(Metric.MINIMUM, Metric.MAXIMUM, Metric.MEAN, Metric.STDDEV, Metric.ZERO_SHARE, Metric.NEGATIVE_SHARE),
        *(Metric.MIN_LENGTH, Metric.MEAN_LENGTH, Metric.MAX_LENGTH, Metric.WITHIN_SHARE, Metric.FUTURE_SHARE),
    }
)
_ONLY_OF_ALL = frozenset(
    {
        *(Metric.NULL_SHARE, Metric.DISTINCT, Metric.DISTINCT_SHARE, Metric.INFINITE_SHARE),
        *(Metric.MINIMUM, Metric.MAXIMUM, Metric.MEAN, Metric.STDDEV, Metric.ZERO_SHARE, Metric.NEGATIVE_SHARE),
        *(Metric.MIN_LENGTH, Metric.MEAN_LENGTH, Metric.MAX_LENGTH),
    }
)


def profile(source: exp.Table | exp.Subquery, asked: Asked) -> exp.Select:
    """Everything that is asked of a large relation, as one row."""
    every = exp.select(*(exp.alias_(value, name, quoted=True) for name, value in _of_all(asked))).from_(SOURCE)
    chosen = exp.select(exp.alias_(trees.call("unnest", trees.name(CHOSEN)), "one")).from_(EVERY)
    fields = (
        exp.alias_(trees.call("struct_extract", trees.name("one"), exp.Literal.string(name)), name, quoted=True)
        for name in _sampled_names(asked)
    )
    detail = queries.profile(exp.table_(CHOSEN), _detail(asked))
    told = exp.select(exp.Star(**{"except_": [trees.name(CHOSEN)]}), "detail.*").from_(EVERY)
    told = told.join(trees.subquery(detail, "detail"), on=exp.true(), join_type="left", copy=False)
    told = told.with_(SOURCE, as_=_source(source, asked), copy=False)
    told = told.with_(EVERY, as_=every, materialized=True, copy=False)
    return told.with_(CHOSEN, as_=exp.select(*fields).from_(trees.subquery(chosen, "chosen_rows")), copy=False)


def _sampled_names(asked: Asked) -> list[str]:
    return [f"s{place}" for place in range(len(asked.columns))]


def _detail(asked: Asked) -> Asked:
    """What is asked of the rows that were carried out, whose columns have names of their own."""
    names = dict(zip((column.name for column in asked.columns), _sampled_names(asked), strict=True))
    columns = [Column(name=names[column.name], type=_carried(column)) for column in asked.columns]
    pairs = [Pair(left=names[pair.left], right=names[pair.right], tie=pair.tie) for pair in asked.pairs]
    return Asked(columns=columns, pairs=pairs)


def _carried(column: Column) -> str:
    """The type in which some values of a column are carried out: what may be long as the beginning of its text."""
    return "VARCHAR" if family(column.type) in (Family.TEXT, Family.OTHER) else column.type


def _source(source: exp.Table | exp.Subquery, asked: Asked) -> exp.Select:
    """The rows under names of our own, each with its hash, and some by chance with what is carried out of them."""
    row = queries.unlike([column.name for column in asked.columns])
    looked = f"{row}h"
    share = exp.LT(this=trees.call("random"), expression=exp.convert(DENSER / asked.one_in))
    marked = exp.select(
        exp.Star(),
        exp.alias_(queries.hashed(*queries.values_of(asked)), row),
        exp.alias_(share, looked),
    ).from_(source)
    chosen = [form for place, column in enumerate(asked.columns) for form in _forms(place, column, looked)]
    ours = {queries.BEGINS: asked.begins, queries.ENDS: asked.ends, queries.ROW: row, CHOSEN: looked}
    chosen += [exp.alias_(trees.name(theirs), own) for own, theirs in ours.items() if theirs]
    return exp.select(*chosen).from_(trees.subquery(marked, "marked"))


def _forms(place: int, column: Column, looked: str) -> Iterator[exp.Expr]:
    forms = dict(queries.forms(column, exp.true(), 1))
    value = trees.name(column.name)
    carried: exp.Expr = value
    if family(column.type) in (Family.TEXT, Family.OTHER):
        carried = trees.call("left", trees.as_text(value.copy(), column.type), exp.convert(LONGEST_SHOWN))
    forms["s"] = exp.Case().when(trees.name(looked), carried.copy())
    yield from (exp.alias_(form, f"{key}{place}") for key, form in forms.items())


def _of_all(asked: Asked) -> Iterator[tuple[str, exp.Expr]]:
    row = trees.name(queries.ROW)
    yield f"{WHOLE}rows", exp.Count(this=exp.Star())
    yield f"{WHOLE}content", trees.typed(exp.Sum(this=row), "VARCHAR")
    yield f"{WHOLE}{KEPT}", _least(row, LEAST_ROWS)
    if asked.begins:
        yield f"{WHOLE}begins", trees.call("epoch", exp.Min(this=trees.name(queries.BEGINS)))
    for place, column in enumerate(asked.columns):
        for key, value in queries.of_column(place, column, asked):
            if key in _OF_ALL:
                yield WHOLE + answer(place, key), value
        yield WHOLE + answer(place, KEPT), _least(trees.name(f"k{place}"), LEAST_KEPT)
    packed = [
        exp.PropertyEQ(this=exp.Literal.string(name), expression=trees.name(name)) for name in _sampled_names(asked)
    ]
    listed = trees.call("list", exp.Struct(expressions=packed))
    yield CHOSEN, exp.Filter(this=listed, expression=exp.Where(this=trees.name(CHOSEN)))


def _least(hashed: exp.Expr, most: int) -> exp.Expr:
    """The least hashes, each row's with its own, as {hash: rows}."""
    listed = trees.call("min", hashed.copy(), exp.convert(most))
    counted = trees.call("list_aggregate", listed, exp.Literal.string("histogram"))
    return trees.typed(trees.call("to_json", counted), "VARCHAR")


def read(row: Row, asked: Asked, *, period: str = "", size: int | None = None) -> Profile:
    """The profile that an answer tells of."""
    of_all = {name.removeprefix(WHOLE): value for name, value in row.items() if name.startswith(WHOLE)}
    whole = reading.profile(of_all, asked, period=period, size=size)
    detail = reading.profile(row, _detail(asked))
    kept = _kept(_counts(of_all, KEPT), LEAST_ROWS)
    begins = reading.number(of_all, "begins")
    columns = []
    for place, (one, other) in enumerate(zip(whole.columns, detail.columns, strict=True)):
        sketched = _kept(_counts(of_all, answer(place, KEPT)), LEAST_KEPT)
        columns.append(_together(one, other, begins, _often(one, other, whole.rows / max(1, detail.rows)) or sketched))
    renamed = zip(asked.pairs, _detail(asked).pairs, strict=True)
    return replace(
        whole,
        metrics={**whole.metrics, Metric.DUPLICATE_SHARE: kept.repeated},
        columns=tuple(columns),
        sketch=kept.hashes,
        sketched_below=kept.below,
        pairs={pair: detail.pairs[own] for pair, own in renamed if own in detail.pairs},
    )


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """Some hashes with the rows of each: the least, none of which is left out below `below`."""

    hashes: Mapping[int, int]
    below: int
    repeated: float = 0.0  # the share of their rows that repeat another one's


def _counts(row: Row, name: str) -> dict[str, int]:
    found = row.get(name)
    return json.loads(found) if isinstance(found, str) else {}


def _kept(least: Mapping[str, int], most: int) -> _Kept:
    """What the least hashes of rows tell; of the greatest of them some rows may be missing."""
    rows = {int(hashed): count for hashed, count in least.items()}
    is_cut, first = sum(rows.values()) >= most, sorted(rows)
    known = first[:-1] if is_cut and len(first) > 1 else first
    repeated = 1 - len(known) / sum(rows[one] for one in known) if known else 0.0
    kept = first[:SKETCHED]
    below = kept[-1] + 1 if is_cut or len(first) > SKETCHED else HASHES
    return _Kept(hashes={one: rows[one] for one in kept}, below=below, repeated=repeated)


def _often(whole: ColumnProfile, sample: ColumnProfile, times: float) -> _Kept | None:
    """The values that the sample has, where each is there so often that hardly one is missing."""
    is_cut = whole.metrics.get(Metric.MAX_LENGTH, 0) > LONGEST_SHOWN or family(whole.type) is Family.OTHER
    if is_cut or not sample.sketch or whole.metrics.get(Metric.DISTINCT, 0) * OFTEN > sample.counted:
        return None
    hashes = {one: round(rows * times) for one, rows in sample.sketch.items()}
    return _Kept(hashes=hashes, below=sample.sketched_below)


def _together(whole: ColumnProfile, sample: ColumnProfile, begins: float | None, kept: _Kept) -> ColumnProfile:
    """What is known of all values of a column, and for the rest what the sample tells."""
    is_other = family(whole.type) is Family.OTHER  # its texts are ours
    wanted = {Metric.TOP_SHARE} if is_other else sample.metrics.keys() - _ONLY_OF_ALL
    metrics = {**{metric: sample.metrics[metric] for metric in wanted & sample.metrics.keys()}, **whole.metrics}
    if begins is not None and family(whole.type) is Family.MOMENT:
        metrics |= {one: metrics[other] - begins for one, other in reading.OFFSETS.items() if other in metrics}
    return replace(
        whole,
        metrics=metrics,
        counted=sample.counted,
        top=sample.top,
        patterns=() if is_other else sample.patterns,
        sketch=kept.hashes,
        sketched_below=kept.below,
    )
