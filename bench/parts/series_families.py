"""Series to judge: of the sample's flights and weather, and made ones of kinds that metrics come in."""

import csv
import gzip
import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

SAMPLE = Path(__file__).resolve().parents[2] / "sample" / "nycflights"
START = datetime(2024, 1, 1)  # noqa: DTZ001 - a series' own time has no zone
DAYS, HOURS = 420, 24 * 70


@dataclass(frozen=True)
class Series:
    """A series without faults, as far as anybody knows."""

    family: str
    name: str
    frequency: str
    times: list[str]
    values: list[float | None]

    @property
    def season(self) -> int:
        return 24 if self.frequency == "H" else 7

    @property
    def warmup(self) -> int:
        """Eight weeks of days or two of hours; of a short series a third."""
        return min(14 * 24 if self.frequency == "H" else 56, len(self.values) // 3)


def made(dice: random.Random) -> Iterator[Series]:
    """Two series of each made family."""
    for family, (frequency, make) in FAMILIES.items():
        for number in (1, 2):
            values = make(dice)
            step = timedelta(hours=1) if frequency == "H" else timedelta(days=1)
            times = [(START + place * step).isoformat() for place in range(len(values))]
            yield Series(family, f"{family} {number}", frequency, times, list(values))


def _weekly(dice: random.Random) -> list[float]:
    base, trend, week = dice.uniform(200, 5000), dice.uniform(-0.0005, 0.002), [1, 1.05, 1.1, 1.05, 1.2, 0.6, 0.5]
    return [float(round(base * week[day % 7] * (1 + trend * day) * dice.gauss(1, 0.06))) for day in range(DAYS)]


def _heavy(dice: random.Random) -> list[float]:
    base = dice.uniform(50, 500)
    return [base * math.exp(dice.gauss(0, 0.2) * (3 if dice.random() < 0.05 else 1)) for _ in range(DAYS)]


def _intermittent(dice: random.Random) -> list[float]:
    rate = dice.uniform(0.5, 3)
    return [float(_poisson(rate, dice)) for _ in range(DAYS)]


def _rate(dice: random.Random, *, high: bool) -> list[float]:
    share, of = dice.uniform(0.005, 0.03), dice.randint(500, 5000)
    rates = [min(_poisson(share * of * dice.gauss(1, 0.1), dice) / of, 1.0) for _ in range(DAYS)]
    return [1 - rate if high else rate for rate in rates]


def _walk(dice: random.Random) -> list[float]:
    level, values = dice.uniform(-50, 500), []
    for _ in range(DAYS):
        level += dice.gauss(0, 3)
        values.append(level + dice.gauss(0, 2))
    return values


def _hourly(dice: random.Random) -> list[float]:
    base = dice.uniform(50, 800)
    values = []
    for hour in range(HOURS):
        day = 1 + 0.8 * math.sin((hour % 24 - 8) / 24 * 2 * math.pi)
        week = 0.55 if hour // 24 % 7 >= 5 else 1.0
        values.append(float(round(base * day * week * dice.gauss(1, 0.08))))
    return values


def _constant(dice: random.Random) -> list[float]:
    level = float(dice.randint(5, 400))
    change = dice.randint(DAYS // 2, DAYS)
    return [level if day < change else level + 2 for day in range(DAYS)]


def _poisson(mean: float, dice: random.Random) -> int:
    if mean > 50:
        return max(round(dice.gauss(mean, math.sqrt(mean))), 0)
    count, left = 0, math.exp(-max(mean, 0))
    product = dice.random()
    while product > left:
        count += 1
        product *= dice.random()
    return count


FAMILIES: dict[str, tuple[str, Callable[[random.Random], list[float]]]] = {
    "weekly counts with a trend": ("D", _weekly),
    "heavy tails": ("D", _heavy),
    "intermittent counts": ("D", _intermittent),
    "rates near 0": ("D", lambda dice: _rate(dice, high=False)),
    "rates near 1": ("D", lambda dice: _rate(dice, high=True)),
    "levels that walk": ("D", _walk),
    "hours with two seasons": ("H", _hourly),
    "constant": ("D", _constant),
}


def sample() -> Iterator[Series]:
    """Flights by hour and origin, their mean delay, and the weather by hour, of the project's sample."""
    counts: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted((SAMPLE / "flights").glob("*.csv*")):
        for row in _rows(path):
            moment = f"{row['year']}-{int(row['month']):02}-{int(row['day']):02}"
            delay = 0.0 if row["dep_delay"] in {"", "NA"} else float(row["dep_delay"])
            counts[f"flights of {row['origin']}"][f"{moment}T{int(row['hour']):02}:00:00"].append(delay)
            counts[f"flights of {row['carrier']}"][moment].append(delay)
    for name, moments in sorted(counts.items()):
        yield from _counted(name, moments)
    yield from _weather()


def _counted(name: str, moments: dict[str, list[float]]) -> Iterator[Series]:
    first, last = (datetime.fromisoformat(end(moments)) for end in (min, max))
    hourly = "T" in next(iter(moments))
    step = timedelta(hours=1) if hourly else timedelta(days=1)
    times = [first + place * step for place in range(int((last - first) / step) + 1)]
    keys = [time.isoformat() if hourly else time.date().isoformat() for time in times]
    frequency = "H" if hourly else "D"
    yield Series("flights", name, frequency, keys, [float(len(moments.get(key, ()))) for key in keys])
    if not hourly and len(moments) == len(keys):
        means = [sum(moments[key]) / len(moments[key]) for key in keys]
        yield Series("mean delay", f"delay, {name}", frequency, keys, list(means))


def _weather() -> Iterator[Series]:
    columns: dict[tuple[str, str], tuple[list[str], list[float | None]]] = defaultdict(lambda: ([], []))
    for row in _rows(SAMPLE / "weather.csv.gz"):
        for column in ("temp", "humid", "wind_speed"):
            times, values = columns[row["origin"], column]
            times.append(row["time_hour"])
            values.append(None if row[column] in {"", "NA"} else float(row[column]))
    for (origin, column), (times, values) in sorted(columns.items()):
        yield Series("weather", f"{column} of {origin}", "H", times, values)


def given(folder: Path) -> Iterator[Series]:
    """Series of a folder: FREQ__name.csv with the columns t and value."""
    for path in sorted(folder.glob("*__*.csv")):
        frequency, name = path.stem.split("__", 1)
        rows = list(_rows(path))
        values = [float(row["value"]) if row["value"] else None for row in rows]
        yield Series("given", name, frequency, [row["t"] for row in rows], values)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as file:
        yield from csv.DictReader(file)
