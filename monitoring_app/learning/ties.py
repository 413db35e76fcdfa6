"""What holds between two columns, row by row: which pairs may be tied, and which of them are. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, permutations
from statistics import median

from monitoring_app.profiling.asking import Family, family
from monitoring_app.profiling.profile import ColumnProfile, Metric, Pair, Profile, Tie

NUMBERS = 10  # so many columns of a kind are held against each other
DETERMINING = 8
CLOSE = 0.3  # a correlation nearer to 0 says too little
MOST = 24
SURE = 0.98
NARROWED = 0.6  # of the pairs there could be: with more, one column says nothing about the other


def candidates(profiles: Sequence[Profile]) -> tuple[Pair, ...]:
    """The pairs of columns that are worth a look, by some early batches."""
    if not profiles:
        return ()
    columns = max(profiles, key=lambda profile: profile.rows).columns
    return tuple(dict.fromkeys((*_compared(columns), *_determined(columns))))


def _compared(columns: Sequence[ColumnProfile]) -> Iterator[Pair]:
    for kind in (Family.NUMBER, Family.MOMENT):
        alike = [one for one in columns if family(one.type) is kind and one.metrics.get(Metric.DISTINCT, 0) > 2]
        for left, right in combinations(alike[:NUMBERS], 2):
            yield Pair(left=left.name, right=right.name, tie=Tie.CORRELATED)
            yield Pair(left=left.name, right=right.name, tie=Tie.ORDERED)
            yield Pair(left=left.name, right=right.name, tie=Tie.EQUAL)


def _determined(columns: Sequence[ColumnProfile]) -> Iterator[Pair]:
    able = [one for one in columns if 1 < one.metrics.get(Metric.DISTINCT, 0) <= 0.5 * one.counted]
    for left, right in permutations(able[:DETERMINING], 2):
        yield Pair(left=left.name, right=right.name, tie=Tie.DETERMINES)


def strong(profiles: Sequence[Profile]) -> tuple[Pair, ...]:
    """The pairs that were tied in every one of some batches, the closest first."""
    found: dict[Pair, float] = {}
    for pair in profiles[0].pairs if profiles else ():
        strengths = [_strength(pair, profile) for profile in profiles if profile.rows]
        if strengths and min(strengths) > 0:
            found[pair] = median(strengths)
    return tuple(sorted(found, key=lambda pair: -found[pair])[:MOST])


def _strength(pair: Pair, profile: Profile) -> float:
    """How closely two columns are tied, up to 1; 0 where they are not."""
    value = profile.pairs.get(pair)
    columns = {column.name: column for column in profile.columns}
    left, right = columns[pair.left], columns[pair.right]
    if value is None:
        return 0.0
    match pair.tie:
        case Tie.CORRELATED:
            return abs(value) if abs(value) >= CLOSE else 0.0
        case Tie.ORDERED:
            return 0.5 if (value >= SURE or value <= 1 - SURE) and _overlap(left, right) else 0.0
        case Tie.EQUAL:
            return value if value >= CLOSE else 0.0
        case Tie.DETERMINES:
            return _narrowing(value, left.metrics, right.metrics, profile.rows)


def _overlap(left: ColumnProfile, right: ColumnProfile) -> bool:
    """Whether either could be the greater one by its values alone."""
    lower = max(left.metrics.get(Metric.MINIMUM, 0.0), right.metrics.get(Metric.MINIMUM, 0.0))
    return lower < min(left.metrics.get(Metric.MAXIMUM, 0.0), right.metrics.get(Metric.MAXIMUM, 0.0))


def _narrowing(value: float, left: Mapping[Metric, float], right: Mapping[Metric, float], rows: int) -> float:
    """How far fewer pairs there are than there would be if the columns were independent of each other."""
    one, other = left.get(Metric.DISTINCT, 0.0), right.get(Metric.DISTINCT, 0.0)
    if one < 2 or other < 2:
        return 0.0
    cells = one * other
    independent = cells * (1 - (1 - 1 / cells) ** rows) / one
    return max(0.0, 1 - value / independent) if value < NARROWED * independent else 0.0
