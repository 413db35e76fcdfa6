"""The rules that a watch is held against: what people write when they have an hour."""

from collections.abc import Sequence
from statistics import fmean, median, stdev

Values = Sequence[float | None]
UNKNOWN = 8.0


def z_score(values: Values, *, window: int) -> list[float | None]:
    """Distance from the mean of the window before, in its standard deviations, with a floor under the spread."""
    scores: list[float | None] = []
    for place, value in enumerate(values):
        before = [known for known in values[max(place - window, 0) : place] if known is not None]
        if value is None or len(before) < 5:
            scores.append(None if len(before) < 5 else UNKNOWN)
            continue
        mean = fmean(before)
        spread = max(stdev(before), 0.015 * abs(mean), 1e-9)
        scores.append(abs(value - mean) / spread)
    return scores


def nearest(values: Values, *, window: int = 90, count: int = 5) -> list[float | None]:
    """Mean distance to the nearest values of the window before, beside what such a distance usually is."""
    scores: list[float | None] = []
    distances: list[float] = []
    for place, value in enumerate(values):
        before = [known for known in values[max(place - window, 0) : place] if known is not None]
        if value is None or len(before) < 2 * count:
            scores.append(None if len(before) < 2 * count else UNKNOWN)
            continue
        distance = fmean(sorted(abs(known - value) for known in before)[:count])
        usual = stdev(before) or 0.015 * abs(fmean(before)) or 1e-9
        distances.append(distance)
        scores.append(distance / max(usual, 1e-9) * 3)
    return scores


def stl_mad(values: Values, *, season: int) -> list[float | None]:
    """Trend by a median, season by medians of each phase, both of the eight seasons before; the rest in its MAD."""
    scores: list[float | None] = []
    span = 8 * max(season, 7)
    for place, value in enumerate(values):
        window = [(at, values[at]) for at in range(max(place - span, 0), place) if values[at] is not None]
        if value is None or len(window) < 2 * max(season, 5):
            scores.append(None if len(window) < 2 * max(season, 5) else UNKNOWN)
            continue
        rest, expected = _rest(window, place, season)
        deviation = 1.4826 * median(abs(one) for one in rest)
        scores.append(abs(value - expected) / max(deviation, 0.015 * abs(expected), 1e-9))
    return scores


def _rest(window: Sequence[tuple[int, float | None]], place: int, season: int) -> tuple[list[float], float]:
    reach = max(season, 7)
    known = [(at, one) for at, one in window if one is not None]
    level = median(one for at, one in known[-2 * reach :])
    phases: dict[int, list[float]] = {}
    for at, one in known:
        phases.setdefault(at % season if season else 0, []).append(one - level)
    usual = {phase: median(ones) for phase, ones in phases.items()}
    rest = [one - level - usual[at % season if season else 0] for at, one in known]
    return rest, level + usual.get(place % season if season else 0, 0.0)
