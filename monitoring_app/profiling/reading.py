"""The row that a profiling query gives back, as a Profile. Pure."""

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from monitoring_app.profiling.asking import (
    HASHES,
    QUANTILES,
    ROW_PLACE,
    SKETCHED,
    TOP,
    Asked,
    Family,
    answer,
    family,
    pair_answer,
)
from monitoring_app.profiling.levels import LEVELS, WORDS
from monitoring_app.profiling.profile import ColumnProfile, Counted, Metric, Profile
from pipelines_app.compiler.definition import Column

Row = Mapping[str, object]

_OF_NUMBERS = (Metric.ZERO_SHARE, Metric.NEGATIVE_SHARE, Metric.WHOLE_SHARE)
_OF_TEXTS = (
    Metric.BLANK_SHARE,
    Metric.PADDED_SHARE,
    Metric.UPPER_SHARE,
    Metric.LOWER_SHARE,
    Metric.FOREIGN_SHARE,
)
_OF_MOMENTS = (Metric.WITHIN_SHARE, Metric.FUTURE_SHARE, Metric.MIDNIGHT_SHARE)
_LENGTHS = (Metric.MIN_LENGTH, Metric.MEAN_LENGTH, Metric.MAX_LENGTH)
_LEVELS = (Metric.MINIMUM, Metric.MAXIMUM, Metric.MEAN, Metric.STDDEV, Metric.DECIMALS)
OFFSETS = {
    Metric.MIN_OFFSET: Metric.MINIMUM,
    Metric.Q05_OFFSET: Metric.Q05,
    Metric.MEDIAN_OFFSET: Metric.MEDIAN,
    Metric.Q95_OFFSET: Metric.Q95,
    Metric.MAX_OFFSET: Metric.MAXIMUM,
}


def profile(row: Row, asked: Asked, *, period: str = "", size: int | None = None) -> Profile:
    """The profile that an answer to `queries.profile` tells of; `size` is how many bytes the batch takes."""
    row = {**row, **_of_lists(row, asked)}
    rows = int(number(row, "rows") or 0)
    metrics = {Metric.ROWS: float(rows), Metric.COLUMNS: float(len(asked.columns))}
    lists = _Lists(row, asked.one_in)
    looked, (sketch, below, different) = number(row, "looked"), lists.sketch(ROW_PLACE)
    if looked:
        metrics[Metric.DUPLICATE_SHARE] = 1 - different / looked
    if size is not None:
        metrics[Metric.BYTES] = float(size)
    begins = number(row, "begins")
    measured = {pair: number(row, pair_answer(place)) for place, pair in enumerate(asked.pairs)}
    return Profile(
        period=period or str(row.get("b") or ""),
        rows=rows,
        columns=tuple(_column(lists, place, asked, begins) for place in range(len(asked.columns))),
        metrics=metrics,
        content=f"{rows}:{row['content']}" if rows else "",
        sketch=sketch,
        sketched_below=below,
        pairs={pair: value for pair, value in measured.items() if value is not None},
    )


def _of_lists(row: Row, asked: Asked) -> dict[str, object]:
    """What was told of all columns in one list, as if it had been asked of each alone."""
    found: dict[str, object] = {}
    for one in (*listed(row, LEVELS), *listed(row, WORDS)):
        place = int(one.pop("place"))
        found |= {answer(place, key): value for key, value in one.items() if value is not None}
        if family(asked.columns[place].type) is Family.MOMENT:
            found |= dict.fromkeys((answer(place, key) for key in (Metric.STDDEV, Metric.DECIMALS)), None)
    return found


class _Lists:
    """What an answer tells of values, patterns and hashes, by the place of the column."""

    def __init__(self, row: Row, one_in: int) -> None:
        self.row = row
        self._one_in = one_in
        self._held = {
            name: {int(one["place"]): one for one in listed(row, name)} for name in ("texts", "shapes", "hashes")
        }

    def counted(self, name: str, place: int) -> tuple[Counted, ...]:
        """The most frequent, those of the same number by their text."""
        held = self._held[name].get(place)
        if held is None:
            return ()
        found = [
            Counted(text=str(text), rows=int(rows)) for text, rows in zip(held["values"], held["numbers"], strict=True)
        ]
        return tuple(sorted(found, key=lambda one: (-one.rows, one.text)))

    def sketch(self, place: int) -> tuple[dict[int, int], int, float]:
        """The least hashes with their rows, below which none is left out, and how many hashes there were."""
        held = self._held["hashes"].get(place)
        if held is None:
            return {}, HASHES // self._one_in, 0.0
        sketch = dict(zip(map(int, held["values"]), map(int, held["numbers"]), strict=True))
        is_cut = int(held["kept"]) > SKETCHED
        return sketch, max(sketch) + 1 if is_cut else HASHES // self._one_in, float(held["kept"])


def _column(lists: _Lists, place: int, asked: Asked, begins: float | None) -> ColumnProfile:
    row, column = lists.row, asked.columns[place]
    values = int(number(row, answer(place, "values")) or 0)
    sketch, below, kept = lists.sketch(place)
    distinct = kept if asked.one_in == 1 else number(row, answer(place, "distinct")) or 0.0
    top, counted = lists.counted("texts", place), _counted(row, place, values)
    metrics = _presence(row, place, is_read=column.name in asked.raws)
    if values:
        metrics |= {Metric.DISTINCT: distinct, Metric.DISTINCT_SHARE: min(1.0, distinct / values)}
        metrics |= {Metric.TOP_SHARE: top[0].rows / counted} if top and counted else {}
        metrics |= _of_family(row, place, column, values, begins)
    return ColumnProfile(
        name=column.name,
        type=column.type,
        metrics=metrics,
        minimum=str(row[answer(place, "least")]) if values else "",
        maximum=str(row[answer(place, "most")]) if values else "",
        counted=counted,
        top=top,
        is_whole=len(top) < TOP and asked.one_in == 1,
        patterns=lists.counted("shapes", place),
        sketch=sketch,
        sketched_below=below,
    )


def _counted(row: Row, place: int, values: int) -> int:
    """How many values were looked at: all of them, where nothing else is told."""
    counted = number(row, answer(place, "counted"))
    return values if counted is None else int(counted)


def _presence(row: Row, place: int, *, is_read: bool) -> dict[Metric, float]:
    rows, values = number(row, "rows") or 0, number(row, answer(place, "values")) or 0
    misfits = number(row, answer(place, Metric.MISFIT_SHARE)) or 0
    if not rows:
        return {}
    found = {Metric.NULL_SHARE: (rows - values - misfits) / rows}
    return {**found, Metric.MISFIT_SHARE: misfits / rows} if is_read else found


def _of_family(row: Row, place: int, column: Column, values: int, begins: float | None) -> dict[Metric, float]:
    kind = family(column.type)
    if kind is Family.TEXT:
        counted = _counted(row, place, values)
        return {**_shares(row, place, _OF_TEXTS, counted), **_numbers(row, place, _LENGTHS)}
    if kind is Family.OTHER:
        return {}
    levels = {**_numbers(row, place, _LEVELS), **_quantiles(row, place)}
    finite = int(number(row, answer(place, "finite")) or 0)
    shares = {Metric.INFINITE_SHARE: (values - finite) / values}
    if kind is Family.NUMBER:
        return {**levels, **shares, **_shares(row, place, _OF_NUMBERS, finite)}
    offsets = {}
    if begins is not None:
        offsets = {one: levels[other] - begins for one, other in OFFSETS.items() if other in levels}
    return {**levels, **shares, **_shares(row, place, _OF_MOMENTS, values), **offsets}


def _shares(row: Row, place: int, metrics: Sequence[Metric], of: int) -> dict[Metric, float]:
    return {metric: share / of for metric, share in _numbers(row, place, metrics).items()} if of else {}


def _numbers(row: Row, place: int, metrics: Sequence[Metric]) -> dict[Metric, float]:
    found = {metric: number(row, answer(place, metric)) for metric in metrics}
    return {metric: value for metric, value in found.items() if value is not None}


def _quantiles(row: Row, place: int) -> dict[Metric, float]:
    values = listed(row, answer(place, "quantiles"))
    return {metric: float(str(value)) for metric, value in zip(QUANTILES, values, strict=False) if value is not None}


def listed(row: Row, name: str) -> list[Any]:
    """A list that comes as JSON; empty where there were no values."""
    value = row.get(name)
    found = json.loads(value) if isinstance(value, str) else value
    return found if isinstance(found, list) else []


def number(row: Row, name: str) -> float | None:
    """A number one can reckon with; None for NULL, and for what an engine has instead of one."""
    value = row.get(name)
    if value is None:
        return None
    found = float(str(value))
    return found if isfinite(found) else None
