"""A team with a pipeline, and the people around it."""

import pytest

from pipelines_app import lake
from pipelines_app.models import Role
from tests import factories, road
from tests.api.callers import Caller

ORDERS = """
pipeline: orders
team: sales
sources:
  raw.orders:
    format: csv
    period: day
    from: orders_{period}.csv
    columns: {id: INTEGER, shop: VARCHAR, amount: DOUBLE}
    checks: [{not_null: [id]}]
steps:
  - dataset: mart.shops
    sql: SELECT shop, count(*) AS orders, sum(amount) AS amount FROM raw.orders GROUP BY shop
    checks: [{unique: shop}]
"""
DAY = b"id,shop,amount\n1,north,2.5\n2,south,4\n3,north,1\n"
QUERY = "?name=orders_2013-01-05.csv"


@pytest.fixture
def sales(db):
    return road.team("sales")


@pytest.fixture
def orders(sales):
    """The pipeline `orders`, registered."""
    pipeline = road.register_yaml(ORDERS).pipeline
    pipeline.refresh_from_db()
    return pipeline


@pytest.fixture
def ana(sales):
    """An editor of the team."""
    return Caller(factories.make_user("ana", team=sales, role=Role.EDITOR))


@pytest.fixture
def vic(sales):
    """A viewer of the team."""
    return Caller(factories.make_user("vic", team=sales, role=Role.VIEWER))


@pytest.fixture
def ada(sales):
    """An admin of the team."""
    return Caller(factories.make_user("ada", team=sales, role=Role.ADMIN))


@pytest.fixture
def eve(db):
    """An editor of another team."""
    return Caller(factories.make_user("eve", team=factories.make_team("others"), role=Role.EDITOR))


@pytest.fixture
def published(orders):
    """One day of orders, gone all the way."""
    arrival = road.send("raw.orders", DAY, name="orders_2013-01-05.csv")
    road.drain()
    return arrival


@pytest.fixture
def kept():
    """`kept()` names every file that the lake holds of what came in."""

    def files():
        return sorted(str(path) for path in (lake.root() / "arrivals").rglob("*") if path.is_file())

    return files
