"""The numbers of a profile by which a batch is judged, each on a scale on which a change means the same. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import asinh, atanh, exp, expm1, log, log1p, sinh

from monitoring_app.learning.bands import LEAST_SHARE, Number, share, share_of
from monitoring_app.profiling.asking import Family, family
from monitoring_app.profiling.profile import SCALES, ColumnProfile, Metric, Pair, Profile, Scale, Tie

Key = tuple[str, str]  # column ("" for the batch), check

# Quantiles and means of one distribution: a change that is not worth a word, and what chance makes of it; the more a
# number hangs on single rows, the more of both.
_LEVELS: Mapping[Metric, tuple[float, float]] = {
    Metric.MEAN: (0.1, 0.7),
    Metric.MEDIAN: (0.1, 0.7),
    Metric.Q25: (0.1, 0.7),
    Metric.Q75: (0.1, 0.7),
    Metric.Q05: (0.15, 1.5),
    Metric.Q95: (0.15, 1.5),
    Metric.Q01: (0.25, 2.5),
    Metric.Q99: (0.25, 2.5),
    Metric.MINIMUM: (0.5, 2.5),
    Metric.MAXIMUM: (0.5, 2.5),
}
FEW = 5
_DAY = 86_400.0
_OFFSET = 0.01 * _DAY
_STILL = 0.05  # of what values differ by: less of a deviation is none
_FAR = 300.0  # on a scale of powers: beyond it there are no numbers
_UNTOLD = frozenset({Metric.TOP_SHARE, Metric.WITHIN_SHARE})


def of_batch(profile: Profile) -> Iterator[tuple[Key, Number]]:
    """The numbers of the batch as a whole."""
    noise = 1 / (1 + profile.rows) ** 0.5
    yield ("", "row_count_between"), Number(value=log1p(profile.rows), least=0.1, noise=noise, is_seasonal=True)
    duplicates = profile.metrics.get(Metric.DUPLICATE_SHARE)
    if duplicates is not None:
        yield ("", "duplicate_rows_below"), share(duplicates, profile.rows, is_harmless_below=True)


def of_column(column: ColumnProfile, rows: int, unit: float) -> Iterator[tuple[Key, Number]]:
    """The numbers of one column; `unit` is what its values usually differ by."""
    grain = _grain(column, rows, unit)
    is_bare = grain.values < FEW and grain.values < 0.5 * rows
    for metric, value in column.metrics.items():
        if is_bare and metric not in (Metric.NULL_SHARE, Metric.MISFIT_SHARE):
            continue  # nearly nothing came: that is said by these two, and how it is spread says no more
        of = rows if metric in (Metric.NULL_SHARE, Metric.MISFIT_SHARE) else grain.values
        number = _number(metric, value, grain, max(of, 1.0))
        if number is not None:
            yield (column.name, metric.value), number
    if Metric.MEDIAN_OFFSET in column.metrics:
        yield (column.name, "mean_offset"), _mean_offset(column, grain)


@dataclass(frozen=True, kw_only=True)
class _Grain:
    """How fine a column's numbers are.

    Its unit, how many values it has, how many of them are not the most frequent, how far apart they lie where they are
    few, and between which two they all lie.
    """

    kind: Family
    unit: float
    values: float
    telling: float
    step: float = 0.0
    span: float = 0.0


def _grain(column: ColumnProfile, rows: int, unit: float) -> _Grain:
    found = column.metrics
    values = max(1.0, rows * (1 - found.get(Metric.NULL_SHARE, 0.0) - found.get(Metric.MISFIT_SHARE, 0.0)))
    telling = max(1.0, values * (1 - found.get(Metric.TOP_SHARE, 0.0)))
    span, distinct = found.get(Metric.MAXIMUM, 0.0) - found.get(Metric.MINIMUM, 0.0), found.get(Metric.DISTINCT, 0.0)
    step = span / (distinct - 1) if column.is_whole and distinct > 1 else 0.0
    return _Grain(kind=family(column.type), unit=unit, values=values, telling=telling, step=step, span=span)


def _number(metric: Metric, value: float, grain: _Grain, of: float) -> Number | None:
    match SCALES[metric]:
        case Scale.SHARE:
            least = 0.02 if metric in _UNTOLD else LEAST_SHARE
            return share(value, of, least, is_harmless_below=metric is Metric.MISFIT_SHARE)
        case Scale.COUNT:
            return Number(value=log1p(value), least=0.15, noise=1 / (1 + value) ** 0.5, is_seasonal=True)
        case Scale.LENGTH:
            least, noise = (0.05, 0.5 / of**0.5) if metric is Metric.MEAN_LENGTH else (0.3, 0.0)
            return Number(value=log1p(value), least=least, noise=noise)
        case Scale.SECONDS:
            return Number(value=value, least=_OFFSET, noise=max(_DAY / (4 * of), grain.step))
        case Scale.LEVEL:
            return _level(metric, value, grain)


def _level(metric: Metric, value: float, grain: _Grain) -> Number | None:
    if metric is Metric.STDDEV:
        return Number(value=log(value / grain.unit + _STILL), least=0.2, noise=0.8 / grain.telling**0.5)
    least, chance = _LEVELS[metric]
    unit = max(grain.unit, _DAY) if grain.kind is Family.MOMENT else grain.unit
    noise = chance / grain.telling**0.5
    if metric is not Metric.MEAN:
        noise = max(noise, grain.step / unit)
    if grain.kind is Family.MOMENT:
        return Number(value=value / unit, least=least, noise=noise)
    is_middle = metric in (Metric.MEAN, Metric.MEDIAN)
    return Number(value=asinh(value / unit), least=least, noise=noise, is_seasonal=is_middle)


def _mean_offset(column: ColumnProfile, grain: _Grain) -> Number:
    """The mean moment after the period's beginning: it tells an hour's shift of moments that are told by the hour."""
    found = column.metrics
    begins = found[Metric.MEDIAN] - found[Metric.MEDIAN_OFFSET]
    noise = 0.1 * grain.span / grain.values**0.5
    return Number(value=found[Metric.MEAN] - begins, least=_OFFSET, noise=noise)


def of_metric(metric: Metric, value: float, kind: Family, *, unit: float, values: float) -> Number | None:
    """One number of a column on its scale; `values` is how many values it was taken of."""
    return _number(metric, value, _Grain(kind=kind, unit=unit, values=values, telling=values), values)


def value_of(metric: Metric, scaled: float, kind: Family, *, unit: float) -> float:
    """The value that stands at a place of the scale: what `of_metric` was given."""
    match SCALES[metric]:
        case Scale.SHARE:
            return share_of(scaled)
        case Scale.COUNT | Scale.LENGTH:
            return expm1(min(scaled, _FAR))
        case Scale.LEVEL if metric is Metric.STDDEV:
            return (exp(min(scaled, _FAR)) - _STILL) * unit
        case Scale.LEVEL if kind is Family.MOMENT:
            return scaled * max(unit, _DAY)
        case Scale.LEVEL:
            return sinh(max(-_FAR, min(scaled, _FAR))) * unit
        case _:
            return scaled


def unit_of(column: ColumnProfile) -> float:
    """What a column's values differ by: the middle half of them, or all of them, or how great they are."""
    found = column.metrics
    for least, most in ((Metric.Q25, Metric.Q75), (Metric.Q05, Metric.Q95), (Metric.MINIMUM, Metric.MAXIMUM)):
        if found.get(most, 0.0) > found.get(least, 0.0):
            return found[most] - found[least]
    return abs(found.get(Metric.MEAN, 0.0)) or 1.0


def of_pair(pair: Pair, value: float, rows: int) -> Number:
    """What holds between two columns."""
    if pair.tie is Tie.CORRELATED:
        return Number(value=atanh(max(-0.999, min(0.999, value))), least=0.15, noise=3 / (rows + 1) ** 0.5)
    if pair.tie is Tie.DETERMINES:
        return Number(value=log(max(value, 1.0)), least=0.2, noise=1 / (rows + 1) ** 0.5)
    return share(value, rows)
