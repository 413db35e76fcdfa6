"""Tables to judge batches of: the sample's, day by day, and some made up to be unlike it and each other."""

import csv
import gzip
import io
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import sin
from pathlib import Path

SAMPLE = Path(__file__).resolve().parents[2] / "sample" / "nycflights"
FIRST = date(2024, 1, 3)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One day's rows, as texts."""

    header: list[str]
    rows: list[list[str]]


Made = dict[str, Batch]


def _read(path: Path) -> Batch:
    header, *rows = csv.reader(io.StringIO(gzip.decompress(path.read_bytes()).decode()))
    return Batch(header=header, rows=rows)


def flights(chance: random.Random, days: int) -> Made:
    """The sample's flights."""
    files = sorted((SAMPLE / "flights").glob("*.csv.gz"))[:days]
    return {path.name.split("_")[1][:10]: _read(path) for path in files}


def weather(chance: random.Random, days: int) -> Made:
    """The sample's hourly weather, by the day of its place."""
    whole = _read(SAMPLE / "weather.csv.gz")
    by_day: dict[str, list[list[str]]] = defaultdict(list)
    for row in whole.rows:
        by_day[f"{row[1]}-{int(row[2]):02}-{int(row[3]):02}"].append(row)
    return {day: Batch(header=whole.header, rows=rows) for day, rows in sorted(by_day.items())[:days]}


def _daily(header: str, days: int, rows: Callable[[int, date], list[list[object]]]) -> Made:
    made = {}
    for number in range(days):
        day = FIRST + timedelta(days=number)
        texts = [["" if cell is None else str(cell) for cell in row] for row in rows(number, day)]
        made[day.isoformat()] = Batch(header=header.split(), rows=texts)
    return made


def _moment(day: date, seconds: float) -> str:
    """A wall clock's time, as files have it."""
    return (datetime.combine(day, datetime.min.time()) + timedelta(seconds=seconds)).isoformat(" ", "seconds")


def orders(chance: random.Random, days: int) -> Made:
    """Orders of few great customers and many small ones, fewer at weekends."""

    def rows(number: int, day: date) -> list[list[object]]:
        much = int((400 if day.weekday() < 5 else 180) * chance.uniform(0.9, 1.1))
        return [_order(chance, number * 1000 + place, day) for place in range(much)]

    return _daily("order_id customer country status quantity unit_price total ordered_at ship_by", days, rows)


def _order(chance: random.Random, key: int, day: date) -> list[object]:
    quantity, price = 1 + int(chance.expovariate(0.5)), round(chance.lognormvariate(3, 0.8), 2)
    country = chance.choices(["DE", "FR", "IT", "AT"], [5, 3, 2, 1])[0]
    status = chance.choices(["paid", "open", "returned"], [8, 3, 1])[0]
    at = _moment(day, 86_399 * chance.betavariate(4, 3))
    ship = (day + timedelta(days=chance.randint(1, 6))).isoformat()
    customer = f"C{int(chance.paretovariate(0.6)) % 5000:05}"
    return [key, customer, country, status, quantity, price, round(quantity * price, 2), at, ship]


def sensors(chance: random.Random, days: int) -> Made:
    """A reading of each of three sensors every five minutes."""

    def rows(number: int, day: date) -> list[list[object]]:
        found = []
        for step in range(288):
            for place, name in enumerate(("north", "south", "roof")):
                warm = 12 + 6 * sin(step / 46) + place + 4 * sin(number / 20) + chance.gauss(0, 0.4)
                damp = None if chance.random() < 0.01 else round(80 - 2 * warm + chance.gauss(0, 1), 1)
                found.append([_moment(day, 300 * step), name, round(warm, 2), damp, chance.choices([0, 1], [99, 1])[0]])
        return found

    return _daily("at sensor celsius humidity fault", days, rows)


def weblog(chance: random.Random, days: int) -> Made:
    """Requests to a site, a little more each day."""
    agents = ["Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1)", "curl/8.4.0"]
    pages = ["/", "/cart", "/help", "/login", *(f"/item/{one}" for one in range(400))]

    def rows(number: int, day: date) -> list[list[object]]:
        much = int((300 + 4 * number) * chance.uniform(0.92, 1.08))
        return [
            [
                _moment(day, chance.uniform(0, 86_399)),
                f"10.{chance.randint(0, 40)}.{chance.randint(0, 255)}.{chance.randint(1, 254)}",
                chance.choices(["GET", "POST"], [9, 1])[0],
                chance.choice(pages),
                chance.choices([200, 404, 302, 500], [90, 6, 4, 1])[0],
                int(chance.lognormvariate(8, 1)),
                chance.choices(agents, [6, 3, 1])[0],
            ]
            for _ in range(much)
        ]

    return _daily("at address method path status bytes agent", days, rows)


def staff(chance: random.Random, days: int) -> Made:
    """All employees each day, of whom few change."""
    held = [_employee(chance, place) for place in range(250)]

    def rows(number: int, day: date) -> list[list[object]]:
        for _ in range(chance.randint(0, 2)):
            held[chance.randrange(len(held))][4] = chance.randint(30, 90) * 1000
        if chance.random() < 0.3:
            held.append(_employee(chance, len(held)))
        return [list(one) for one in held]

    return _daily("employee name department email salary hired", days, rows)


def _employee(chance: random.Random, place: int) -> list[object]:
    name = f"{chance.choice(['Ann', 'Bo', 'Eva', 'Zoë', 'Max'])} {chance.choice(['Berg', 'Lind', 'Novak', 'Rossi'])}"
    hired = date(2010, 1, 1) + timedelta(days=chance.randint(0, 5000))
    department = chance.choice(["Sales", "IT", "Law", "HR"])
    return [f"E-{place:04}", name, department, f"e{place}@example.com", chance.randint(30, 90) * 1000, hired]


def tiny(chance: random.Random, days: int) -> Made:
    """Twenty rows a day, half of their values missing."""

    def rows(number: int, day: date) -> list[list[object]]:
        return [
            [
                day,
                place,
                chance.choice(["EUR", "USD", "CHF"]),
                round(chance.gauss(100, 9), 4),
                None if chance.random() < 0.5 else chance.choice(["late", "lost", "ok"]),
                None if chance.random() < 0.9 else chance.randint(1, 9),
            ]
            for place in range(20)
        ]

    return _daily("day branch currency rate note score", days, rows)


MADE: Mapping[str, Callable[[random.Random, int], Made]] = {
    "flights": flights,
    "weather": weather,
    "orders": orders,
    "sensors": sensors,
    "weblog": weblog,
    "staff": staff,
    "tiny": tiny,
}
