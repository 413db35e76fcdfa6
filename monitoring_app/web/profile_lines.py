"""A profile as its page shows it: a line for each column, and the rows of each period as a picture. Pure shaping."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from monitoring_app.models import ColumnProfile, Profile
from monitoring_app.profiling import keeping
from monitoring_app.profiling.asking import Family, family
from monitoring_app.profiling.profile import SCALES, WORDS, Metric, Scale

MOST_SHOWN = 10  # values and patterns
BAR_PITCH, BAR_WIDTH, BAR_ROOM = 9, 7, 48
EXACT = 1e15
BEYOND = (-62_135_596_800.0, 253_402_300_799.0)  # the moments that a calendar of four digits knows


@dataclass(frozen=True, kw_only=True)
class Share:
    """A value or pattern with the share of the rows that have it."""

    text: str
    rows: int
    share: float | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One column: its numbers in words, and how one of them went."""

    name: str
    type: str
    nulls: float | None
    different: str
    least: str
    mean: str
    greatest: str
    metric: str
    values: Sequence[float | None]
    top: Sequence[Share]
    patterns: Sequence[Share]
    numbers: Sequence[tuple[str, str]]
    is_whole: bool

    @property
    def label(self) -> str:
        """The picture in words."""
        known = [value for value in self.values if value is not None]
        if not known:
            return f"{self.metric} of {self.name}: nothing known"
        return f"{self.metric} of {self.name}: {said(known[0])} at first, {said(known[-1])} last"


def said(number: float | None) -> str:
    """A number for people: four digits that count, whole ones in full."""
    if number is None:
        return "–"  # noqa: RUF001 (the dash that tables show)
    if abs(number) >= EXACT:
        return f"{number:.3e}"
    if float(number).is_integer():
        return f"{number:,.0f}"
    if abs(number) >= 1000:
        return f"{number:,.1f}"
    return f"{number:.4g}"


def titled(metric: Metric) -> str:
    """What a metric is called, at the beginning of a line."""
    return WORDS[metric][:1].upper() + WORDS[metric][1:]


def in_words(metric: Metric, number: float | None, *, is_moment: bool = False) -> str:
    """A number of a metric for people: a share in percent, a moment as one."""
    if number is None:
        return said(None)
    if SCALES[metric] is Scale.SHARE:
        return f"{100 * number:.4g} %"
    if is_moment and SCALES[metric] is Scale.LEVEL and metric is not Metric.STDDEV:
        return moment(number)
    if SCALES[metric] is Scale.SECONDS or (is_moment and metric is Metric.STDDEV):
        return _length(number)
    return said(number)


def moment(seconds: float) -> str:
    """Seconds since 1970 as a moment, in the column's own clock."""
    if not BEYOND[0] <= seconds <= BEYOND[1]:
        return said(seconds)
    return datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ", timespec="seconds")[:19]


def _length(seconds: float) -> str:
    hours = abs(seconds) / 3600
    sign = "-" if seconds < 0 else ""
    return f"{sign}{hours / 24:.4g} days" if hours >= 48 else f"{sign}{hours:.4g} h"


def watched(column: ColumnProfile, asked: str) -> Metric:
    """The metric whose course is drawn: the one asked for, or what says most of such a column."""
    if asked:
        return Metric(asked)
    return Metric.MEAN if family(column.type) is Family.NUMBER else Metric.DISTINCT


def may_be_key(column: ColumnProfile) -> bool:
    """Whether every row has a value of its own, as far as that was measured."""
    return column.null_share == 0 and column.distinct_share == 1


def keys(profile: Profile) -> list[str]:
    """Columns of which no two rows have all the same values."""
    held = keeping.holds(profile.holds)
    return [" + ".join(hold.left) for hold, value in held.items() if not hold.right and value == 0]


def determined(profile: Profile) -> list[tuple[str, str]]:
    """Columns that have one value for each value of another: by which, and which."""
    held = keeping.holds(profile.holds)
    return [(" + ".join(hold.left), hold.right) for hold, value in held.items() if hold.right and value == 0]


@dataclass(frozen=True, kw_only=True)
class Own:
    """One of the dataset's own metrics: what it gave, and its course."""

    name: str
    value: str
    values: Sequence[float | None]
    label: str


def own(shown: Profile, batches: Sequence[Profile]) -> list[Own]:
    """The dataset's own metrics, each over the periods or versions, the oldest first."""
    return [
        Own(
            name=name,
            value=said(value),
            values=[batch.numbers.get(name) for batch in reversed(batches)],
            label=f"{name} over time, {said(value)} last",
        )
        for name, value in sorted(shown.numbers.items())
    ]


def line(column: ColumnProfile, *, metric: Metric, values: Sequence[float | None]) -> Line:
    """What a page shows of a column."""
    is_moment = family(column.type) is Family.MOMENT
    metrics = [(one, getattr(column, one.value, None)) for one in Metric]
    return Line(
        name=column.name,
        type=column.type,
        nulls=column.null_share,
        different=said(column.distinct),
        least=column.minimum,
        mean=in_words(Metric.MEAN, column.mean, is_moment=is_moment) if column.mean is not None else "",
        greatest=column.maximum,
        metric=titled(metric),
        values=values,
        top=_shares(column.top, column.counted),
        patterns=_shares(column.patterns, column.counted),
        numbers=[
            (WORDS[one], in_words(one, value, is_moment=is_moment)) for one, value in metrics if value is not None
        ],
        is_whole=column.is_whole,
    )


def _shares(counted: Iterable[Mapping[str, object]], among: int) -> list[Share]:
    found = [(str(one["text"]), int(str(one["rows"]))) for one in counted]
    return [Share(text=text, rows=rows, share=rows / among if among else None) for text, rows in found[:MOST_SHOWN]]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """The rows of one period, placed."""

    x: int
    y: float
    height: float
    profile: Profile
    is_shown: bool


@dataclass(frozen=True, kw_only=True)
class Volume:
    """The rows of each period, the oldest first, and the sentence that says the same."""

    bars: Sequence[Bar]
    width: int
    summary: str


def volume(batches: Sequence[Profile], shown: Profile | None) -> Volume:
    """Place the rows of periods or versions, the oldest first."""
    rows = [profile.rows or 0 for profile in batches]
    most = max(rows, default=0) or 1
    bars = [
        _bar(place, profile, most, is_shown=shown is not None and profile.pk == shown.pk)
        for place, profile in enumerate(batches)
    ]
    summary = f"{len(rows)} measured, {min(rows):,} to {max(rows):,} rows, the last {rows[-1]:,}" if rows else ""
    return Volume(bars=bars, width=max(1, len(bars) * BAR_PITCH), summary=summary)


def _bar(place: int, profile: Profile, most: int, *, is_shown: bool) -> Bar:
    height = round(max(1.0, BAR_ROOM * (profile.rows or 0) / most), 1)
    return Bar(x=place * BAR_PITCH, y=round(BAR_ROOM - height, 1), height=height, profile=profile, is_shown=is_shown)
