"""Checks that compare a version with the ones before it, on the road: what came before is theirs to look at."""

import pytest

from pipelines_app.models import CheckResult, DatasetVersion
from tests import road

pytestmark = pytest.mark.django_db(transaction=True)
YAML = """
pipeline: shop
team: shop
sources:
  raw.sales:
    format: csv
    period: day
    from: "sales_{period}.csv"
    mode: partition
    columns: {at: TIMESTAMP, shop: VARCHAR, amount: DOUBLE}
    checks:
      - not_same_as_previous: {severity: warn}
      - timestamp_within_batch_window: {column: at, severity: warn}
      - new_value_rate_below: {column: shop, max: 0.1, severity: warn}
      - drift_below: {column: amount, max: 0.5, severity: warn}
      - dimension_anomaly: {column: shop, severity: warn}
      - row_count_anomaly: {severity: warn}
      - mean_anomaly: {column: amount, severity: warn}
      - data_for_every: {column: at, part: hour, tolerance: 21, severity: warn}
"""


def sales(day, *, rows=20, shop="a,b", amount=10.0, of=None):
    """A day's sales; `of` another day is what a stale file holds."""
    shops = shop.split(",")
    moments = [f"{of or day} {8 + number % 3:02}:00:00" for number in range(rows)]
    lines = [f"{at},{shops[number % len(shops)]},{amount + number % 5}" for number, at in enumerate(moments)]
    return "\n".join(["at,shop,amount", *lines]).encode()


def send(day, **said):
    """What failed of a day's file, by the kinds of its checks."""
    road.send("raw.sales", sales(day, **said), name=f"sales_{day}.csv")
    road.drain()
    version = DatasetVersion.objects.filter(dataset__name="raw.sales").latest("id")
    return {
        result.check_made.kind: result
        for result in CheckResult.objects.filter(version=version, passed=False).select_related("check_made")
    }


def test_a_version_is_held_against_those_before_it():
    road.register_yaml(YAML)
    for day in range(1, 8):
        assert not send(f"2024-03-0{day}", rows=20 + day % 2), "what is as usual breaks nothing"
    stale = send("2024-03-08", of="2024-03-07", rows=21)
    assert {"not_same_as_previous", "timestamp_within_batch_window"} <= stale.keys()
    unlike = send("2024-03-09", rows=200, shop="a,c", amount=90.0)
    assert {
        *("new_value_rate_below", "drift_below", "dimension_anomaly", "row_count_anomaly", "mean_anomaly"),
    } == unlike.keys()
    assert unlike["new_value_rate_below"].sample["rows"] == [["c", 100]]
    assert "the number of rows is 200, usually" in unlike["row_count_anomaly"].message
    assert unlike["dimension_anomaly"].sample["rows"][0][0] == "b"
