"""Two profiles of a dataset beside each other: what came, what went, and which numbers moved by how much. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log

from monitoring_app.profiling.profile import OF_A_BATCH, SCALES, ColumnProfile, Metric, Profile, Scale

MOST_VALUES = 10
DAY = 86_400.0
NOTABLE = 0.1  # a tenth: of a share, of the rows, of the spread of the values


class Kind(StrEnum):
    """What became of a column."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One number before and after. `effect` says how far it moved on the scale of its metric, 0 where it did not."""

    metric: Metric
    before: float | None
    after: float | None
    effect: float

    @property
    def is_notable(self) -> bool:
        return self.effect >= NOTABLE


@dataclass(frozen=True, kw_only=True)
class ColumnChange:
    """One column before and after. Values that came or went are known only where every value was counted."""

    name: str
    kind: Kind
    before: ColumnProfile | None
    after: ColumnProfile | None
    changes: tuple[Change, ...] = ()
    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()

    @property
    def effect(self) -> float:
        return max((change.effect for change in self.changes), default=0.0)

    @property
    def is_notable(self) -> bool:
        return self.kind is not Kind.SAME and (self.kind is not Kind.CHANGED or self.effect >= NOTABLE)

    @property
    def other_type(self) -> bool:
        return self.before is not None and self.after is not None and self.before.type != self.after.type


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything that differs, the columns that changed most first. `is_same` says that the rows are the same ones."""

    batch: tuple[Change, ...]
    columns: tuple[ColumnChange, ...]
    is_same: bool


def compared(before: Profile, after: Profile) -> Comparison:
    """What differs between two profiles."""
    names = [*(column.name for column in after.columns)]
    names += [column.name for column in before.columns if after.column(column.name) is None]
    columns = [_column(name, before.column(name), after.column(name)) for name in names]
    order = {Kind.ADDED: 0, Kind.REMOVED: 0, Kind.CHANGED: 1, Kind.SAME: 2}
    columns.sort(key=lambda change: (order[change.kind], not change.other_type, -change.effect))
    return Comparison(
        batch=tuple(_change(metric, before.metrics.get(metric), after.metrics.get(metric), 0) for metric in OF_A_BATCH),
        columns=tuple(columns),
        is_same=bool(after.content) and before.content == after.content,
    )


def _column(name: str, before: ColumnProfile | None, after: ColumnProfile | None) -> ColumnChange:
    if before is None or after is None:
        kind = Kind.ADDED if before is None else Kind.REMOVED
        return ColumnChange(name=name, kind=kind, before=before, after=after)
    changes = tuple(sorted(_changes(before, after), key=lambda change: -change.effect))
    came, went = _values(before, after)
    is_same = not changes and before.type == after.type and not came and not went
    return ColumnChange(
        name=name,
        kind=Kind.SAME if is_same else Kind.CHANGED,
        before=before,
        after=after,
        changes=changes,
        came=came,
        went=went,
    )


def _changes(before: ColumnProfile, after: ColumnProfile) -> Iterator[Change]:
    spread = max(before.metrics.get(Metric.STDDEV, 0.0), after.metrics.get(Metric.STDDEV, 0.0))
    # Moments go on with their period: how they lie in it is what can be compared.
    is_timed = Metric.MIN_OFFSET in before.metrics and Metric.MIN_OFFSET in after.metrics
    for metric in Metric:
        old, new = before.metrics.get(metric), after.metrics.get(metric)
        if old != new and not (is_timed and SCALES[metric] is Scale.LEVEL):
            yield _change(metric, old, new, spread)


def _change(metric: Metric, before: float | None, after: float | None, spread: float) -> Change:
    return Change(metric=metric, before=before, after=after, effect=_effect(metric, before, after, spread))


def _effect(metric: Metric, before: float | None, after: float | None, spread: float) -> float:
    """How far it moved: shares by their difference, counts by their ratio, levels by the spread, moments by days."""
    if before is None or after is None:
        return 0.0 if before == after else 1.0
    if before == after:
        return 0.0
    match SCALES[metric]:
        case Scale.SHARE:
            return abs(after - before)
        case Scale.COUNT | Scale.LENGTH:
            return abs(log((after + 1) / (before + 1))) if min(before, after) > -1 else 1.0
        case Scale.SECONDS:
            return abs(after - before) / DAY
        case Scale.LEVEL:
            return abs(after - before) / max(spread, abs(before) / 100, 1e-300)


def _values(before: ColumnProfile, after: ColumnProfile) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The values that came and those that went, the most frequent first."""
    if not (before.is_whole and after.is_whole):
        return (), ()
    old, new = [one.text for one in before.top], [one.text for one in after.top]
    return _without(new, old), _without(old, new)


def _without(values: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    known = set(others)
    return tuple(value for value in values if value not in known)[:MOST_VALUES]
