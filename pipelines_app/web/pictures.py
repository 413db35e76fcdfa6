"""Geometry of the small pictures: run bars, sparklines, lanes of time. Numbers in, numbers out; templates draw them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines_app.web import words

BAR_PITCH, BAR_ROOM, BAR_LEAST = 7, 20, 3
ROUND_STEPS = (
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    14400,
    21600,
    43200,
    86400,
)


@dataclass(frozen=True)
class Bar:
    """One run in a row of run bars, placed."""

    x: int
    y: float
    height: float
    tone: str
    title: str
    url: str


@dataclass(frozen=True)
class RunBars:
    """A row of run bars and the sentence that says the same."""

    bars: list[Bar]
    width: int
    summary: str


def run_bars(runs: Iterable[Mapping[str, Any]]) -> RunBars:
    """Place runs, oldest first; each has a state, and may have a height (0 to 1), a title and a url."""
    listed = list(runs)
    bars = [_bar(place, run) for place, run in enumerate(listed)]
    counts = Counter(words.saying(str(run["state"])).word.lower() for run in listed)
    said = ", ".join(f"{number} {word}" for word, number in counts.most_common())
    summary = f"Last {len(listed)} {words.noun('runs', len(listed))}: {said}" if listed else "No runs yet"
    return RunBars(bars=bars, width=max(len(listed) * BAR_PITCH - 2, 1), summary=summary)


def _bar(place: int, run: Mapping[str, Any]) -> Bar:
    share = min(max(float(run.get("height") or 0), 0), 1)
    height = round(BAR_LEAST + share * (BAR_ROOM - BAR_LEAST), 1)
    saying = words.saying(str(run["state"]))
    return Bar(
        x=place * BAR_PITCH,
        y=round(BAR_ROOM - height, 1),
        height=height,
        tone=saying.tone,
        title=str(run.get("title") or saying.word),
        url=str(run.get("url") or ""),
    )


@dataclass(frozen=True)
class Spark:
    """A sparkline in a box of 100 by 24: the line, and the area under it."""

    line: str
    area: str


def spark(values: Sequence[float | None]) -> Spark:
    """Draw numbers from left to right; what is unknown is left out."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    if not known:
        return Spark("", "")
    low, high = min(value for _, value in known), max(value for _, value in known)
    across, up = max(len(values) - 1, 1), (high - low) or 1
    points = [(100 * place / across, 22 - 20 * (value - low) / up if high > low else 12.0) for place, value in known]
    if len(points) == 1:
        points.append((100.0, points[0][1]))
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Spark(line=line, area=f"{points[0][0]:.1f},24 {line} {points[-1][0]:.1f},24")


@dataclass(frozen=True)
class Stretch:
    """A stretch of time with a state; faint ones are what was expected. Without an end it is a moment."""

    start: float
    end: float | None
    state: str
    faint: bool = False


@dataclass(frozen=True)
class Lane:
    """One row of a time line: a step of a run, or a dataset that is awaited."""

    label: str
    stretches: Sequence[Stretch]
    note: str = ""
    url: str = ""


@dataclass(frozen=True)
class Mark:
    """Something placed on a lane: everything in percent of its width."""

    left: float
    width: float
    tone: str
    moment: bool = False
    faint: bool = False


@dataclass(frozen=True)
class PlacedLane:
    label: str
    url: str
    note: str
    marks: list[Mark]
    note_at: float
    note_before: bool
    tone: str
    word: str


@dataclass(frozen=True)
class Tick:
    at: float
    label: str
    edge: str = "middle"


@dataclass(frozen=True)
class TimeLine:
    """What components/lanes.html draws."""

    lanes: list[PlacedLane]
    ticks: list[Tick]
    now: float | None = None


def time_line(
    lanes: Iterable[Lane],
    *,
    start: float,
    end: float,
    ticks: Sequence[tuple[float, str]] = (),
    now: float | None = None,
) -> TimeLine:
    """Place lanes between two moments (seconds on any clock); ticks are moments and their words."""
    span = max(end - start, 0.001)

    def at(moment: float) -> float:
        return round(100 * min(max((moment - start) / span, 0), 1), 2)

    placed = [_lane(lane, at) for lane in lanes]
    marks = [Tick(at(moment), label, _edge(at(moment))) for moment, label in ticks if start <= moment <= end]
    inside = at(now) if now is not None and start <= now <= end else None
    return TimeLine(lanes=placed, ticks=marks, now=inside)


def time_line_of(plain: Mapping[str, Any]) -> TimeLine:
    """A time line from plain values: lanes of {label, url, note, stretches of {start, end, state, faint}}."""
    lanes = [
        Lane(
            label=lane["label"],
            stretches=[Stretch(**stretch) for stretch in lane["stretches"]],
            note=lane.get("note", ""),
            url=lane.get("url", ""),
        )
        for lane in plain["lanes"]
    ]
    return time_line(lanes, start=plain["start"], end=plain["end"], ticks=plain["ticks"], now=plain.get("now"))


def gantt(lanes: Sequence[Lane]) -> TimeLine:
    """Place steps that start at second 0 of their run, with round ticks and room at the right for the notes."""
    ends = [stretch.end or stretch.start for lane in lanes for stretch in lane.stretches]
    last = max(ends, default=1.0) or 1.0
    step = next((size for size in ROUND_STEPS if last / size <= 7), ROUND_STEPS[-1])
    moments = [place * step for place in range(int(last / step) + 1)]
    ticks = [(moment, words.duration(moment) if moment else "0 s") for moment in moments]
    return time_line(lanes, start=0, end=last * 1.12, ticks=ticks)


def _edge(at: float) -> str:
    return "start" if at < 3 else "end" if at > 97 else "middle"


def _lane(lane: Lane, at: Callable[[float], float]) -> PlacedLane:
    marks = [_mark(stretch, at) for stretch in lane.stretches]
    reach = max((mark.left + mark.width for mark in marks), default=0.0)
    last = lane.stretches[-1].state if lane.stretches else "waiting"
    saying = words.saying(last)
    first = min((mark.left for mark in marks), default=0.0)
    before = reach > 78 and first > 22
    return PlacedLane(
        label=lane.label,
        url=lane.url,
        note=lane.note,
        marks=marks,
        note_at=first if before else reach,
        note_before=before,
        tone=saying.tone,
        word=saying.word,
    )


def _mark(stretch: Stretch, at: Callable[[float], float]) -> Mark:
    left = at(stretch.start)
    moment = stretch.end is None
    width = 0.0 if stretch.end is None else max(round(at(stretch.end) - left, 2), 0.5)
    return Mark(left=left, width=width, tone=words.saying(stretch.state).tone, moment=moment, faint=stretch.faint)
