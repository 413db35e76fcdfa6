"""Checks that only inform, that are muted, and that have an owner: who hears of them, and who does not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring_app.models import Alert
from pipelines_app.errors import IllegalMove
from pipelines_app.models import AuditEntry, Check, CheckResult, Mute, Role, Run
from pipelines_app.quality import muting
from tests import factories, road
from tests.monitoring.telling import the_alert, told

pytestmark = pytest.mark.django_db
ORDERS = """
pipeline: orders
team: sales
sources:
  raw.orders:
    format: csv
    period: day
    from: orders_{period}.csv
    mode: partition
    columns: {id: INTEGER, amount: DOUBLE}
    checks:
      - not_null: {column: id, owner: keys@example.org}
      - max_between: {column: amount, max: 9, severity: warn, name: dear, owner: ida@example.org}
      - min_between: {column: amount, min: 5, severity: info, name: cheap}
"""
GOOD, DEAR, EMPTY = b"id,amount\n1,6\n", b"id,amount\n1,90\n", b"id,amount\n,6\n"


@pytest.fixture(autouse=True)
def _only_alerts_hear():
    """Here everybody hears: data go down the whole road."""


@pytest.fixture
def _registered(db):
    road.register_yaml(ORDERS)


def bring(day, body):
    """A day of orders that goes down the road; the watch hears of it."""
    road.send("raw.orders", body, name=f"orders_2013-01-{day:02}.csv")
    road.drain()


def check(name):
    return Check.objects.get(name=name)


def in_days(days):
    return timezone.now() + timedelta(days=days)


def mute(name, **given):
    muted = {"until": in_days(3), "reason": "the supplier knows", "actor": "user:ana", **given}
    return muting.mute(check(name), **muted)


@pytest.mark.usefixtures("_registered")
def test_a_check_that_informs_is_kept_and_shown_and_tells_nobody():
    bring(5, b"id,amount\n1,2\n")
    result = CheckResult.objects.get(check_made__name="cheap")
    assert (result.passed, result.outcome) == (False, "noted")
    assert Run.objects.get().state == "succeeded"
    assert not Alert.objects.exists()


@pytest.mark.usefixtures("_registered")
def test_an_alert_names_the_owner_of_its_check_and_goes_to_them(mailbox):
    bring(5, DEAR)
    alert = the_alert()
    assert (alert.rule, alert.owner) == ("check:dear", "ida@example.org")
    (letter,) = mailbox.messages
    assert letter["To"] == "ida@example.org"
    assert "Owner: ida@example.org" in letter.get_body(("plain",)).get_content()


@pytest.mark.usefixtures("_registered")
def test_what_a_check_keeps_back_is_told_to_its_owner():
    bring(5, EMPTY)
    alert = the_alert()
    assert (alert.rule, alert.owner) == ("quarantine", "keys@example.org")
    assert {one.channel.address for one in alert.notifications.all()} == {"keys@example.org"}


@pytest.mark.usefixtures("_registered")
def test_a_muted_check_is_judged_and_shown_and_opens_no_alert_until_its_time_is_over():
    mute("dear")
    bring(5, DEAR)
    assert CheckResult.objects.get(check_made__name="dear").outcome == "muted"
    assert not Alert.objects.exists()
    Mute.objects.update(until=in_days(-1))
    bring(6, DEAR)
    assert the_alert().period == "2013-01-06"
    assert CheckResult.objects.filter(check_made__name="dear").latest("pk").outcome == "warns"


@pytest.mark.usefixtures("_registered")
def test_a_muted_check_keeps_versions_back_all_the_same():
    mute("not_null: id")
    bring(5, EMPTY)
    assert Run.objects.get().state == "quarantined"
    assert not Alert.objects.exists()


@pytest.mark.usefixtures("_registered")
def test_muting_closes_what_is_open_and_says_why():
    bring(5, DEAR)
    mute("dear")
    road.drain()
    alert = the_alert()
    assert (alert.state, told(alert)) == ("resolved", ["opened", "resolved"])
    assert "the supplier knows" in alert.entries.latest("pk").text


@pytest.mark.usefixtures("_registered")
def test_a_check_that_from_now_on_only_informs_takes_its_alert_with_it():
    bring(5, DEAR)
    road.register_yaml(ORDERS.replace("severity: warn", "severity: info"))
    road.drain()
    assert the_alert().state == "resolved"


@pytest.mark.usefixtures("_registered")
def test_who_muted_it_and_who_let_it_be_heard_again_is_kept():
    mute("dear")
    muting.unmute(check("dear"), actor="user:bob")
    muting.unmute(check("dear"), actor="user:bob")
    kept = AuditEntry.objects.filter(action__startswith="check.").order_by("pk")
    assert [(one.actor, one.action, one.subject) for one in kept] == [
        ("user:ana", "check.muted", "raw.orders: dear"),
        ("user:bob", "check.unmuted", "raw.orders: dear"),
    ]
    assert not Mute.objects.exists()


@pytest.mark.parametrize("given", [{"reason": " "}, {"days": 0}, {"days": 400}], ids=["no reason", "past", "years"])
@pytest.mark.usefixtures("_registered")
def test_a_mute_has_a_reason_and_an_end(given):
    days = given.pop("days", 3)
    with pytest.raises(IllegalMove):
        mute("dear", until=in_days(days), **given)


@pytest.mark.usefixtures("_registered")
def test_the_page_of_a_check_tells_all_and_its_editors_mute_it(client):
    bring(5, DEAR)
    client.force_login(factories.make_user("ana", team=road.team("sales"), role=Role.EDITOR))
    address = f"/checks/{check('dear').pk}"
    client.post(f"{address}/mute", {"days": "7", "reason": "<b>known</b>"})
    page = client.get(address).content.decode()
    assert "&lt;b&gt;known&lt;/b&gt;" in page
    assert "ida@example.org" in page
    assert "<b>Muted</b> by ana, ends" in page
    assert "muted, ends" in client.get("/checks").content.decode()
    client.post(f"{address}/unmute")
    assert "<b>Muted</b>" not in client.get(address).content.decode()
    client.post(f"{address}/mute", {"days": "7", "reason": ""})
    assert not Mute.objects.exists()
