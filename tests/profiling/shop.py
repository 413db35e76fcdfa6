"""A small real pipeline whose versions are measured."""

from monitoring_app.models import Profile
from monitoring_app.profiling import measuring
from tests import road

PIPELINE = """
pipeline: shop
team: shop
sources:
  raw.sales:
    format: csv
    period: day
    from: sales_{period}.csv
    columns: {id: INTEGER, amount: DOUBLE, city: VARCHAR, sold_at: TIMESTAMP}
    checks:
      - not_null: id
steps:
  - dataset: mart.sold
    sql: SELECT city, sum(amount) AS amount FROM raw.sales GROUP BY city
"""
HEADER = "id,amount,city,sold_at"


def day_of(day: str, *, rows: int = 3) -> bytes:
    """A day's sales: every third in Bern, the amounts 1, 2, 3 …, the ids the day's own."""
    cities = ("Bern", "Genf", "Chur")
    first = int(day.replace("-", "")[4:]) * 1000
    lines = [
        f"{first + number},{number + 1},{cities[number % 3]},{day} {number % 24:02}:30:00" for number in range(rows)
    ]
    return "\n".join([HEADER, *lines, ""]).encode()


def send(day: str = "2024-05-01", body: bytes | None = None, *, rows: int = 3) -> None:
    """One day's file, carried all the way, its versions not measured yet."""
    road.send("raw.sales", body or day_of(day, rows=rows), name=f"sales_{day}.csv")
    road.drain()


def measure() -> None:
    """Measure whatever waits, in order."""
    for pk in Profile.objects.filter(state="pending").order_by("pk").values_list("pk", flat=True):
        measuring.measure(pk)


def the_profile(dataset: str = "raw.sales", **about) -> Profile:
    """The one profile of a dataset."""
    return Profile.objects.get(version__dataset__name=dataset, **({"is_merged": False} | about))
