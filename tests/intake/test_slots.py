"""What is expected is written down before it comes; lateness needs no event, only the clock."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from monitoring_app.models import Alert, AlertState
from pipelines_app.errors import ArrivalRefused, IllegalMove
from pipelines_app.intake import opening, slots
from pipelines_app.models import Arrival, ArrivalState, Dataset, Event, Pipeline, Revision, Slot, SlotState
from pipelines_app.runs import pausing
from pipelines_app.singly import SomeFailed
from tests import factories, road

pytestmark = pytest.mark.django_db
DAY = "2013-01-05"


def expect(due_in: timedelta, period: str = DAY) -> Slot:
    dataset = Dataset.objects.get(name="raw.flights")
    return slots.announce(dataset, period=period, due_at=timezone.now() + due_in, actor="user:ana")


@pytest.fixture
def flights() -> None:
    road.register_sample("flights-daily")


@pytest.mark.promise(20, faults="a file that does not come in time")
@pytest.mark.usefixtures("flights")
def test_a_late_file_is_noticed_told_and_closed_by_its_arrival_without_a_hand() -> None:
    slot = expect(timedelta(seconds=30))
    assert slots.pass_time(timezone.now()) == 0
    assert slots.pass_time(timezone.now() + timedelta(minutes=1)) == 1
    road.drain()
    alert = Alert.objects.get(rule="late")
    assert (alert.state, alert.period) == (AlertState.OPEN, DAY)
    Slot.objects.filter(pk=slot.pk).update(
        due_at=timezone.now() - timedelta(hours=1), late_at=timezone.now() - timedelta(hours=1)
    )
    road.send_flights(DAY)
    road.drain()
    slot.refresh_from_db()
    alert.refresh_from_db()
    assert slot.state == SlotState.CONSUMED
    assert slot.late_seconds > 3500
    assert alert.state == AlertState.RESOLVED
    assert Event.objects.get(kind="slot.filled").body["late_seconds"] > 3500


@pytest.mark.promise(20, faults="two sweeps")
@pytest.mark.usefixtures("flights")
def test_two_sweeps_make_a_slot_late_once() -> None:
    expect(timedelta(seconds=-1))
    assert slots.pass_time(timezone.now()) == 1
    assert slots.pass_time(timezone.now()) == 0
    assert Event.objects.filter(kind="slot.became_late").count() == 1


@pytest.mark.usefixtures("flights")
def test_a_file_on_time_is_not_late() -> None:
    slot = expect(timedelta(hours=1))
    road.send_flights(DAY)
    slot.refresh_from_db()
    assert slot.state == SlotState.ARRIVED
    assert slots.pass_time(timezone.now() + timedelta(days=1)) == 0


@pytest.mark.usefixtures("flights")
def test_a_slot_is_waived_with_a_reason_that_is_kept_and_once_only() -> None:
    slot = expect(timedelta(seconds=-1))
    slots.waive(slot, reason="the airport was closed", actor="user:ana")
    slot.refresh_from_db()
    assert (slot.state, slot.reason) == (SlotState.WAIVED, "the airport was closed")
    assert slots.pass_time(timezone.now()) == 0
    with pytest.raises(IllegalMove, match="waived"):
        slots.waive(slot, reason="again", actor="user:ana")


@pytest.mark.usefixtures("flights")
def test_an_announcement_may_be_moved_while_it_is_open() -> None:
    expect(timedelta(hours=1))
    moved = expect(timedelta(hours=3))
    assert Slot.objects.count() == 1
    assert moved.due_at > timezone.now() + timedelta(hours=2)


@pytest.mark.usefixtures("flights")
@pytest.mark.parametrize("period", ["2013-02-30", "yesterday", "", "2013-01"])
def test_a_period_that_is_none_is_refused(period: str) -> None:
    with pytest.raises(ArrivalRefused, match="not a period"):
        expect(timedelta(hours=1), period)


DAILY = """
pipeline: orders
team: shop
sources:
  raw.orders:
    format: csv
    period: day
    mode: partition
    arrival: {by: "07:00", timezone: Europe/Zurich, days_after: 1}
    columns: {id: BIGINT}
"""


def test_slots_are_opened_ahead_in_the_deadlines_own_zone_and_history_is_not_accused() -> None:
    road.register_yaml(DAILY)
    Revision.objects.update(created_at=datetime(2026, 3, 27, 12, tzinfo=UTC))
    now = datetime(2026, 3, 28, 12, tzinfo=UTC)
    opening.open_ahead(now)
    found = dict(Slot.objects.order_by("period").values_list("period", "due_at"))
    assert found == {
        "2026-03-27": datetime(2026, 3, 28, 6, tzinfo=UTC),
        "2026-03-28": datetime(2026, 3, 29, 5, tzinfo=UTC),  # the clocks went forward in the night
        "2026-03-29": datetime(2026, 3, 30, 5, tzinfo=UTC),
    }
    assert opening.open_ahead(now) == 0


def test_a_file_that_came_before_its_slot_was_opened_fills_it() -> None:
    road.register_yaml(DAILY)
    now = timezone.now()
    Revision.objects.update(created_at=now - timedelta(days=3))
    period = f"{now - timedelta(days=1):%Y-%m-%d}"
    road.send("raw.orders", b"id\n1\n", name="orders.csv", period=period)
    opening.open_ahead(now)
    assert Slot.objects.get(period=period).state == SlotState.ARRIVED


NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)
OPEN = {"2026-03-27", "2026-03-28", "2026-03-29"}
NO_DEADLINE = DAILY.replace('    arrival: {by: "07:00", timezone: Europe/Zurich, days_after: 1}\n', "")


def revisions_began(*moments: datetime) -> None:
    """Say when each revision was made, the first one first."""
    for number, moment in enumerate(moments, start=1):
        Revision.objects.filter(number=number).update(created_at=moment)
    Pipeline.objects.update(created_at=moments[0])


def due() -> dict[str, datetime]:
    return dict(Slot.objects.filter(state=SlotState.EXPECTED).values_list("period", "due_at"))


@pytest.mark.usefixtures("flights")
def test_what_has_come_before_it_was_announced_is_not_late() -> None:
    road.send_flights(DAY)
    slot = expect(timedelta(hours=1))
    assert slot.state == SlotState.ARRIVED
    assert slot.arrival == Arrival.objects.get()
    assert slots.pass_time(timezone.now() + timedelta(days=1)) == 0


@pytest.mark.usefixtures("flights")
def test_what_came_and_could_not_be_read_makes_room_for_the_next() -> None:
    slot = expect(timedelta(hours=1))
    first = road.send_flights(DAY)
    Arrival.objects.filter(pk=first.pk).update(state=ArrivalState.FAILED)
    second = road.send("raw.flights", road.SCRIPT.flights(DAY) + b"\n", name=f"flights_{DAY}.csv")
    slot.refresh_from_db()
    assert (slot.state, slot.arrival) == (SlotState.ARRIVED, second)
    slot.delete()
    assert expect(timedelta(hours=1)).arrival == second


def test_a_deadline_that_a_revision_adds_does_not_accuse_what_was_before_it() -> None:
    road.register_yaml(NO_DEADLINE)
    road.register_yaml(DAILY)
    road.register_yaml(DAILY.replace("BIGINT", "VARCHAR"))
    revisions_began(NOON - timedelta(days=300), NOON - timedelta(days=1), NOON - timedelta(hours=1))
    opening.open_ahead(NOON)
    assert set(due()) == OPEN


def test_a_pipeline_that_goes_on_is_not_accused_of_its_pause() -> None:
    road.register_yaml(DAILY)
    revisions_began(timezone.now() - timedelta(days=30))
    pipeline = Pipeline.objects.get()
    pausing.pause(pipeline, actor="user:ana")
    pausing.resume(pipeline, actor="user:ana")
    now = timezone.now()
    opening.open_ahead(now)
    assert due()
    assert min(due().values()) > now - timedelta(minutes=1)


def test_a_deadline_that_a_revision_drops_is_waived_but_not_what_a_person_announced() -> None:
    road.register_yaml(DAILY)
    revisions_began(NOON - timedelta(days=1))
    opening.open_ahead(NOON)
    told = slots.announce(Dataset.objects.get(), period="2026-04-20", due_at=NOON, actor="user:ana")
    road.register_yaml(NO_DEADLINE)
    opening.open_ahead(NOON)
    assert set(due()) == {told.period}
    waived = Slot.objects.filter(state=SlotState.WAIVED)
    assert set(waived.values_list("period", flat=True)) == OPEN
    assert set(waived.values_list("reason", flat=True)) == {"no longer expected by revision 2"}


def test_a_deadline_that_a_revision_moves_moves_what_the_clock_opened() -> None:
    road.register_yaml(DAILY)
    revisions_began(NOON - timedelta(days=1))
    opening.open_ahead(NOON)
    before = due()
    road.register_yaml(DAILY.replace("07:00", "09:30"))
    opening.open_ahead(NOON)
    assert due() == {period: moment + timedelta(hours=2, minutes=30) for period, moment in before.items()}
    opening.open_ahead(NOON)
    assert Event.objects.filter(kind="slot.opened").count() == 2 * len(before)


def test_a_pipeline_that_cannot_be_read_does_not_keep_the_others_slots_from_opening() -> None:
    broken = factories.make_pipeline("a-broken-one")
    road.register_yaml(DAILY)
    Revision.objects.filter(pipeline=broken).update(compiled={"format": "unheard of"})
    Revision.objects.update(created_at=NOON - timedelta(days=1))
    with pytest.raises(SomeFailed, match="a-broken-one"):
        opening.open_ahead(NOON)
    assert set(due()) == OPEN
