"""What holds between columns in every row: sets of columns that tell rows apart, columns that determine another. Pure.

It is looked for in three versions: pairs of columns in the first, what a third column adds to the best of them in the
second; from then on only what held goes on being counted. Combinations are counted exactly, all of them in one
statement whose plan does not grow with them; of many rows a sample by the hash of the columns, so that rows with the
same values stay together.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, permutations
from math import prod
from typing import Any

from sqlglot import exp

from monitoring_app.profiling import queries
from monitoring_app.profiling.asking import HASHES, Family, family
from monitoring_app.profiling.profile import ColumnProfile, Hold, Metric, Profile
from monitoring_app.profiling.reading import Row
from pipelines_app.engines import trees

MOST_COLUMNS = 12
MOST_KEPT = 8
MOST_KEYS = 2
WIDENED = 3  # pairs that a third column is tried with
NEARLY_KEY = 0.3  # of the rows may share a pair that is worth widening
TWICE = 5.0  # rows that would share a key if it were by chance: with fewer, that none do says nothing
SECONDS = 10.0  # rows that would have another value of what is determined if it were by chance
NEARLY = 0.02  # of the values may contradict that they determine others
MOSTLY = 0.9  # of the versions: a key that was broken more often is none
AGAIN, TOLD = "again", "told"
_UNFIT = frozenset({"DOUBLE", "FLOAT", "REAL", "BOOLEAN"})
_Counted = tuple[tuple[str, ...], tuple[str, ...]]  # the columns of a combination, and by which rows are sampled


def worth_trying(profile: Profile) -> tuple[Hold, ...]:
    """What could hold in batches like this one and would not by chance: pairs as keys, and what determines what."""
    able = _able(profile)
    return (*_pairs(able, profile.rows), *_determined(able, profile.rows))


def widened(profile: Profile, measured: Mapping[Hold, float]) -> tuple[Hold, ...]:
    """What held of all that was tried, and keys of three columns: the nearest pairs with one more, few-valued first."""
    held = tuple(hold for hold in measured if _held(hold, [measured]))
    keys = [hold for hold in measured if not hold.right]
    if any(measured[hold] == 0 for hold in keys):
        return held
    near = sorted((hold for hold in keys if measured[hold] <= NEARLY_KEY), key=lambda hold: measured[hold])
    thirds = sorted((column for column in _able(profile) if _is_full(column)), key=_distinct)
    order = [column.name for column in profile.columns]
    found = [
        Hold(left=tuple(sorted((*hold.left, third.name), key=order.index)))
        for hold in near[:WIDENED]
        for third in thirds
        if third.name not in hold.left
    ]
    return (*dict.fromkeys(found), *held)


def _able(profile: Profile) -> list[ColumnProfile]:
    """Columns that could name something, texts first: what is measured in fractions does not, nor what is constant."""
    found = [column for column in profile.columns if _names(column) and _distinct(column) >= 2]
    return sorted(found, key=lambda column: family(column.type) is not Family.TEXT)[:MOST_COLUMNS]


def _names(column: ColumnProfile) -> bool:
    kind = column.type.upper()
    return family(column.type) is not Family.OTHER and kind not in _UNFIT and not kind.startswith("DECIMAL")


def _distinct(column: ColumnProfile) -> float:
    return column.metrics.get(Metric.DISTINCT, 0.0)


def _is_full(column: ColumnProfile) -> bool:
    return column.metrics.get(Metric.NULL_SHARE) == 0


def _pairs(able: Sequence[ColumnProfile], rows: int) -> Iterator[Hold]:
    """Pairs of columns without NULL; none where one column tells rows apart alone."""
    full = [column for column in able if _is_full(column)]
    if any(column.metrics.get(Metric.DISTINCT_SHARE) == 1 for column in full):
        return
    for pair in combinations(full, 2):
        cells = prod(_distinct(column) for column in pair)
        if cells >= rows / 2 and rows**2 / (2 * cells) >= TWICE:
            yield Hold(left=tuple(column.name for column in pair))


def _determined(able: Sequence[ColumnProfile], rows: int) -> Iterator[Hold]:
    """Pairs of which the left has as many values as the right at least, each several times."""
    for left, right in permutations(able, 2):
        lefts, valued = _distinct(left), rows * (1 - left.metrics.get(Metric.NULL_SHARE, 0.0))
        # Of the rows behind the first of each value of the left, so many would have another value of the right.
        surprising = (valued - lefts) * (1 - right.metrics.get(Metric.TOP_SHARE, 1.0))
        if _distinct(right) <= lefts < valued and surprising >= SECONDS and _is_full(right):
            yield Hold(left=(left.name,), right=right.name)


def going_on(measured: Sequence[Mapping[Hold, float]]) -> tuple[Hold, ...]:
    """What held in some batches, so that it is worth counting in the next: few keys, none wider than another."""
    seen = [hold for one in measured for hold in one]
    held = [hold for hold in dict.fromkeys(seen) if _held(hold, measured)]
    keys: list[Hold] = []
    for hold in (one for one in held if not one.right):
        if len(keys) < MOST_KEYS and not any(set(key.left) <= set(hold.left) for key in keys):
            keys.append(hold)
    return (*keys, *_apart([hold for hold in held if hold.right]))[:MOST_KEPT]


def _held(hold: Hold, measured: Sequence[Mapping[Hold, float]]) -> bool:
    """A key tells all rows apart, nearly always; what determines another nearly always does so, in most versions."""
    values = [one[hold] for one in measured if hold in one]
    if not hold.right:
        return sum(value == 0 for value in values) >= MOSTLY * len(values)
    return sum(value <= NEARLY for value in values) > len(values) / 2


def _apart(found: Sequence[Hold]) -> Iterator[Hold]:
    """Of two columns that determine each other one direction is enough."""
    said: set[tuple[str, str]] = set()
    for hold in found:
        if (hold.right, hold.left[0]) not in said:
            said.add((hold.left[0], hold.right))
            yield hold


def statement(source: exp.Table | exp.Subquery, holds: Sequence[Hold], one_in: int) -> exp.Select:
    """How many different combinations there are of each set of columns, and in how many rows."""
    counted = [_hash(one, one_in) for one in _all_counted(holds, one_in)]
    places = [exp.convert(place) for place in range(len(counted))]
    below = exp.select(
        exp.alias_(trees.call("unnest", exp.Array(expressions=counted)), "value"),
        exp.alias_(trees.call("unnest", exp.Array(expressions=places)), "place"),
    ).from_(source)
    keys = [trees.name("place"), trees.name("value")]
    grouped = exp.select(*keys, exp.alias_(exp.Count(this=exp.Star()), AGAIN)).from_(trees.subquery(below, "below"))
    grouped = grouped.where(queries.held(trees.name("value"))).group_by(*keys)
    fields = {"kinds": exp.Count(this=exp.Star()), "rows": exp.Sum(this=trees.name(AGAIN))}
    told = exp.select(trees.name("place"), *(exp.alias_(value, key, quoted=True) for key, value in fields.items()))
    told = told.from_(trees.subquery(grouped, "grouped")).group_by(trees.name("place"))
    packed = [
        exp.PropertyEQ(this=exp.Literal.string(key), expression=trees.typed(trees.name(key), "BIGINT"))
        for key in ("place", *fields)
    ]
    listed = trees.typed(trees.call("to_json", trees.call("list", exp.Struct(expressions=packed))), "VARCHAR")
    return exp.select(exp.alias_(listed, TOLD)).from_(trees.subquery(told, "told"))


def _parts(hold: Hold, one_in: int) -> tuple[_Counted, ...]:
    """Of a key the columns; of what is determined both together, and the left alone."""
    by = () if one_in == 1 else hold.left
    alone = (tuple(sorted(hold.left)), by)
    return ((tuple(sorted((*hold.left, hold.right))), by), alone) if hold.right else (alone,)


def _all_counted(holds: Iterable[Hold], one_in: int) -> list[_Counted]:
    """Each once: a pair is the same whether it is tried as a key or as what determines."""
    return list(dict.fromkeys(part for hold in holds for part in _parts(hold, one_in)))


def _hash(counted: _Counted, one_in: int) -> exp.Expr:
    names, by = counted
    columns = [trees.name(name) for name in names]
    chosen = [queries.held(column) for column in columns]
    if by:
        sampled = queries.hashed(*(trees.name(name) for name in by))
        chosen.append(exp.LT(this=sampled, expression=exp.convert(HASHES // one_in)))
    return exp.Case().when(exp.and_(*chosen), trees.call("hash", *columns))


def read(row: Row, holds: Sequence[Hold], one_in: int) -> dict[Hold, float]:
    """By how much each was contradicted: the share of rows that repeat a key, of values with a second partner.

    What no row has anything of is not among them.
    """
    told: Any = row.get(TOLD)
    numbers = {int(one["place"]): (int(one["kinds"]), int(one["rows"])) for one in (json.loads(told) if told else ())}
    places = {one: place for place, one in enumerate(_all_counted(holds, one_in))}
    found: dict[Hold, float] = {}
    for hold in holds:
        counted = [numbers.get(places[part]) for part in _parts(hold, one_in)]
        if hold.right and counted[0] and counted[1]:
            found[hold] = max(0.0, counted[0][0] / counted[1][0] - 1)
        elif not hold.right and counted[0]:
            found[hold] = 1 - counted[0][0] / counted[0][1]
    return found
