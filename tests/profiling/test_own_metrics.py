"""Numbers of one's own: declared with the dataset, measured with its profile, shown, and watched like any other."""

from dataclasses import replace

import pytest
from django.test import Client

from monitoring_app.anomalies import series
from monitoring_app.models import Profile
from pipelines_app.compiler import documents
from pipelines_app.errors import DefinitionInvalid
from tests import factories, road
from tests.anomalies import past
from tests.profiling import shop

DAY = "2024-05-01"
REVENUE = "SELECT SUM(amount) FROM raw.sales"
DECLARED = shop.PIPELINE.replace(
    "    checks:\n",
    f"    metrics:\n      - {{name: revenue, sql: {REVENUE}}}\n"
    "      - {name: per city, sql: SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM raw.sales GROUP BY city) AS t}\n"
    "      - {name: nothing, sql: SELECT MAX(amount) FROM raw.sales WHERE amount < 0}\n    checks:\n",
)


def test_a_metric_is_measured_of_each_period_with_the_profile_and_shown(db):
    road.register_yaml(DECLARED)
    shop.send(DAY, rows=3)
    shop.send("2024-05-02", rows=4)
    shop.measure()
    assert shop.the_profile(period=DAY).numbers == {"revenue": 6, "per city": 1}
    assert shop.the_profile(period="2024-05-02").numbers == {"revenue": 10, "per city": 2}
    client = Client()
    client.force_login(factories.make_user("vic", team=road.team("shop")))
    page = client.get("/datasets/raw.sales/profile").content.decode()
    assert "Its own metrics" in page
    assert 'aria-label="revenue over time, 10 last"' in page
    told = client.get("/api/v1/datasets/raw.sales/profile").json()
    assert told["profile"]["numbers"] == {"revenue": 10.0, "per city": 2.0}


def test_another_metric_is_measured_of_the_same_rows(db):
    road.register_yaml(shop.PIPELINE)
    shop.send(DAY)
    shop.measure()
    road.register_yaml(DECLARED)
    shop.send(DAY, shop.day_of(DAY) + b"\n")
    shop.measure()
    assert [
        one.numbers for one in Profile.objects.filter(period=DAY, version__dataset__name="raw.sales").order_by("pk")
    ] == [
        {},
        {"revenue": 6, "per city": 1},
    ]


@pytest.mark.parametrize("source", [True, False], ids=["source", "step"])
def test_it_comes_back_from_its_document(source):
    entry = {"name": "revenue", "sql": REVENUE}
    document = documents.from_yaml(shop.PIPELINE)
    (document["sources"]["raw.sales"] if source else document["steps"][0])["metrics"] = [entry]
    definition = documents.parse(document)
    made = definition.sources[0] if source else definition.steps[0]
    assert [(one.name, one.sql) for one in made.metrics] == [("revenue", REVENUE)]
    assert documents.parse(documents.dump(definition)) == definition


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"name": "x", "sql": "DROP TABLE raw.sales"}, "only a query"),
        ({"name": "x", "sql": "SELECT city FROM raw.sales"}, "must give a number, not a VARCHAR"),
        ({"name": "x", "sql": "SELECT 1 AS a, 2 AS b"}, "must give one number, not 2 columns"),
        ({"name": "x", "sql": "SELECT COUNT(*) FROM mart.sold"}, "reads mart.sold, and a metric is measured over raw"),
        ({"name": "x", "sql": "SELECT SUM(prise) FROM raw.sales"}, "prise"),
        ({"name": "", "sql": "SELECT 1"}, "name is missing"),
        ({"name": "x"}, "sql is missing"),
        ("revenue", "a metric is written"),
    ],
    ids=["drop", "text", "two", "other", "column", "name", "sql", "shape"],
)
def test_what_cannot_be_measured_is_refused(db, entry, said):
    document = documents.from_yaml(shop.PIPELINE)
    document["sources"]["raw.sales"]["metrics"] = [entry]
    with pytest.raises(DefinitionInvalid) as invalid:
        road.register_yaml(documents.to_yaml(document))
    (problem,) = invalid.value.problems
    assert said in problem.message
    assert problem.path.startswith('sources["raw.sales"].metrics')


def test_a_metric_is_watched_by_its_own_course(db):
    dataset = past.table()

    def stored(number, value):
        batch = replace(past.batch(past.day(number), rows=900 + number), numbers={"revenue": value})
        return past.store(dataset, batch)

    for number in range(30):
        assert not series.odd(stored(number, 1000.0 + 10 * (number % 4)), sensitivity=1.0)
    (odd,) = series.odd(stored(30, 300.0), sensitivity=1.0)
    assert odd.metric == "metric revenue"
    assert odd.words.startswith("revenue is 300; usually 1,0")
    assert len(odd.course) == 30
