"""Small messages that come at the same time are taken in by one transaction: one commit for all of them.

Only what is plain is taken so: new, unlike anything before, from an address that is as it is remembered, expected by no
slot. Whatever is not, and a whole group in which anything goes wrong, is left to the road that every message can go
alone, which knows all the cases.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.db import connection, transaction

from pipelines_app import events, failpoints
from pipelines_app.boundary import contained
from pipelines_app.intake import accepting, storing
from pipelines_app.intake.storing import Coming
from pipelines_app.intake.together import Together
from pipelines_app.models import Webhook
from pipelines_app.prepared import Prepared, Several, add

MOST = 64  # messages in one transaction

# What is written out is asked once for a whole group. Whatever it finds is looked at again on the road alone: it may
# find too much, and must not find too little.
ASKED = "WITH asked (place, webhook, message, dataset, period, sha256, key) AS (VALUES "
ASKED_ONE = "(%s, %s, %s, %s, %s, %s, %s)"
MET = """)
SELECT place FROM asked
WHERE EXISTS (
    SELECT 1 FROM pipelines_app_webhookcall AS before
    WHERE before.webhook_id = asked.webhook AND before.message_id = asked.message
) OR EXISTS (
    SELECT 1 FROM pipelines_app_arrival AS twin
    WHERE twin.dataset_id = asked.dataset AND twin.sha256 = asked.sha256 AND twin.period = asked.period
    AND twin.parameters_key = asked.key AND twin.state IN ('pending', 'consumed')
) OR EXISTS (
    SELECT 1 FROM pipelines_app_slot AS slot
    LEFT JOIN pipelines_app_arrival AS filling ON filling.id = slot.arrival_id
    WHERE slot.dataset_id = asked.dataset AND slot.period = asked.period
    AND slot.state NOT IN ('consumed', 'waived') AND (slot.state <> 'arrived' OR filling.state = 'failed')
)
"""
KEEP = "INSERT INTO pipelines_app_keptmessage (place, content) VALUES "
TOLD = "WITH told (arrival, event) AS (VALUES "
PAIR = "(%s, %s)"
TELL = ") UPDATE pipelines_app_arrival SET event_id = told.event FROM told WHERE id = told.arrival"


def take(coming: Coming) -> bool:
    """Take a message in together with whatever comes at the same time; False where it has to go the road alone."""
    return bool(_together.ask(coming))


def _served(group: Sequence[Coming]) -> list[bool]:
    taken: set[Coming] = set()
    with contained("messages could not be taken in together, and go alone", messages=len(group)) as unit:
        taken = _take(group)
    return [unit.error is None and coming in taken for coming in group]


_together = Together(_served, most=MOST)


@transaction.atomic
def _take(group: Sequence[Coming]) -> set[Coming]:
    """Take in those that are plain; says which."""
    new = storing.store(_apart(group)) if connection.vendor == "postgresql" else _one_by_one(group)
    if new:
        failpoints.reach("before_accept")
        transaction.on_commit(lambda: failpoints.reach("after_accept"))
    return set(new)


def _one_by_one(group: Sequence[Coming]) -> list[Coming]:
    """The same by several statements that every database understands; gives those that were plain."""
    as_known = _still_as_known(group)
    new = _new(_apart(coming for coming in group if coming.webhook.pk in as_known))
    if new:
        _write(new)
    return new


_now = Prepared(
    lambda: (
        Webhook.objects.filter(pk__in=Several("webhooks"), disabled_at=None)
        .select_related("dataset__pipeline")
        .only(
            *("public_id", "signature", "secret", "previous_secret", "previous_until", "per_minute"),
            *("dataset__name", "dataset__is_source", "dataset__pipeline__current"),
        )
        .select_for_update(of=("dataset",), no_key=True)
        .order_by("dataset")
    )
)


def _still_as_known(group: Sequence[Coming]) -> set[int]:
    """Hold the datasets, in one order: so twins are seen. Says which webhooks are as their messages were judged by."""
    known = {coming.webhook.pk: coming.webhook for coming in group}
    found = _now.all(webhooks=list(known))
    return {webhook.pk for webhook in found if _judged_by(webhook) == _judged_by(known[webhook.pk])}


def _judged_by(webhook: Webhook) -> tuple[object, ...]:
    """What a message to a webhook is judged by."""
    dataset = webhook.dataset
    return (
        *(webhook.signature, webhook.secret, webhook.previous_secret, webhook.previous_until, webhook.per_minute),
        *(dataset.pk, dataset.name, dataset.is_source, dataset.pipeline and dataset.pipeline.current_id),
    )


def _apart(group: Iterable[Coming]) -> list[Coming]:
    """Those of a group that are unlike any before them in it."""
    ids: set[object] = set()
    contents: set[object] = set()
    apart = []
    for coming in group:
        arrival, call = coming.arrival, coming.call
        message = (call.webhook_id, call.message_id)
        content = (arrival.dataset_id, arrival.period, arrival.sha256, arrival.parameters_key)
        if message not in ids and content not in contents:
            apart.append(coming)
        ids.add(message)
        contents.add(content)
    return apart


def _new(group: Sequence[Coming]) -> list[Coming]:
    """Those whose like has not come before, and that no slot expects."""
    if not group:
        return []
    values: list[Any] = []
    for place, coming in enumerate(group):
        call, arrival = coming.call, coming.arrival
        values += [place, call.webhook_id, call.message_id]
        values += [arrival.dataset_id, arrival.period, arrival.sha256, arrival.parameters_key]
    with connection.cursor() as cursor:
        cursor.execute(_statement(ASKED, ASKED_ONE, MET, len(group)), values)
        met = {place for (place,) in cursor.fetchall()}
    return [coming for place, coming in enumerate(group) if place not in met]


def _write(group: Sequence[Coming]) -> None:
    """What `accepting.accept` and `webhooks.take` write of one, for many."""
    add([coming.arrival for coming in group])
    for coming in group:
        coming.call.arrival = coming.arrival
    add([coming.call for coming in group])
    facts = [(accepting.accepted(coming.arrival), coming.arrival.sender) for coming in group]
    kept: list[Any] = []
    told: list[Any] = []
    for coming, event in zip(group, events.record_of_many(facts), strict=True):
        coming.arrival.event = event
        kept += [coming.kept.place, coming.kept.content]
        told += [coming.arrival.pk, event.pk]
    with connection.cursor() as cursor:
        cursor.execute(_statement(KEEP, PAIR, "", len(group)), kept)
        cursor.execute(_statement(TOLD, PAIR, TELL, len(group)), told)


@cache
def _statement(before: str, row: str, after: str, count: int) -> str:
    return before + ", ".join([row] * count) + after
