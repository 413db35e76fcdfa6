"""Backfills: exactly what was shown runs, oldest first, and whoever reads what they make runs once."""

import pytest

from pipelines_app.errors import IllegalMove, PeriodInvalid
from pipelines_app.intake import coalescing
from pipelines_app.models import (
    Backfill,
    BackfillEffect,
    BackfillState,
    Current,
    Delivery,
    Part,
    Pipeline,
    Run,
    RunState,
)
from pipelines_app.runs import backfilling
from tests import road

SALES = """
pipeline: sales
team: shop
parameters:
  factor: {type: integer, default: %s}
sources:
  raw.sales: {format: csv, period: day, columns: {id: BIGINT, price: BIGINT}}
steps:
  - dataset: staging.sales
    sql: SELECT id, price * $factor AS price FROM raw.sales
    materialise: {kind: incremental, by: period}
  - dataset: mart.totals
    sql: SELECT sum(price) AS total FROM staging.sales
"""
DAILY = """
pipeline: daily
team: shop
steps:
  - dataset: mart.daily
    sql: SELECT count(*) AS orders FROM staging.sales
    materialise: {kind: incremental, by: period}
"""
WHOLE = """
pipeline: whole
team: shop
steps:
  - dataset: mart.whole
    sql: SELECT t.total, count(*) AS days FROM staging.sales, mart.totals AS t GROUP BY 1
"""
LAST = """
pipeline: last
team: shop
steps:
  - dataset: mart.last
    sql: SELECT w.total FROM mart.whole AS w, mart.totals AS t
"""
DAYS = [f"2013-02-{day:02}" for day in range(1, 6)]


def sales(*days: str, readers: tuple[str, ...] = ()) -> Pipeline:
    """The pipeline with some days come, and pipelines that read what it makes."""
    road.register_yaml(SALES % 1)
    for day in days:
        road.send("raw.sales", f"id,price\n1,{day[-1]}\n".encode(), name="sales.csv", period=day)
    road.drain()
    for reader in readers:
        road.register_yaml(reader)
    road.drain()
    return Pipeline.objects.get(name="sales")


def begin(pipeline: Pipeline, mode: str = "all", first: str = DAYS[0], last: str = DAYS[-1]) -> Backfill:
    pipeline.refresh_from_db()
    return backfilling.begin(pipeline, first=first, last=last, mode=mode, actor="user:ana")


def runs_since(mark: int, pipeline: str) -> list[str]:
    return list(
        Run.objects.filter(pk__gt=mark, pipeline__name=pipeline).order_by("id").values_list("period", flat=True)
    )


def lose(dataset: str, *periods: str) -> None:
    """Take periods out of what readers see, as if they had never been made."""
    Part.objects.live().filter(dataset__name=dataset, period__in=periods).update(until=0)


@pytest.mark.django_db
def test_a_plan_says_of_every_period_why_it_runs_why_not_or_why_it_cannot() -> None:
    pipeline = sales(DAYS[0], DAYS[1], DAYS[3])
    lose("staging.sales", DAYS[1])
    Run.objects.filter(period=DAYS[3]).update(state=RunState.FAILED)
    last = Run.objects.get(period=DAYS[3])

    def said(mode: str) -> dict[str, str]:
        plan = backfilling.plan(pipeline, first=DAYS[0], last=DAYS[4], mode=mode)
        assert plan.at_the_end == ("mart.totals",)
        parts = {"runs": plan.runs, "cannot": plan.cannot, "kept": plan.kept}
        return {one.period: f"{where}: {one.reason}" for where, found in parts.items() for one in found}

    assert said("missing") == {
        DAYS[0]: "kept: made already",
        DAYS[1]: "runs: missing: staging.sales",
        DAYS[2]: f"cannot: raw.sales of {DAYS[2]} has not come",
        DAYS[3]: "kept: made already",
        DAYS[4]: f"cannot: raw.sales of {DAYS[4]} has not come",
    }
    assert said("failed")[DAYS[3]] == f"runs: failed: run {last.pk} was failed"
    road.register_yaml(SALES % 2)
    pipeline.refresh_from_db()
    assert said("all")[DAYS[0]] == "runs: made by revision 1"
    assert Run.objects.count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("1926-01-01", "2026-01-01", "more than 4,000 periods"),
        ("2013-02-05", "2013-02-01", "is before"),
        ("2013-02", "2013-03", "runs by day"),
        ("yesterday", "2013-02-01", "runs by day"),
        ("0002-01-01", "9998-12-31", "more than 4,000 periods"),
        ("0001-01-01", "9999-12-31", "is no range of those"),
    ],
)
def test_a_range_that_is_none_or_too_long_is_refused_with_the_reason(first, last, words) -> None:
    pipeline = sales()
    with pytest.raises(PeriodInvalid, match=words):
        backfilling.plan(pipeline, first=first, last=last)
    assert not Backfill.objects.exists()


@pytest.mark.django_db
def test_a_backfill_runs_each_period_once_oldest_first_and_every_reader_once() -> None:
    pipeline = sales(*DAYS, readers=(DAILY, WHOLE, LAST))
    road.register_yaml(SALES % 2)
    road.drain()
    mark = Run.objects.latest("id").pk
    backfill = begin(pipeline)
    road.drain()
    coalescing.settle_all()
    road.drain()
    backfill.refresh_from_db()
    assert backfill.state == BackfillState.DONE
    assert backfill.settled_at is not None
    assert runs_since(mark, "sales") == [*DAYS, ""]
    assert runs_since(mark, "daily") == DAYS
    assert runs_since(mark, "whole") == [""]
    assert runs_since(mark, "last") == [""]
    assert not Run.objects.exclude(state=RunState.SUCCEEDED).exists()
    assert Current.objects.get(dataset__name="mart.whole").version.step_run.run.backfill == backfill
    assert not Delivery.objects.filter(disposition="waiting").exists()
    assert not BackfillEffect.objects.filter(run=None).exists()


@pytest.mark.django_db
def test_only_what_is_missing_is_made() -> None:
    pipeline = sales(*DAYS[:3])
    lose("staging.sales", DAYS[1])
    mark = Run.objects.latest("id").pk
    backfill = begin(pipeline, mode="missing")
    road.drain()
    assert runs_since(mark, "sales") == [DAYS[1], ""]
    assert backfilling.counts(backfill) == {"succeeded": 1}
    with pytest.raises(IllegalMove, match="Nothing of sales has to be made"):
        begin(pipeline, mode="missing")


@pytest.mark.django_db
def test_what_failed_is_made_again_with_the_files_it_was_given() -> None:
    pipeline = sales(DAYS[0])
    road.send("raw.sales", b"id,price\n1,seven\n", name="sales.csv", period=DAYS[1])
    road.drain()
    assert Run.objects.get(period=DAYS[1]).state == RunState.QUARANTINED
    road.register_yaml(
        (SALES % 1).replace("price: BIGINT}", "price: VARCHAR}").replace("price * $factor", "length(price) * $factor")
    )
    begin(pipeline, mode="failed")
    road.drain()
    assert Run.objects.filter(period=DAYS[1]).latest("id").state == RunState.SUCCEEDED


@pytest.mark.django_db
def test_a_backfill_pauses_goes_on_and_is_cancelled_for_good() -> None:
    pipeline = sales(*DAYS, readers=(WHOLE,))
    road.register_yaml(SALES % 2)
    mark = Run.objects.latest("id").pk
    backfill = begin(pipeline)
    with pytest.raises(IllegalMove, match="is under way"):
        begin(pipeline)
    backfilling.pause(backfill, actor="user:ana")
    road.drain()
    assert runs_since(mark, "sales") == DAYS[:2]
    backfilling.resume(backfill, actor="user:ana")
    backfilling.cancel(backfill, actor="user:ana")
    road.drain()
    coalescing.settle_all()
    road.drain()
    coalescing.settle_all()
    backfill.refresh_from_db()
    states = list(
        Run.objects.filter(pk__gt=mark, backfill=backfill, pipeline=pipeline)
        .order_by("id")
        .values_list("state", flat=True)
    )
    assert states.count(RunState.CANCELLED) == 2
    assert backfill.state == BackfillState.CANCELLED
    assert runs_since(mark, "whole") == [""]
    with pytest.raises(IllegalMove):
        backfilling.resume(backfill, actor="user:ana")


@pytest.mark.django_db
def test_live_data_go_before_the_backfill_and_start_their_own_readers() -> None:
    pipeline = sales(*DAYS[:4], readers=(WHOLE,))
    road.register_yaml(SALES % 2)
    mark = Run.objects.latest("id").pk
    begin(pipeline, last=DAYS[3])
    road.send("raw.sales", b"id,price\n1,9\n", name="sales.csv", period=DAYS[4])
    road.drain()
    order = list(
        Run.objects.filter(pk__gt=mark, pipeline=pipeline).order_by("started_at", "id").values_list("period", flat=True)
    )
    assert order.index(DAYS[4]) <= 2, order
    assert Run.objects.filter(pipeline__name="whole", backfill__isnull=False).count() == 1


@pytest.mark.django_db
def test_what_a_lost_event_left_behind_goes_on_with_the_sweep() -> None:
    pipeline = sales(*DAYS[:3])
    road.register_yaml(SALES % 2)
    backfill = begin(pipeline, last=DAYS[2])
    while road._execute():
        pass
    Delivery.objects.filter(consumer="backfills").delete()
    for _ in range(8):
        backfilling.feed_all()
        coalescing.settle_all()
        road.drain()
    backfill.refresh_from_db()
    assert backfill.state == BackfillState.DONE
