"""A profile as rows, and rows as a profile again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from monitoring_app.models import ColumnProfile, Profile, ProfileState
from monitoring_app.profiling import profile as measured
from monitoring_app.profiling import sketches
from monitoring_app.profiling.profile import OF_A_BATCH, Counted, Hold, Metric, Pair, Tie
from pipelines_app.access import redaction
from pipelines_app.models import Dataset

OF_A_COLUMN = tuple(metric for metric in Metric if metric not in OF_A_BATCH)
LONGEST = 200  # of a value as it is shown
LONGEST_LEAST = 300
LONGEST_NAME = 255
LONGEST_TYPE = 500
MOST_TOP = 60
MOST_PATTERNS = 30
AT_ONCE = 200


@dataclass(frozen=True, kw_only=True)
class Found:
    """A profile, and how long it took to measure it."""

    profile: measured.Profile
    seconds: float


def keep(held: QuerySet[Profile], profile: Profile, found: Found, *, content: str, is_merged: bool = False) -> bool:
    """Write what was found into the row that is held for it, if it still is; in the caller's transaction."""
    told = found.profile
    kept = held.update(
        state=ProfileState.MEASURED,
        event=None,
        error="",
        content=content,
        is_merged=is_merged,
        rows_hash=told.content[:64],
        rows=told.rows,
        bytes=_whole(told.metrics.get(Metric.BYTES)),
        columns=len(told.columns),
        duplicate_share=told.metrics.get(Metric.DUPLICATE_SHARE),
        sketch=sketches.packed(told.sketch, told.sketched_below),
        pairs=[_pair(pair, value) for pair, value in told.pairs.items()],
        holds=[_hold(hold, value) for hold, value in told.holds.items()],
        numbers=dict(told.numbers),
        seconds=round(found.seconds, 4),
        measured_at=timezone.now(),
    )
    if kept:
        sensitive = redaction.lower(profile.version.dataset.sensitive)
        bare = [_bare(column) if column.name.lower() in sensitive else column for column in told.columns]
        rows = [_column(profile, place, column) for place, column in enumerate(bare, start=1)]
        ColumnProfile.objects.bulk_create(rows, batch_size=AT_ONCE)
    return bool(kept)


# What may be known of a column whose values are sensitive.
TOLD = frozenset({Metric.NULL_SHARE, Metric.MISFIT_SHARE, Metric.DISTINCT, Metric.DISTINCT_SHARE, Metric.BLANK_SHARE})
VALUES = [metric.value for metric in OF_A_COLUMN if metric not in TOLD]


def _bare(column: measured.ColumnProfile) -> measured.ColumnProfile:
    """How many values a column has, and none of them."""
    told = {metric: value for metric, value in column.metrics.items() if metric in TOLD}
    return measured.ColumnProfile(
        name=column.name,
        type=column.type,
        metrics=told,
        counted=column.counted,
        sketch=column.sketch,
        sketched_below=column.sketched_below,
    )


def forget(dataset: Dataset) -> int:
    """Forget the values that were measured of columns that are sensitive by now; says of how many columns."""
    about = ColumnProfile.objects.filter(profile__dataset=dataset, name__in=dataset.sensitive)
    nothing = {"minimum": "", "maximum": "", "top": [], "patterns": [], "is_whole": False}
    return about.update(**nothing, **dict.fromkeys(VALUES))


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _pair(pair: Pair, value: float) -> dict[str, object]:
    return {"left": pair.left, "right": pair.right, "tie": pair.tie.value, "value": value}


def _hold(hold: Hold, value: float) -> dict[str, object]:
    return {"left": list(hold.left), "right": hold.right, "value": round(value, 6)}


def holds(stored: Sequence[Mapping[str, Any]]) -> dict[Hold, float]:
    """What holds, as it was stored."""
    return {Hold(left=tuple(one["left"]), right=one["right"]): float(one["value"]) for one in stored}


def _column(profile: Profile, place: int, column: measured.ColumnProfile) -> ColumnProfile:
    numbers = {metric.value: _finite(column.metrics.get(metric)) for metric in OF_A_COLUMN}
    return ColumnProfile(
        profile=profile,
        place=place,
        name=column.name[:LONGEST_NAME],
        type=column.type[:LONGEST_TYPE],
        counted=column.counted,
        is_whole=column.is_whole,
        minimum=_text(column.minimum, LONGEST_LEAST),
        maximum=_text(column.maximum, LONGEST_LEAST),
        top=[{"text": _text(one.text), "rows": one.rows} for one in column.top[:MOST_TOP]],
        patterns=[{"text": _text(one.text), "rows": one.rows} for one in column.patterns[:MOST_PATTERNS]],
        sketch=sketches.packed(column.sketch, column.sketched_below),
        **numbers,
    )


def _finite(number: float | None) -> float | None:
    return number if number is not None and isfinite(number) else None


def _text(text: str, longest: int = LONGEST) -> str:
    """A value as both databases can hold it; PostgreSQL knows no NUL."""
    return text[:longest].replace("\x00", "␀")


def read(profile: Profile, columns: Iterable[ColumnProfile]) -> measured.Profile:
    """The profile that rows hold."""
    of_batch = {
        Metric.ROWS: profile.rows,
        Metric.BYTES: profile.bytes,
        Metric.COLUMNS: profile.columns,
        Metric.DUPLICATE_SHARE: profile.duplicate_share,
    }
    sketch, below = sketches.unpacked(bytes(profile.sketch))
    return measured.Profile(
        period=profile.period,
        rows=profile.rows or 0,
        columns=tuple(_read(column) for column in columns),
        metrics={metric: float(value) for metric, value in of_batch.items() if value is not None},
        content=profile.rows_hash,
        sketch=sketch,
        sketched_below=below,
        pairs={_read_pair(pair): float(pair["value"]) for pair in profile.pairs},
        holds=holds(profile.holds),
        numbers=profile.numbers,
    )


def _read_pair(stored: Mapping[str, Any]) -> Pair:
    return Pair(left=stored["left"], right=stored["right"], tie=Tie(stored["tie"]))


def _read(column: ColumnProfile) -> measured.ColumnProfile:
    numbers = {metric: getattr(column, metric.value) for metric in OF_A_COLUMN}
    sketch, below = sketches.unpacked(bytes(column.sketch))
    return measured.ColumnProfile(
        name=column.name,
        type=column.type,
        metrics={metric: value for metric, value in numbers.items() if value is not None},
        minimum=column.minimum,
        maximum=column.maximum,
        counted=column.counted,
        top=_counted(column.top),
        is_whole=column.is_whole,
        patterns=_counted(column.patterns),
        sketch=sketch,
        sketched_below=below,
    )


def _counted(stored: Sequence[Mapping[str, Any]]) -> tuple[Counted, ...]:
    return tuple(Counted(text=one["text"], rows=one["rows"]) for one in stored)


def of(profile: Profile) -> measured.Profile:
    """The profile that a row holds, with its columns in their order."""
    return read(profile, ColumnProfile.objects.filter(profile=profile).order_by("place"))


def copied(twin: Profile) -> Found:
    """What was measured of the same rows before."""
    return Found(profile=of(twin), seconds=0.0)
