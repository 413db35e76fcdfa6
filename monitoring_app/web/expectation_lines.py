"""Expectations as pages show them: a line for each, and the back-test as a picture. Pure shaping."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitoring_app.expectations import deciding, remembering
from monitoring_app.expectations.trying import Trial, Tried
from monitoring_app.learning import measures, promise_words
from monitoring_app.learning.bounds import SHARES
from monitoring_app.learning.promises import Batch, Kind
from monitoring_app.models import Expectation
from pipelines_app.models import Dataset

WIDTH, HEIGHT, EDGE = 640, 160, 8
FIXED = frozenset({Kind.COLUMNS})
COUNTED = frozenset({Kind.CALENDAR, Kind.DOMAIN, Kind.PATTERN, Kind.DRIFT})  # by values or patterns, not by numbers
STEPS = 200  # of a slider
BEYOND = 1.5  # times what was seen


@dataclass(frozen=True, kw_only=True)
class Line:
    """One expectation with its reason in words and the course of what it is about."""

    expectation: Expectation
    reason: str
    replay: str
    values: Sequence[float | None]
    label: str


def line(expectation: Expectation, dataset: Dataset, batches: Sequence[Batch]) -> Line:
    """What the list shows of one."""
    promise = deciding.promise_of(expectation)
    found = [measures.measure(promise, batch) for batch in batches]
    values = [None if one is None else one.high for one in found]
    known = [promise_words.value(promise.kind, one) for one in found if one is not None]
    course = f"{known[0]} at first, {known[-1]} last" if known else "nothing measured"
    return Line(
        expectation=expectation,
        reason=reason(expectation, dataset),
        replay=replay(expectation, dataset),
        values=values,
        label=f"{expectation.sentence}: {course}",
    )


def reason(one: Expectation, dataset: Dataset) -> str:
    """In how many batches it held."""
    return f"in {one.kept:,} of {one.seen:,} {remembering.noun(dataset, one.seen)}"


def replay(one: Expectation, dataset: Dataset) -> str:
    """How often it would have alarmed if it had been there all along."""
    if not one.replayed:
        return "too few to say"
    if not one.alarms:
        return f"never, in {one.replayed:,} {remembering.noun(dataset, one.replayed)}"
    return f"{one.alarms:,} of {one.replayed:,} {remembering.noun(dataset, one.replayed)}"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One batch, placed: from its least to its greatest number."""

    x: float
    y: float
    bottom: float
    title: str
    is_kept: bool

    @property
    def height(self) -> float:
        return self.bottom - self.y


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A bound as a line, and where its words stand."""

    points: str
    y: float
    words: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """The back-test: a mark for each batch, and the bounds."""

    marks: Sequence[Mark]
    bounds: Sequence[Bound]
    summary: str
    first: str
    last: str
    width: int = WIDTH
    height: int = HEIGHT


def chart(trial: Trial, dataset: Dataset) -> Chart:
    """The batches and the bounds on one scale."""
    shown = [one for one in trial.tried if one.judged.measured is not None]
    low, high = _scale(trial)
    kind = trial.promise.kind
    step = (WIDTH - 2 * EDGE) / max(len(shown) - 1, 1)
    marks = [_mark(one, EDGE + place * step, low, high) for place, one in enumerate(shown)]
    bounds = [
        Bound(points=points, y=_y(value, low, high), words=promise_words.said(kind, value))
        for value, points in _bounds(shown, step, low, high)
    ]
    had = "have alarmed" if trial.alarms else "never have alarmed"
    times = f"{trial.alarms:,} of {trial.judged:,} times" if trial.alarms else ""
    total = f"in {trial.judged:,} {remembering.noun(dataset, trial.judged)}" if not trial.alarms else ""
    return Chart(
        marks=marks,
        bounds=bounds,
        summary=" ".join(part for part in ("It would", had, times, total) if part) + ".",
        first=shown[0].name if shown else "",
        last=shown[-1].name if shown else "",
    )


def _scale(trial: Trial) -> tuple[float, float]:
    numbers = [
        value
        for one in trial.tried
        if one.judged.measured is not None
        for value in (one.judged.measured.low, one.judged.measured.high, one.judged.low, one.judged.high)
        if value is not None
    ]
    low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    return (low, high) if high > low else (low - 1, high + 1)


def _y(value: float, low: float, high: float) -> float:
    return round(HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (value - low) / (high - low), 1)


def _mark(one: Tried, x: float, low: float, high: float) -> Mark:
    found = one.judged.measured
    least, most = (found.low, found.high) if found is not None else (low, low)
    top = _y(most, low, high)
    return Mark(
        x=round(x, 1),
        y=top,
        bottom=max(top, _y(least, low, high)),
        title=f"{one.name}: {one.value}",
        is_kept=one.judged.is_kept is not False,
    )


def _bounds(shown: Sequence[Tried], step: float, low: float, high: float) -> list[tuple[float, str]]:
    """Each bound over the batches; by weekdays it goes up and down."""
    found = []
    for side in ("low", "high"):
        values = [getattr(one.judged, side) for one in shown]
        if values and all(value is not None for value in values):
            heights = [_y(value, low, high) for value in values]
            places = [(EDGE + place * step, y) for place, y in enumerate(heights)]
            places = places if len(places) > 1 else [(0.0, heights[0]), (float(WIDTH), heights[0])]
            points = [f"{round(x, 1)},{y}" for x, y in places]
            found.append((values[-1], " ".join(points)))
    return found


@dataclass(frozen=True, kw_only=True)
class Slider:
    """A bound that can be moved: from where to where, by which steps, and where it is."""

    name: str
    label: str
    least: str
    most: str
    step: str
    value: str
    words: str


def sliders(trial: Trial) -> list[Slider]:
    """Those of the bounds that can be moved."""
    promise = trial.promise
    if promise.kind in FIXED:
        return []
    low, high = _scale(trial)
    width = (high - low) or 1.0
    least, most = low - (BEYOND - 1) * width, high + (BEYOND - 1) * width
    least = max(least, 0.0) if low >= 0 else least
    most = min(most, 1.0) if promise.kind in SHARES else most
    named: Mapping[str, tuple[str, float | None]] = {"min": ("At least", promise.low), "max": ("At most", promise.high)}
    return [
        Slider(
            name=name,
            label=label,
            least=plain(least),
            most=plain(most),
            step="any",
            value=plain(value),
            words=promise_words.said(promise.kind, value),
        )
        for name, (label, value) in named.items()
        if value is not None
    ]


def plain(value: float | None) -> str:
    """A number as an input takes it."""
    return "" if value is None else f"{value:.10g}"
