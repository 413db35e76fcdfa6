"""A file is expected before it comes; what depends on it is warned about before it is late; its coming mends all."""

from datetime import UTC, datetime, time, timedelta

import pytest

from controlplane import sweep
from monitoring_app.models import Alert, AlertState
from pipelines_app.clock import database_now
from pipelines_app.compiler import cadences
from pipelines_app.compiler.definition import ArrivalDeadline, Calendar, PeriodKind
from pipelines_app.intake import foreseeing, opening, slots
from pipelines_app.models import Event, Pipeline, Pulse, Revision, Run, Slot, SlotState
from tests import factories, road

pytestmark = pytest.mark.django_db
ZONE = "Europe/Zurich"
ORDERS = """
pipeline: orders
team: shop
sources:
  raw.orders:
    format: csv
    period: day
    columns: {id: BIGINT}
    arrival: {by: "07:00", timezone: Europe/Zurich, grace: 10m, missing_after: 12h, usually: "06:20"}
steps:
  - {dataset: mart.orders, sql: SELECT id FROM raw.orders}
"""
REPORT = """
pipeline: report
team: board
steps:
  - {dataset: mart.report, sql: SELECT count(*) AS orders FROM mart.orders}
sla:
  - {arrival: {dataset: mart.report, by: "09:00", timezone: Europe/Zurich}}
"""
MONDAY = datetime(2026, 6, 1, 12, tzinfo=UTC)
PERIOD = "2026-06-01"


def at(clock: str) -> datetime:
    """A moment of Tuesday in Zurich."""
    hours, minutes = map(int, clock.split(":"))
    return datetime(2026, 6, 2, hours - 2, minutes, tzinfo=UTC)


def sweep_at(clock: str) -> Slot:
    """What the sweep does at a moment of Tuesday, and what follows from it; the slot of Monday's data."""
    slots.pass_time(at(clock))
    road.drain()
    return Slot.objects.get(period=PERIOD)


@pytest.fixture
def expected() -> Slot:
    """Monday noon: two pipelines, of which the second promises its result by nine; each usually runs 40 minutes."""
    for text in (ORDERS, REPORT):
        road.register_yaml(text)
    road.drain()
    Revision.objects.update(created_at=MONDAY)
    for pipeline in Pipeline.objects.all():
        for _ in range(3):
            run = factories.make_run(pipeline, state="succeeded", period="2026-05-01")
            begun = MONDAY - timedelta(days=2)
            Run.objects.filter(pk=run.pk).update(started_at=begun, finished_at=begun + timedelta(minutes=40))
    opening.open_ahead(MONDAY)
    return Slot.objects.get(period=PERIOD)


def test_a_slot_knows_when_it_usually_comes_and_until_when_it_may_come_for_what_is_promised(expected) -> None:
    moments = (expected.expected_at, expected.due_at, expected.late_at, expected.missing_at, expected.risk_at)
    assert moments == (at("06:20"), at("07:00"), at("07:10"), at("19:00"), at("07:40"))
    assert [one.dataset for one in foreseeing.targets(expected.dataset, PERIOD)] == ["mart.report"]


def test_a_file_that_does_not_come_is_due_late_puts_at_risk_and_is_missing_and_its_coming_mends_it(expected) -> None:
    assert sweep_at("06:59").state == SlotState.EXPECTED
    assert sweep_at("07:00").state == SlotState.DUE
    assert not Alert.objects.exists()
    assert sweep_at("07:10").state == SlotState.LATE
    assert sweep_at("07:39").state == SlotState.LATE
    assert {alert.rule for alert in Alert.objects.all()} == {"late"}
    sweep_at("07:40")
    risk = Alert.objects.get(rule="at_risk")
    assert (risk.title, risk.severity, risk.team.name) == ("mart.report of 2026-06-01 is at risk", "warn", "board")
    assert "it usually takes 1 h 20 min" in risk.what
    sweep_at("08:30")
    assert Event.objects.filter(kind="slot.put_at_risk").count() == 1
    assert sweep_at("19:00").state == SlotState.MISSING
    late = Alert.objects.get(rule="late")
    assert (late.title, late.count) == ("raw.orders of 2026-06-01 is missing", 2)
    road.send("raw.orders", b"id\n1\n", name="orders.csv", period=PERIOD)
    road.drain()
    assert set(Alert.objects.values_list("state", flat=True)) == {AlertState.RESOLVED}
    slot = Slot.objects.get(period=PERIOD)
    assert slot.state == SlotState.CONSUMED
    assert slot.late_seconds > 0


def test_a_file_in_time_is_neither_late_nor_a_risk(expected) -> None:
    road.send("raw.orders", b"id\n1\n", name="orders.csv", period=PERIOD)
    road.drain()
    assert sweep_at("23:00").state == SlotState.CONSUMED
    assert not Alert.objects.exists()


def test_what_is_waived_puts_nothing_at_risk_any_more(expected) -> None:
    sweep_at("08:00")
    slots.waive(Slot.objects.get(period=PERIOD), reason="a holiday", actor="user:ana")
    road.drain()
    assert set(Alert.objects.values_list("state", flat=True)) == {AlertState.RESOLVED}


def test_what_is_not_promised_any_more_is_not_at_risk(expected) -> None:
    sweep_at("08:00")
    road.register_yaml(REPORT.partition("sla:")[0])
    road.drain()
    assert Alert.objects.get(rule="at_risk").state == AlertState.RESOLVED
    assert Alert.objects.get(rule="late").state == AlertState.OPEN


def test_the_foresight_follows_what_runs_take_by_now(expected) -> None:
    Run.objects.filter(period="2026-05-01").update(finished_at=MONDAY)
    Run.objects.filter(period="2026-05-01").update(started_at=MONDAY - timedelta(minutes=50))
    foreseeing.look_again(MONDAY)
    assert Slot.objects.get(period=PERIOD).risk_at == at("07:20")


def test_a_clock_that_jumps_forward_says_all_that_it_passed_once_and_one_that_jumps_back_nothing(expected) -> None:
    assert sweep_at("23:00").state == SlotState.MISSING
    sweep_at("07:05")
    assert list(Event.objects.filter(kind__startswith="slot.").order_by("id").values_list("kind", flat=True)) == [
        *["slot.opened"] * 2,
        "slot.put_at_risk",
        "slot.fell_due",
        "slot.became_late",
        "slot.went_missing",
    ]
    assert Alert.objects.filter(rule="late").count() == 1


def test_the_sweep_waits_no_longer_than_until_a_slot_falls_due() -> None:
    dataset = factories.make_dataset("raw.orders", is_source=True, period_kind="day")
    now = database_now()
    slots.announce(dataset, period=PERIOD, due_at=now + timedelta(seconds=2), actor="user:ana")
    assert 0 < sweep.pause(now) <= 2
    sweep.once(now + timedelta(seconds=2))
    assert Slot.objects.get().state == SlotState.LATE
    assert Pulse.objects.filter(name="sweep").exists()


def test_slots_of_business_days_are_opened_over_a_long_weekend() -> None:
    road.register_yaml(
        ORDERS.replace("usually:", "calendar: {country: CH, subdivision: ZH}, usually:").replace("12h", "2d")
    )
    thursday = datetime(2026, 4, 2, 12, tzinfo=UTC)  # before Good Friday
    Revision.objects.update(created_at=thursday - timedelta(days=1))
    opened = [opening.open_ahead(thursday + timedelta(hours=hours)) for hours in range(0, 144, 6)]
    found = dict(Slot.objects.values_list("period", "due_at"))
    deadline = ArrivalDeadline(by=time(7), timezone=ZONE, calendar=Calendar(country="CH", subdivision="ZH"))
    assert sorted(found) == ["2026-04-01", "2026-04-02", "2026-04-07", "2026-04-08", "2026-04-09"]
    assert all(cadences.due_at(deadline, PeriodKind.DAY, period) == due for period, due in found.items())
    assert sum(opened) == len(found)
