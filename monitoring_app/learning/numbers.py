"""The numbers of a profile by which a batch is judged, each on a scale on which a change means the same. Pure."""

from collections.abc import Iterator, Mapping
from math import asinh, atanh, exp, expm1, log, log1p, sinh

from monitoring_app.learning.bands import LEAST_SHARE, Number
from monitoring_app.profiling.asking import Family, family
from monitoring_app.profiling.profile import SCALES, ColumnProfile, Metric, Pair, Profile, Scale, Tie

Key = tuple[str, str]  # column ("" for the batch), check

# Quantiles and means of one distribution; the more a number hangs on single rows, the greater the change it may make.
_LEVELS: Mapping[Metric, float] = {
    Metric.MEAN: 0.1,
    Metric.MEDIAN: 0.1,
    Metric.Q25: 0.1,
    Metric.Q75: 0.1,
    Metric.Q05: 0.15,
    Metric.Q95: 0.15,
    Metric.Q01: 0.25,
    Metric.Q99: 0.25,
    Metric.MINIMUM: 0.5,
    Metric.MAXIMUM: 0.5,
}
_DAY = 86_400.0
_OFFSET = 0.01 * _DAY
_FAR = 300.0  # on a scale of powers: beyond it there are no numbers
_UNTOLD = frozenset({Metric.TOP_SHARE, Metric.WITHIN_SHARE})


def of_batch(profile: Profile) -> Iterator[tuple[Key, Number]]:
    """The numbers of the batch as a whole."""
    least = 0.1 + 2 / (1 + profile.rows) ** 0.5
    yield ("", "row_count_between"), Number(value=log1p(profile.rows), least=least, is_seasonal=True)
    duplicates = profile.metrics.get(Metric.DUPLICATE_SHARE)
    if duplicates is not None:
        yield ("", "duplicate_rows_below"), Number(value=duplicates, least=LEAST_SHARE, rows=profile.rows)


def of_column(column: ColumnProfile, rows: int, unit: float) -> Iterator[tuple[Key, Number]]:
    """The numbers of one column; `unit` is what its values usually differ by."""
    values = rows * (1 - column.metrics.get(Metric.NULL_SHARE, 0.0) - column.metrics.get(Metric.MISFIT_SHARE, 0.0))
    kind, values = family(column.type), max(values, 1.0)
    for metric, value in column.metrics.items():
        of = rows if metric in (Metric.NULL_SHARE, Metric.MISFIT_SHARE) else values
        number = of_metric(metric, value, kind, unit=unit, values=max(of, 1.0))
        if number is not None:
            yield (column.name, metric.value), number


def of_metric(metric: Metric, value: float, kind: Family, *, unit: float, values: float) -> Number | None:
    """One number of a column on its scale; `values` is how many values it was taken of."""
    match SCALES[metric]:
        case Scale.SHARE if metric not in _UNTOLD:
            return Number(value=value, least=LEAST_SHARE, rows=values)
        case Scale.SHARE:
            return Number(value=value, least=0.02, rows=values)
        case Scale.COUNT:
            return Number(value=log1p(value), least=0.15 + 1 / (1 + value) ** 0.5, is_seasonal=True)
        case Scale.LENGTH:
            least = 0.05 + 0.5 / values**0.5 if metric is Metric.MEAN_LENGTH else 0.3
            return Number(value=log1p(value), least=least)
        case Scale.SECONDS:
            return Number(value=value, least=_OFFSET + _DAY / (4 * values))
        case Scale.LEVEL:
            return _level(metric, value, kind, unit, values)


def _level(metric: Metric, value: float, kind: Family, unit: float, values: float) -> Number | None:
    if metric is Metric.STDDEV:
        return Number(value=log(value / unit + 1e-3), least=0.2 + 1.5 / values**0.5)
    least = _LEVELS[metric] + 1.5 / values**0.5
    if kind is Family.MOMENT:
        return Number(value=value / max(unit, _DAY), least=least)
    return Number(value=asinh(value / unit), least=least)


def value_of(metric: Metric, scaled: float, kind: Family, *, unit: float) -> float:
    """The value that stands at a place of the scale: what `of_metric` was given."""
    match SCALES[metric]:
        case Scale.COUNT | Scale.LENGTH:
            return expm1(min(scaled, _FAR))
        case Scale.LEVEL if metric is Metric.STDDEV:
            return (exp(min(scaled, _FAR)) - 1e-3) * unit
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
        return Number(value=atanh(max(-0.999, min(0.999, value))), least=0.15 + 3 / (rows + 1) ** 0.5)
    if pair.tie is Tie.DETERMINES:
        return Number(value=log(max(value, 1.0)), least=0.2 + 1 / (rows + 1) ** 0.5)
    return Number(value=value, least=LEAST_SHARE, rows=max(rows, 1))
