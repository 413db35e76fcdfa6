"""Batches made up from columns of values, as the query would have measured them."""

from collections import Counter
from datetime import date, timedelta
from statistics import fmean, quantiles, stdev

from monitoring_app.learning.promises import Batch
from monitoring_app.profiling.asking import QUANTILES
from monitoring_app.profiling.profile import ColumnProfile, Counted, Metric, Profile

FIRST = date(2024, 1, 1)  # a Monday


def batch(day: int, rows: int = 100, *, pairs=None, holds=None, at=None, **columns) -> Batch:
    """One day's batch; a column is a list of values, None where there is none."""
    told = [column(name, list(values)) for name, values in columns.items()]
    number = len(next(iter(columns.values()), range(rows)))
    metrics = {Metric.ROWS: number, Metric.COLUMNS: len(told), Metric.DUPLICATE_SHARE: 0.0}
    when = FIRST + timedelta(days=day)
    profile = Profile(
        period=when.isoformat(),
        rows=number,
        columns=tuple(told),
        metrics=metrics,
        pairs=pairs or {},
        holds=holds or {},
        content=str(day),
    )
    return Batch(profile=profile, day=when, name=when.isoformat(), at=at)


def column(name: str, values: list, *, type_: str = "") -> ColumnProfile:
    there = [value for value in values if value is not None]
    counted = Counter(map(str, there)).most_common(60)
    metrics = {Metric.NULL_SHARE: 1 - len(there) / len(values) if values else 0.0}
    if there:
        metrics |= {Metric.DISTINCT: len(set(there)), Metric.DISTINCT_SHARE: len(set(there)) / len(there)}
    is_text = any(isinstance(value, str) for value in there)
    if there and is_text:
        lengths = [len(value) for value in there]
        metrics |= {Metric.MIN_LENGTH: min(lengths), Metric.MAX_LENGTH: max(lengths)}
    elif there:
        metrics |= _numbers(there)
    return ColumnProfile(
        name=name,
        type=type_ or ("VARCHAR" if is_text or not there else "BIGINT"),
        metrics=metrics,
        counted=len(there),
        top=tuple(Counted(text=text, rows=rows) for text, rows in counted),
        is_whole=len(set(there)) <= 59,
        patterns=_patterns(there) if is_text else (),
    )


def _numbers(values: list) -> dict[Metric, float]:
    marks = quantiles(values, n=100, method="inclusive") if len(values) > 1 else [values[0]] * 99
    found = {metric: marks[round(share * 100) - 1] for metric, share in QUANTILES.items()}
    return found | {
        Metric.MINIMUM: min(values),
        Metric.MAXIMUM: max(values),
        Metric.MEAN: fmean(values),
        Metric.STDDEV: stdev(values) if len(values) > 1 else 0.0,
        Metric.WHOLE_SHARE: 1.0 if all(float(value).is_integer() for value in values) else 0.0,
    }


def _patterns(values: list) -> tuple[Counted, ...]:
    shapes = Counter("".join(_sign(one) for one in value) for value in values)
    plain = Counter()
    for shape, rows in shapes.items():
        plain["".join(one for place, one in enumerate(shape) if place == 0 or one != shape[place - 1])] += rows
    return tuple(Counted(text=text, rows=rows) for text, rows in plain.most_common(30))


def _sign(letter: str) -> str:
    if letter.isdigit():
        return "9"
    return ("A" if letter.isupper() else "a") if letter.isalpha() else letter


def shop(day: int, *, rows: int = 100, nulls: int = 2, city: str = "Bern") -> Batch:
    """A day of sales as usual, but for what is said."""
    return batch(
        day,
        id=[day * 1000 + number for number in range(rows)],
        code=[f"A{number % 70}-{day}" for number in range(rows)],
        city=[city if number % 3 else "Genf" for number in range(rows)],
        paid=[None if number < nulls else number % 7 for number in range(rows)],
        amount=[10 + (number * 7 + day) % 90 for number in range(rows)],
    )


def shops(days: int, **more) -> list[Batch]:
    return [shop(day, rows=100 + 3 * (day % 5), **more) for day in range(days)]
