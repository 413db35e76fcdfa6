"""A small platform with everything in it: a team with an open and a restricted pipeline, and the people around.

Everything of the restricted pipeline has `hush` in its name, so that a leak is a word on a page.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from django.test import Client
from django.utils import timezone

from monitoring_app.alerts import behaving, lifecycle
from monitoring_app.alerts.behaving import Window, Wish
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.channels import endpoints, keeping
from monitoring_app.channels.endpoints import Wanted
from monitoring_app.models import Alert, Anomaly, Channel, Expectation, Notification, Profile
from monitoring_app.profiling import measuring
from monitoring_app.slas import sweeping as promises
from pipelines_app.access import tokens
from pipelines_app.compiler import documents
from pipelines_app.definitions import drafts
from pipelines_app.intake import slots, webhooks
from pipelines_app.models import (
    Arrival,
    CheckResult,
    Dataset,
    Delivery,
    DeliveryState,
    DropSource,
    Event,
    Habit,
    Membership,
    Pipeline,
    Role,
    Run,
)
from tests import factories, road

HIDDEN_WORD = "hush"
OPEN = """
pipeline: orders
team: people
sources:
  raw.orders:
    format: csv
    period: day
    from: orders_{period}.csv
    mode: partition
    columns: {id: INTEGER, shop: VARCHAR, amount: DOUBLE}
    checks: [{not_null: [id]}]
steps:
  - dataset: mart.shops
    sql: SELECT shop, count(*) AS orders, sum(amount) AS amount FROM raw.orders GROUP BY shop
    checks: [{expression_is_true: {expression: "amount < 100", severity: warn}}]
sla: [{freshness: {dataset: raw.orders, within: 1d}}]
"""
RESTRICTED = """
pipeline: hush-payroll
team: people
description: hush, this is about pay
sources:
  raw.hush_salaries:
    format: csv
    period: day
    from: hush_{period}.csv
    mode: partition
    tolerance: 0.9
    columns: {hush_id: INTEGER, hush_name: VARCHAR, pay: DOUBLE}
    checks: [{not_null: {columns: [hush_id], name: hush_ids}}]
steps:
  - dataset: mart.hush_bonus
    sql: SELECT shop AS hush_shop, amount * 0.01 AS bonus FROM mart.shops
    checks: [{expression_is_true: {expression: "bonus < 0", name: hush_low, severity: warn}}]
  - dataset: mart.hush_pay
    sql: SELECT hush_name, sum(pay) AS pay FROM raw.hush_salaries GROUP BY hush_name
sla: [{freshness: {dataset: raw.hush_salaries, within: 1d}}]
"""
ORDERS = b"id,shop,amount\n1,north,2.5\n2,south,400\n"
SALARIES = b"hush_id,hush_name,pay\n1,hush-ann,2.5\nx,hush-bob,4\n"
DAY, NEXT = "2013-01-05", "2013-01-06"
IN_A_WEEK = (timezone.now() + timedelta(days=7)).isoformat()
ROLES = ("anonymous", "other", "viewer", "editor", "admin")


@dataclass
class Things:
    """What one of the two pipelines consists of, by id or name, as addresses take it."""

    pipeline: str
    dataset: str
    made: str
    ids: dict[str, int] = field(default_factory=dict)


@dataclass
class World:
    """Both pipelines and the people: of their team a viewer, an editor and an admin; of another an admin; nobody."""

    open: Things
    hidden: Things
    clients: dict[str, Client]
    ids: dict[str, int]

    @cached_property
    def documents(self) -> dict[str, dict[str, object]]:
        """The definitions of both."""
        return {self.open.pipeline: documents.from_yaml(OPEN), self.hidden.pipeline: documents.from_yaml(RESTRICTED)}


def build() -> World:
    """Make everything, by the doors where there are some."""
    road.team("people")
    clients, people = {"anonymous": Client()}, {}
    for role, team, held in (
        ("other", factories.make_team("others"), Role.ADMIN),
        ("viewer", road.team("people"), Role.VIEWER),
        ("editor", road.team("people"), Role.EDITOR),
        ("admin", road.team("people"), Role.ADMIN),
    ):
        people[role] = factories.make_user(f"{role}-person", team=team, role=held)
        clients[role] = Client(raise_request_exception=True)
        clients[role].force_login(people[role])
    road.register_yaml(OPEN)
    road.register_yaml(RESTRICTED)
    Pipeline.objects.filter(name="hush-payroll").update(restricted=True)
    Dataset.objects.filter(name__contains=HIDDEN_WORD).update(restricted=True)
    Channel.objects.create(team=road.team("people"), kind="email", name="hush-list", address="hush@example.org")
    road.send("raw.orders", ORDERS, name=f"orders_{DAY}.csv")
    road.drain()
    road.send("raw.hush_salaries", SALARIES, name=f"hush_{DAY}.csv")
    road.drain()
    promises.sweep(timezone.now())
    for profile in Profile.objects.order_by("pk"):
        measuring.measure(profile.pk)
    shown = Things("orders", "raw.orders", "mart.shops")
    hidden = Things("hush-payroll", "raw.hush_salaries", "mart.hush_bonus")
    for things in (shown, hidden):
        things.ids = _ids(things, people["editor"])
    return World(shown, hidden, clients, _own(people))


def _own(people) -> dict[str, int]:
    token, _ = tokens.issue(people["editor"], name="hush-token")
    membership = Membership.objects.get(user=people["viewer"])
    return {"token": token.pk, "membership": membership.pk, **_posted_out()}


def _posted_out() -> dict[str, int]:
    """An outbound webhook of the team, whose host nobody answers at, and a message that it was sent."""
    wanted = Wanted(alerts=False, kinds=["dataset.published"])
    channel, _ = endpoints.add(
        road.team("people"), url="https://hush.invalid/x", name="hush-out", wanted=wanted, actor="user:test"
    )
    message = Notification.objects.create(
        channel=channel, event=Event.objects.latest("pk"), about="event", subject="hush", body="", link="", state="kept"
    )
    hearer = keeping.add_email(channel.team, address="hush@example.org", actor="user:ada")
    return {"endpoint": channel.pk, "message": message.pk, "channel": hearer.pk, **_behaving(hearer)}


def _behaving(hearer) -> dict[str, int]:
    """A route, and maintenance to come."""
    day = timezone.now() + timedelta(days=1)
    window = Window(begins_at=day, ends_at=day + timedelta(hours=1), reason="hush")
    made = behaving.maintain(hearer.team, window, actor="user:ada")
    return {"maintenance": made.pk, "route": behaving.route(hearer, Wish(pattern="hush.*"), actor="user:ada").pk}


def _profile(dataset) -> Profile:
    return Profile.objects.get(version=dataset.versions.latest("pk"), is_merged=False)


def _anomaly(profile) -> Anomaly:
    about = {"dataset": profile.dataset, "version": profile.version, "period": profile.period}
    said = {"metric": "null_share", "kind": "null_share", "score": 2.0, "words": f"{profile.dataset.name} is odd"}
    return Anomaly.objects.create(profile=profile, source="batch", column="id", value=0.5, **about, **said)


def _ids(things: Things, editor) -> dict[str, int]:
    dataset = Dataset.objects.get(name=things.dataset)
    pipeline = Pipeline.objects.get(name=things.pipeline)
    run = Run.objects.filter(pipeline=pipeline).latest("pk")
    arrival = Arrival.objects.filter(dataset=dataset).latest("pk")
    delivery = Delivery.objects.filter(event=arrival.event).first()
    Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.STUCK, error=f"about {things.dataset}")
    slot = slots.announce(dataset, period=NEXT, due_at=timezone.now() + timedelta(hours=1), actor="user:test")
    arrival_block = {"by": "07:00", "timezone": "UTC"}
    habit = Habit.objects.create(
        dataset=dataset, zone="UTC", arrivals=9, weekdays=[], history=[], arrival=arrival_block
    )
    problem = Problem(
        rule="late",
        subject=things.dataset,
        title=f"{things.dataset} is late",
        what="It has not come.",
        severity="critical",
        team=dataset.team,
        dataset=dataset,
        pipeline=things.pipeline,
        run=run.pk,
    )
    alert = lifecycle.open_alert(problem, cause=Event.objects.filter(dataset=things.dataset).latest("pk"))
    assert Alert.objects.filter(dataset=dataset).exists()
    drop = DropSource.objects.create(dataset=dataset, url=f"s3://{things.pipeline}/in")
    return {
        "run": run.pk,
        "queued": factories.make_run(pipeline, state="queued", period=NEXT).pk,
        "failed": factories.make_run(pipeline, state="failed", period="2013-01-04").pk,
        "backfill": factories.make_backfill(pipeline, "2013-01-03", "2013-01-04").pk,
        "event": arrival.event_id,
        "arrival": arrival.pk,
        "version": dataset.versions.latest("pk").pk,
        "slot": slot.pk,
        "habit": habit.pk,
        "drop": drop.pk,
        "webhook": webhooks.create(dataset)[0].pk,
        "delivery": delivery.pk,
        "alert": alert.pk,
        "sla": dataset.slas.get().pk,
        "check": dataset.checks.latest("pk").pk,
        "result": CheckResult.objects.filter(check_made__dataset=dataset).latest("pk").pk,
        "expectation": _expected(dataset).pk,
        "profile": _profile(dataset).pk,
        "anomaly": _anomaly(_profile(dataset)).pk,
        "draft": drafts.edit(pipeline, editor).pk,
    }


def _expected(dataset: Dataset) -> Expectation:
    """A promise that nobody has accepted yet."""
    kind, sentence = "row_count_between", f"{dataset.name} has between 1 and 9 rows"
    bounds = {"min": 1.0, "max": 9.0}
    return Expectation.objects.create(dataset=dataset, kind=kind, about=kind, parameters=bounds, sentence=sentence)
