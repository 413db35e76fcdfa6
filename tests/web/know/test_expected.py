"""The grid of what is expected, one slot with why it is so, and the deadlines learned from the past."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from pipelines_app.intake import habits, slots
from pipelines_app.models import Arrival, AuditEntry, Dataset, Event, Habit, HabitState, Slot, SlotState
from tests import factories, road
from tests.web.know.conftest import DAY


def page(client, path="/expected", **query):
    answer = client.get(path, query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def source(orders):
    return Dataset.objects.get(name="raw.orders")


@pytest.fixture
def late(source):
    return factories.make_slot(source, period="2013-01-05", due_at=timezone.now() - timedelta(hours=1), state="late")


def test_the_grid_shows_every_state_in_words_and_links_each_to_its_slot(source, vic):
    for day, state in enumerate(SlotState.values, start=1):
        factories.make_slot(source, period=f"2013-01-{day:02}", state=state)
    shown = page(vic)
    for slot in Slot.objects.all():
        assert f'href="/expected/{slot.pk}"' in shown
        assert f'class="word">{slot.get_state_display()}' in shown
    assert "Wed 9 Jan" in shown
    assert page(vic, state="late").count("raw.orders?tab") == 1
    assert "Nothing fits here" in page(vic, state="late", team="people")
    assert "Nothing fits here" in page(vic, until="2012-01-01")


def test_nothing_expected_says_how_to_expect_something(orders, vic):
    assert "Nothing is expected" in page(vic)


def test_the_grid_goes_through_time_in_windows_and_by_other_periods(source, vic):
    for month in range(1, 5):
        factories.make_slot(source, period=f"2013-{month:02}-01")
    newest = page(vic)
    assert "Mon 1 Apr" in newest
    assert "until=2013-03-18" in newest
    assert "Fri 1 Mar" in page(vic, until="2013-03-05")
    assert "Nothing is expected" in page(vic, by="month")
    assert "Nothing is expected" in page(vic, by="hour")


def test_a_grid_of_nonsense_is_a_grid(late, vic):
    for value in ("x" * 500, "<script>", "9999-12-31", "0001-01-01"):
        page(vic, until=value, team=value, dataset=value, state=value, by=value, after=value)


def test_the_grid_costs_the_same_however_much_is_expected(source, ana, django_assert_num_queries):
    factories.make_slot(source, period="2013-01-01", state="late")
    with django_assert_num_queries(10):
        page(ana)
    for number in range(20):
        other = factories.make_dataset(pipeline=source.pipeline, is_source=True, period_kind="day")
        for day in range(1, 8):
            factories.make_slot(other, period=f"2013-01-{day:02}", state="expected" if number % 2 else "missing")
    with django_assert_num_queries(10):
        page(ana)
    with django_assert_num_queries(5):
        fragment = ana.get("/expected", headers={"HX-Request": "true"})
    assert fragment.content.decode().startswith('<section class="card" id="expected-grid"')
    assert "HX-Request" in fragment["Vary"]


def test_from_late_to_filled_in_two_clicks(late, ana, vic):
    assert f'href="/expected/{late.pk}"' in page(ana)
    shown = page(ana, f"/expected/{late.pk}")
    assert "It is late: its deadline has passed and nothing has come." in shown
    assert '<input type="hidden" name="period" value="2013-01-05">' in shown
    assert "Upload for" not in page(vic, f"/expected/{late.pk}")
    from_the_page = {"dataset": "raw.orders", "period": "2013-01-05", "file": SimpleUploadedFile("orders.csv", DAY)}
    assert ana.post("/upload", from_the_page).status_code == 302
    road.drain()
    late.refresh_from_db()
    assert (late.state, late.arrival) == (SlotState.CONSUMED, Arrival.objects.get())
    assert 3600 <= late.late_seconds < 4200
    shown = page(ana, f"/expected/{late.pk}")
    assert "It has come and was read" in shown
    assert "late</span>" in page(ana)


def test_a_slot_says_what_it_rests_on_and_is_waived_with_an_audited_reason(late, ana):
    shown = page(ana, f"/expected/{late.pk}")
    assert "Nothing has come for it" in shown
    assert "Expected since" in shown
    ana.post(f"/slots/{late.pk}/waive", {"reason": "<b>a holiday</b>"})
    assert "&lt;b&gt;a holiday&lt;/b&gt;" in page(ana, f"/expected/{late.pk}")
    assert Event.objects.filter(kind="slot.waived").count() == 1
    assert AuditEntry.objects.get(action="slot.waived").change == {"reason": "<b>a holiday</b>"}


def test_what_came_with_bad_rows_is_partial_and_what_was_quarantined_waits_for_better(source, ana):
    for day in ("2013-01-05", "2013-01-06"):
        slots.announce(source, period=day, due_at=timezone.now() + timedelta(hours=1), actor="user:ana")
    road.send("raw.orders", DAY + b"x,east,1\n", name="orders_2013-01-05.csv")
    road.send("raw.orders", b"id,shop,amount\nx,y,z\n", name="orders_2013-01-06.csv")
    road.drain()
    partial, quarantined = Slot.objects.order_by("period")
    assert (partial.state, quarantined.state) == (SlotState.PARTIAL, SlotState.QUARANTINED)
    assert "something better is waited for" in page(ana, f"/expected/{quarantined.pk}")
    road.send("raw.orders", DAY, name="orders_2013-01-06.csv")
    road.drain()
    quarantined.refresh_from_db()
    assert quarantined.state == SlotState.CONSUMED


def test_another_teams_restricted_slot_is_not_there(late, oto):
    Dataset.objects.update(restricted=True)
    assert oto.get(f"/expected/{late.pk}").status_code == 404
    assert "raw.orders" not in page(oto)


def test_a_slot_costs_a_fixed_number_of_queries(late, ana, django_assert_num_queries):
    with django_assert_num_queries(11):
        page(ana, f"/expected/{late.pk}")


@pytest.fixture
def habit(source):
    """Three weeks of files that came about 06:20 the day after, on business days."""
    for number in range(28):
        day = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=number)
        if day.weekday() < 5:
            at = day + timedelta(days=3 if day.weekday() == 4 else 1, hours=6, minutes=15 + number % 10)
            arrival = road.send("raw.orders", DAY + f"9,w,{number}\n".encode(), period=f"{day:%Y-%m-%d}", name="o.csv")
            Arrival.objects.filter(pk=arrival.pk).update(received_at=at)
    habits.learn_all(datetime(2026, 3, 29, 12, tzinfo=UTC))
    return Habit.objects.get()


def test_a_cadence_is_learned_proposed_with_its_history_and_accepted_by_a_click(habit, orders, ana, vic):
    assert (habit.state, habit.arrivals) == (HabitState.PROPOSED, 20)
    assert f'href="/habits/{habit.pk}"' in page(ana)
    shown = page(ana, f"/habits/{habit.pk}")
    said = re.search(r"it is expected (.*?)\.", shown)[1]
    assert said == "every business day (Monday to Friday) by 06:35 UTC, a business day later"
    assert "06:2" in shown
    assert "Expect it so" in shown
    assert "Expect it so" not in page(vic, f"/habits/{habit.pk}")
    answer = ana.post(f"/habits/{habit.pk}/accept", follow=True)
    assert "That is revision 2 of orders." in answer.content.decode()
    orders.refresh_from_db()
    assert orders.current.document["sources"]["raw.orders"]["arrival"]["by"] == "06:35"
    assert orders.current.why == "raw.orders is expected as learned from 20 arrivals"
    assert f'href="/habits/{habit.pk}"' not in page(ana)


def test_a_dismissed_cadence_is_not_proposed_again_unless_it_changes(habit, ana):
    ana.post(f"/habits/{habit.pk}/dismiss")
    habits.learn_all(datetime(2026, 3, 29, 13, tzinfo=UTC))
    habit.refresh_from_db()
    assert habit.state == HabitState.DISMISSED
    assert "decided already" in ana.post(f"/habits/{habit.pk}/accept", follow=True).content.decode()
    for arrival in Arrival.objects.all():
        Arrival.objects.filter(pk=arrival.pk).update(received_at=arrival.received_at + timedelta(hours=2))
    habits.learn_all(datetime(2026, 3, 29, 13, tzinfo=UTC))
    habit.refresh_from_db()
    assert habit.state == HabitState.PROPOSED
