"""The templates that come with the product, each over real flights."""

import pytest

from pipelines_app import lake
from pipelines_app.compiler import expanding, statements
from pipelines_app.definitions import register, shipped
from pipelines_app.definitions.register import Author
from pipelines_app.environments import mapping
from pipelines_app.models import CheckResult, Current, Template
from tests import road

pytestmark = pytest.mark.django_db
AUTHOR = Author(actor="user:ana", user=None, teams=frozenset({"ops-analytics"}))
DAYS = ("2013-01-01", "2013-01-02")
FLIGHTS = 842 + 943


def make(template, **values):
    """Register a pipeline from a template, and have it run over what is there."""
    road.team()
    document = {"pipeline": template, "team": "ops-analytics", "template": {"name": template, "values": values}}
    return register.register(document, author=AUTHOR)[0]


@pytest.fixture
def flights():
    road.register_sample("reference", "flights-daily")


def fly(*days):
    for day in days or DAYS:
        road.send_flights(day)
    road.drain()


def rows(dataset, sql):
    """The answer to a question about what readers see of a dataset."""
    version = Current.objects.select_related("version__dataset").get(dataset__name=dataset).version
    relation = mapping.content(version).relation
    query = statements.parse(sql.replace("THIS", dataset))
    return list(lake.engine().preview(query, [relation], rows=50, limits=lake.limits(10)).rows)


def test_every_shipped_template_uses_all_that_it_asks_for_and_says_what_it_is():
    for document in shipped.shelf().values():
        template = expanding.parse(document, shipped=True)
        assert expanding.unused(template) == []
        assert template.description
        assert all(one.label for one in template.asked)
    shipped.keep_up()
    shipped.keep_up()
    assert Template.objects.filter(team=None, current__number=1).count() == len(shipped.shelf()) == 8


def test_ingest_and_clean():
    make("ingest-and-clean", name="carriers", columns="carrier VARCHAR, name VARCHAR", key="carrier", nulls=["", "NA"])
    road.send("raw.carriers", b"carrier,name\nAA,American\nAA,American\nNA,Nobody\nUA,United\n", name="c.csv")
    road.drain()
    assert rows("staging.carriers", "SELECT carrier, name FROM THIS ORDER BY 1") == [
        ("AA", "American"),
        ("UA", "United"),
    ]


def test_deduplicate(flights):
    make("deduplicate", source="raw.flights", name="tails", keys=["tailnum"], newest_by="dep_time", made="incremental")
    fly("2013-01-01")
    [(number, different)] = rows("staging.tails", "SELECT count(*), count(DISTINCT tailnum) FROM THIS")
    assert number == different
    assert different > 500


def test_incremental_append(flights):
    values = {"name": "hops", "columns": ["carrier", "flight", "dest"], "required": "carrier"}
    make("incremental-append", source="raw.flights", **values)
    fly("2013-01-01")
    assert rows("staging.hops", "SELECT count(*) FROM THIS") == [(842,)]
    fly("2013-01-02")
    assert rows("staging.hops", "SELECT count(*) FROM THIS") == [(FLIGHTS,)]


def test_slowly_changing_dimension(flights):
    values = {"keys": ["tailnum"], "tracked": ["carrier"], "seen_at": "time_hour"}
    make("slowly-changing-dimension", source="raw.flights", name="fleet", **values)
    fly()
    [(current, things)] = rows(
        "core.fleet", "SELECT count(*) FILTER (WHERE is_current), count(DISTINCT tailnum) FROM THIS"
    )
    assert current == things
    assert rows("core.fleet", "SELECT count(*) FROM THIS WHERE valid_to < valid_from") == [(0,)]


def test_snapshot(flights):
    make("snapshot", source="raw.flights", name="flights", keys=["carrier", "flight"])
    fly()
    told = rows("core.flights_snapshots", "SELECT taken_on, count(*) FROM THIS GROUP BY 1 ORDER BY 1")
    assert [(str(day), number) for day, number in told] == [(DAYS[0], 842), (DAYS[1], 943)]


def test_daily_aggregate(flights):
    make(
        "daily-aggregate", source="staging.flights", name="delays", at="flight_date", by=["origin"], measure="distance"
    )
    fly()
    [told] = rows("mart.delays_by_day", "SELECT count(*), sum(number), count(DISTINCT origin) FROM THIS")
    assert [int(one) for one in told] == [6, FLIGHTS, 3]


def test_join_and_enrich(flights):
    names = {"key": "carrier", "reference_key": "carrier", "columns": ["name"], "made": "incremental"}
    make("join-and-enrich", source="raw.flights", reference="raw.airlines", name="named", **names)
    road.send_reference()
    fly("2013-01-01")
    told = rows("staging.named", "SELECT count(*), count(name) FROM THIS")
    assert told == [(842, 842)]


def test_quality_monitor(flights):
    values = {"required": "dep_time", "least_rows": 1000, "most_missing": 0.5}
    make("quality-monitor", source="raw.flights", name="flights", **values)
    fly("2013-01-01")
    [(number, missing)] = rows("mart.flights_quality", "SELECT number, missing FROM THIS")
    assert (number, missing) == (842, 4)
    judged = CheckResult.objects.filter(version__dataset__name="mart.flights_quality")
    assert dict(judged.values_list("check_made__name", "passed")) == {"enough rows": False, "enough values": True}
