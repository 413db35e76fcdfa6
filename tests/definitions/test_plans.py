"""Plan and apply: what would happen is said before, and is then what happens."""

import pytest

from pipelines_app.compiler.changing import ChangeKind
from pipelines_app.definitions import plans
from pipelines_app.definitions.files import File
from pipelines_app.definitions.register import Author
from pipelines_app.errors import DefinitionInvalid, NotFound, Outdated
from pipelines_app.models import Dataset, Pipeline, Revision
from tests import road

pytestmark = pytest.mark.django_db
ORDERS = """
pipeline: orders
team: shop
sources:
  raw.orders:
    format: csv
    period: day
    from: orders_{period}.csv
    columns: {id: INTEGER, shop: VARCHAR, amount: DOUBLE}
steps:
  - dataset: staging.orders
    materialise: {kind: incremental, by: period}
    sql: SELECT id, shop, amount FROM raw.orders
"""
TOTALS = """
pipeline: totals
team: shop
steps:
  - dataset: mart.totals
    sql: SELECT shop, sum(amount) AS total FROM staging.orders GROUP BY shop
"""
COUNTS = """
pipeline: counts
team: shop
steps:
  - dataset: mart.counts
    sql: SELECT shop, count(*) AS orders FROM staging.orders GROUP BY shop
  - dataset: mart.best
    sql: SELECT max(orders) AS orders FROM mart.counts
"""
DOUBLED = ORDERS.replace("amount FROM", "amount * 2 AS amount FROM")
FILTERED = ORDERS.replace("FROM raw.orders", "FROM raw.orders WHERE id > 0")
WITHOUT = ORDERS.replace("id, shop, amount FROM", "id, shop FROM")
TEAMS = frozenset({"shop"})
AUTHOR = Author(actor="user:ana", user=None, teams=TEAMS)


@pytest.fixture(autouse=True)
def shop(db):
    return road.team("shop")


def files(*texts):
    return [File(name=f"{number}.yaml", content=text) for number, text in enumerate(texts)]


def plan(*texts):
    return plans.plan(files(*texts), author=AUTHOR)


def apply(*texts, **more):
    return plans.apply(files(*texts), author=AUTHOR, **more)


def test_what_is_new_is_planned_in_any_order_and_applied_in_the_right_one():
    planned = plan(COUNTS, TOTALS, ORDERS)
    assert {one.name: (one.was, one.revision) for one in planned.pipelines} == {
        "orders": (0, 1),
        "totals": (0, 1),
        "counts": (0, 1),
    }
    assert {step.change.kind for one in planned.pipelines for step in one.steps} == {ChangeKind.NEW}
    assert not Pipeline.objects.exists()
    made = apply(COUNTS, TOTALS, ORDERS, state=planned.state)
    assert [revision.pipeline.name for revision, _ in made] == ["orders", "counts", "totals"]
    again = plan(ORDERS, TOTALS, COUNTS)
    assert again.changed == ()
    assert apply(ORDERS, TOTALS, COUNTS, state=again.state) == []
    assert Revision.objects.count() == 3


def step_of(planned, dataset):
    return next(step for one in planned.pipelines for step in one.steps if step.change.dataset == dataset)


def test_readers_are_affected_by_the_columns_they_use():
    apply(ORDERS, TOTALS, COUNTS)
    step = step_of(plan(DOUBLED), "staging.orders")
    assert (step.change.kind, step.change.columns) == (ChangeKind.COLUMNS, ("amount",))
    assert [(reader.dataset, reader.pipeline) for reader in step.readers] == [("mart.totals", "totals")]
    step = step_of(plan(FILTERED), "staging.orders")
    assert step.change.rows
    assert [reader.dataset for reader in step.readers] == ["mart.counts", "mart.totals", "mart.best"]


def test_a_column_that_somebody_uses_is_not_dropped_silently():
    apply(ORDERS, TOTALS, COUNTS)
    [reader] = plan(WITHOUT).broken
    assert (reader.dataset, reader.breaks) == ("mart.totals", ("amount",))
    assert plan(WITHOUT, TOTALS.replace("sum(amount)", "count(*)")).broken == ()


def test_what_was_made_before_is_counted():
    apply(ORDERS)
    for day in ("2026-05-01", "2026-05-02"):
        road.send("raw.orders", b"id,shop,amount\n1,north,2\n2,south,3\n", name=f"orders_{day}.csv")
    road.drain()
    planned = plan(DOUBLED)
    step = step_of(planned, "staging.orders")
    assert (step.periods, step.rows) == (2, 4)
    assert step.then == "new periods are made the new way; 2 stay as they are until a backfill makes them anew"
    assert step_of(planned, "raw.orders").then == "is used as it is"


def test_the_most_harmful_comes_first():
    apply(ORDERS, TOTALS, COUNTS)
    planned = plan(
        TOTALS.replace("sum(amount) AS total", "sum(amount) AS total, count(*) AS n"),
        COUNTS.partition("  - dataset: mart.best")[0],
        ORDERS,
    )
    assert [(one.name, one.steps[0].change.kind if one.steps else None) for one in planned.pipelines] == [
        ("counts", ChangeKind.REMOVED),
        ("totals", ChangeKind.ADDITIVE),
        ("orders", None),
    ]


@pytest.mark.parametrize("touched", [DOUBLED, COUNTS.replace("max(", "min(")])
def test_a_plan_made_against_an_older_state_is_refused_before_anything_is_done(touched):
    apply(ORDERS, TOTALS, COUNTS)
    planned = plan(FILTERED)
    apply(touched)
    before = Revision.objects.count()
    with pytest.raises(Outdated):
        apply(FILTERED, state=planned.state)
    assert Revision.objects.count() == before


def test_another_change_elsewhere_does_not_matter():
    apply(ORDERS, TOTALS, COUNTS)
    change = COUNTS.replace("max(", "min(")
    planned = plan(change)
    apply(TOTALS.replace("sum(", "avg("))
    [(revision, made)] = apply(change, state=planned.state)
    assert (revision.pipeline.name, made) == ("counts", True)


def test_one_fault_keeps_back_all_and_every_file_is_named():
    misspelt = COUNTS.replace("dataset: mart.best", "dateset: mart.best")
    with pytest.raises(DefinitionInvalid) as refused:
        apply(ORDERS, TOTALS, misspelt)
    assert {problem.path.partition("[")[0] for problem in refused.value.problems} == {"2.yaml:7: steps"}
    with pytest.raises(DefinitionInvalid) as refused:
        apply(ORDERS, TOTALS.replace("sum(amount)", "sum(amout)"), COUNTS)
    [problem] = refused.value.problems
    assert (problem.path, problem.suggestion) == ("1.yaml:6: steps[0].sql", "amount")
    assert not Dataset.objects.exists()


def test_circles_and_doubles_are_refused():
    circle = "pipeline: {0}\nteam: shop\nsteps:\n  - dataset: mart.{0}\n    sql: SELECT 1 AS x FROM mart.{1}\n"
    with pytest.raises(DefinitionInvalid, match=r"circle: (\d.yaml) -> \d.yaml -> \1"):
        plan(circle.format("a", "b"), circle.format("b", "a"))
    with pytest.raises(DefinitionInvalid, match=r"orders is in 0.yaml already"):
        plan(ORDERS, ORDERS)


def test_another_teams_pipeline_is_not_there_to_be_planned():
    road.register_yaml(ORDERS.replace("team: shop", "team: others"))
    with pytest.raises(NotFound):
        plan(ORDERS)
    with pytest.raises(NotFound):
        plan(TOTALS.replace("team: shop", "team: others"))


def test_what_is_made_no_longer_is_missed_by_its_readers():
    apply(ORDERS, TOTALS, COUNTS)
    gone = ORDERS.replace("staging.orders", "staging.sales")
    assert {reader.dataset for reader in plan(gone).broken} == {"mart.totals", "mart.counts"}
    with pytest.raises(DefinitionInvalid, match="made no longer"):
        apply(gone)


def test_a_reader_whose_text_is_the_same_is_made_anew_where_what_it_reads_is_of_another_type():
    apply(ORDERS, TOTALS, COUNTS)
    widened = ORDERS.replace("id, shop, amount FROM", "id, shop, CAST(amount AS DECIMAL(9, 2)) AS amount FROM")
    planned = plan(widened, TOTALS, COUNTS)
    # counts reads no amount: it is compiled anew, and nothing of it differs.
    assert {one.name: one.unchanged for one in planned.pipelines} == {"orders": False, "totals": False, "counts": True}
    made = apply(widened, TOTALS, COUNTS, breaking=True)
    assert {revision.pipeline.name for revision, is_new in made if is_new} == {"orders", "totals"}
    assert plan(widened, TOTALS, COUNTS).changed == ()


def test_two_files_of_one_name_are_refused():
    twins = [File(name="a.yaml", content=ORDERS), File(name="a.yaml", content=TOTALS)]
    with pytest.raises(DefinitionInvalid, match=r"a.yaml: There are two of this name"):
        plans.plan(twins, author=AUTHOR)


def test_a_reader_that_was_registered_in_between_keeps_the_change_back(monkeypatch):
    apply(ORDERS)
    alone = plans.register.alone

    def somebody_is_quicker():
        monkeypatch.setattr(plans.register, "alone", alone)
        apply(TOTALS)
        alone()

    monkeypatch.setattr(plans.register, "alone", somebody_is_quicker)
    with pytest.raises(Outdated):
        apply(WITHOUT)
    assert Revision.objects.filter(pipeline__name="orders").count() == 1


def test_what_is_said_otherwise_of_the_pipeline_itself_is_told():
    apply(ORDERS, TOTALS)
    [planned] = plan(TOTALS + "start: all\nconcurrency: 1\nalerts: {slack: false}\n").changed
    assert planned.settings == ("start", "alerts")
    assert not planned.differs
