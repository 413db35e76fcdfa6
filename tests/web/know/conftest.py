"""A team with a pipeline that has run, people around it, and a restricted reader in another team."""

import pytest
from django.test import Client

from pipelines_app.models import Dataset, Pipeline, Role
from tests import factories, road

ORDERS = """
pipeline: orders
team: sales
sources:
  raw.orders:
    format: csv
    period: day
    from: orders_{period}.csv
    mode: partition
    tolerance: 0.5
    columns: {id: INTEGER, shop: VARCHAR, amount: DOUBLE}
    checks: [{not_null: [id]}]
steps:
  - dataset: mart.shops
    sql: SELECT shop, count(*) AS orders, sum(amount) AS amount FROM raw.orders WHERE amount > 0 GROUP BY shop
    checks: [{unique: shop}, {expression_is_true: {expression: "amount < 100", severity: warn}}]
"""
BONUSES = """
pipeline: bonuses
team: people
steps:
  - dataset: mart.bonuses
    sql: SELECT shop AS hidden_column, amount * 0.01 AS bonus FROM mart.shops
"""
DAY = b"id,shop,amount\n1,north,2.5\n2,south,4\n3,north,1\n"


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
def published(orders):
    """One day of orders that went down the whole road; its arrival."""
    arrival = road.send("raw.orders", DAY, name="orders_2013-01-05.csv")
    road.drain()
    arrival.refresh_from_db()
    return arrival


@pytest.fixture
def bonuses(orders):
    """A dataset of another team, restricted to it, that reads from ours."""
    road.register_yaml(BONUSES)
    Pipeline.objects.filter(name="bonuses").update(restricted=True)
    Dataset.objects.filter(name="mart.bonuses").update(restricted=True)
    return Dataset.objects.get(name="mart.bonuses")


def taken(answer):
    """The bytes of a file that was sent. (Closing the answer itself would close the test's connection.)"""
    content = b"".join(answer.streaming_content)
    for close in answer._resource_closers:
        close()
    return content


def signed_in(user):
    client = Client()
    client.force_login(user)
    client.user = user
    return client


@pytest.fixture
def ana(sales):
    """An editor of the team, signed in."""
    return signed_in(factories.make_user("ana", team=sales, role=Role.EDITOR))


@pytest.fixture
def vic(sales):
    """A viewer of the team, signed in."""
    return signed_in(factories.make_user("vic", team=sales, role=Role.VIEWER))


@pytest.fixture
def ada(sales):
    """An admin of the team, signed in."""
    return signed_in(factories.make_user("ada", team=sales, role=Role.ADMIN))


@pytest.fixture
def oto(db):
    """An editor of another team, signed in."""
    return signed_in(factories.make_user("oto", team=road.team("people"), role=Role.EDITOR))
