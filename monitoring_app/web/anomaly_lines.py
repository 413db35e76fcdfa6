"""The course of a number with its bounds as a picture, and what is said of it in words. Pure shaping."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitoring_app.anomalies.series import COMING, MAKING
from monitoring_app.learning import explaining
from monitoring_app.learning.explaining import Scaled
from monitoring_app.models import Anomaly, AnomalySource
from monitoring_app.profiling import profile as measured

WIDTH, HEIGHT, EDGE = 600.0, 160.0, 8.0
LENGTHS = frozenset({MAKING, COMING})


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One number of the course, placed."""

    x: float
    y: float
    title: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """The numbers before and the one that surprised, between the bounds; `summary` says the same in words."""

    line: str
    dots: Sequence[Dot]
    point: Dot
    top: float
    band: float
    middle: float
    summary: str


@dataclass(frozen=True, kw_only=True)
class Course:
    """How the numbers of one anomaly are shown."""

    anomaly: Anomaly
    type: str = ""

    @property
    def _scaled(self) -> Scaled:
        known = self.anomaly.column and not self.anomaly.other
        column = measured.ColumnProfile(name=self.anomaly.column, type=self.type or "VARCHAR") if known else None
        return Scaled(key=self.anomaly.key, column=column, unit=1.0)

    def shown(self, number: float | None) -> str:
        """A number in words."""
        if number is None:
            return "any"
        if self.anomaly.source == AnomalySource.SERIES:
            return explaining.length(number) if self.anomaly.metric in LENGTHS else f"{number:,.5g}"
        return self._scaled.shown(number)

    def chart(self) -> Chart | None:
        """The picture; none where there are no numbers to draw."""
        found, value = self.anomaly, self.anomaly.value
        course = [(str(one["period"]), one["value"]) for one in found.course if one.get("value") is not None]
        if value is None or not course:
            return None
        bounds = [one for one in (found.low, found.high, found.expected) if one is not None]
        numbers = [value, *bounds, *(number for _, number in course)]
        least, most = min(numbers), max(numbers)
        placed = [*course, (found.period, value)]
        dots = [
            Dot(
                x=round(EDGE + (WIDTH - 2 * EDGE) * place / max(1, len(placed) - 1), 1),
                y=_up(number, least, most),
                title=f"{period + ': ' if period else ''}{self.shown(number)}",
            )
            for place, (period, number) in enumerate(placed)
        ]
        top = _up(most if found.high is None else found.high, least, most)
        foot = _up(least if found.low is None else found.low, least, most)
        return Chart(
            line=" ".join(f"{dot.x},{dot.y}" for dot in dots),
            dots=dots[:-1],
            point=dots[-1],
            top=top,
            band=round(max(1.0, foot - top), 1),
            middle=_up(value if found.expected is None else found.expected, least, most),
            summary=self._summary(course),
        )

    def _summary(self, course: Sequence[tuple[str, float]]) -> str:
        numbers = [number for _, number in course]
        usual = f"{self.shown(min(numbers))} to {self.shown(max(numbers))}"
        bounds = f"expected between {self.shown(self.anomaly.low)} and {self.shown(self.anomaly.high)}"
        return f"{len(numbers)} before: {usual}; {bounds}; it was {self.shown(self.anomaly.value)}"


def _up(number: float, least: float, most: float) -> float:
    share = (number - least) / (most - least) if most > least else 0.5
    return round(HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * share, 1)
