"""A group of small messages as one statement of PostgreSQL: it looks at each, and writes the rows of the plain ones.

What is asked of each is what `gathering` asks elsewhere with several statements, and what is written is the same.
"""

import json
from binascii import b2a_base64
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from pipelines_app import events, prepared
from pipelines_app.facts import ArrivalAccepted
from pipelines_app.intake import accepting
from pipelines_app.models import Arrival, ArrivalState, KeptMessage, Webhook, WebhookCall

# A statement of its own: what comes next must see what was committed by whoever held the datasets before.
HOLD = "SELECT FROM pipelines_app_dataset WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE"
# Its plan is kept for as long as the connection, and may be made while little is known of the tables: then one index
# looks as good as another. So that it uses the one that fits best, the first that is alike is asked for in the order of
# that index; and whether an id has come before is left to the constraint.
STORE = """
WITH asked AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%s::json) AS one (
        place int, webhook bigint, signature text, secret text, previous_secret text, previous_until timestamptz,
        per_minute int, dataset bigint, dataset_name text, is_source boolean, revision bigint, message text,
        digest text, address text, called_at timestamptz, door text, name text, period text, bytes bigint, sha256 text,
        path text, sender text, received_at timestamptz, state text, parameters jsonb, key text, content text,
        fact jsonb, heard json
    )
), drawn AS MATERIALIZED (
    SELECT new.*, nextval('pipelines_app_arrival_id_seq') AS arrival, nextval('pipelines_app_event_id_seq') AS event
    FROM (
        SELECT asked.* FROM asked
        JOIN pipelines_app_webhook AS known ON known.id = asked.webhook
        JOIN pipelines_app_dataset AS dataset ON dataset.id = known.dataset_id
        LEFT JOIN pipelines_app_pipeline AS pipeline ON pipeline.id = dataset.pipeline_id
        LEFT JOIN LATERAL (
            SELECT true AS found FROM pipelines_app_arrival
            WHERE dataset_id = asked.dataset AND sha256 BETWEEN asked.sha256 AND asked.sha256
            AND period = asked.period AND parameters_key = asked.key AND state IN ('pending', 'consumed')
            ORDER BY sha256 LIMIT 1
        ) AS twin ON true
        LEFT JOIN LATERAL (
            SELECT true AS found FROM pipelines_app_slot AS slot
            LEFT JOIN pipelines_app_arrival AS filling ON filling.id = slot.arrival_id
            WHERE slot.dataset_id = asked.dataset AND slot.period = asked.period
            AND slot.state NOT IN ('consumed', 'waived') AND (slot.state <> 'arrived' OR filling.state = 'failed')
            LIMIT 1
        ) AS expecting ON true
        WHERE twin.found IS NULL AND expecting.found IS NULL AND known.disabled_at IS NULL
        AND (known.signature, known.secret, known.previous_secret, known.dataset_id, dataset.name, dataset.is_source)
          = (asked.signature, asked.secret, asked.previous_secret, asked.dataset, asked.dataset_name, asked.is_source)
        AND known.previous_until IS NOT DISTINCT FROM asked.previous_until
        AND known.per_minute IS NOT DISTINCT FROM asked.per_minute
        AND pipeline.current_id IS NOT DISTINCT FROM asked.revision
        ORDER BY asked.place
    ) AS new
), called AS (
    INSERT INTO pipelines_app_webhookcall (webhook_id, message_id, digest, arrival_id, address, repeats, at)
    SELECT webhook, message, digest, arrival, address, 0, called_at FROM drawn
    ON CONFLICT (webhook_id, message_id) DO NOTHING RETURNING arrival_id
), plain AS MATERIALIZED (
    SELECT drawn.* FROM drawn JOIN called ON called.arrival_id = drawn.arrival
), told AS (
    INSERT INTO pipelines_app_event (id, kind, at, actor, pipeline, dataset, period, body)
    SELECT event, %s, %s::timestamptz, sender, '', dataset_name, period, fact || jsonb_build_object('arrival', arrival)
    FROM plain
), arrived AS (
    INSERT INTO pipelines_app_arrival (
        id, dataset_id, door, name, period, bytes, sha256, path, sender, received_at, state, disposition, event_id,
        parameters, parameters_key
    )
    SELECT arrival, dataset, door, name, period, bytes, sha256, path, sender, received_at, state, '', event,
        parameters, key
    FROM plain
), kept AS (
    INSERT INTO pipelines_app_keptmessage (place, content) SELECT path, decode(content, 'base64') FROM plain
), handed AS (
    INSERT INTO pipelines_app_delivery (event_id, consumer, state, attempts, error, outcome)
    SELECT event, consumer, 'pending', 0, '', '' FROM plain, json_array_elements_text(heard) AS consumer
    RETURNING id, event_id, consumer
)
SELECT plain.place, plain.arrival, handed.id, handed.consumer
FROM plain LEFT JOIN handed ON handed.event_id = plain.event ORDER BY handed.id
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Coming:
    """A message whose sender is proved, with the rows that it is going to be."""

    webhook: Webhook
    call: WebhookCall
    arrival: Arrival
    kept: KeptMessage


def store(group: Sequence[Coming]) -> list[Coming]:
    """Write those of a group that are plain, in the caller's transaction; gives these, whose arrivals have their ids.

    Their datasets are held from now on, in one order, so twins are seen.
    """
    datasets = sorted({coming.arrival.dataset_id for coming in group})
    asked = json.dumps([_asked(place, coming) for place, coming in enumerate(group)], separators=(",", ":"))
    with prepared.cursor() as cursor:
        cursor.execute(HOLD, ["{" + ",".join(map(str, datasets)) + "}"])
        cursor.execute(STORE, [asked, ArrivalAccepted.kind, timezone.now().isoformat()])
        written = cursor.fetchall()
    return _taken(group, written)


def _taken(group: Sequence[Coming], written: Iterable[tuple[int, int, int | None, str]]) -> list[Coming]:
    """Note what became rows, and have what hears of it told."""
    taken: dict[int, Coming] = {}
    handed: dict[str, list[int]] = defaultdict(list)
    for place, arrival, delivery, consumer in written:
        taken[place] = group[place]
        group[place].arrival.pk = arrival
        if delivery is not None:
            handed[consumer].append(delivery)
    for consumer, deliveries in handed.items():
        events.ring(consumer, deliveries)
    return list(taken.values())


def _asked(place: int, coming: Coming) -> dict[str, Any]:
    """All that is to be said of a message: what it is judged by, and its rows."""
    webhook, arrival, call, dataset = coming.webhook, coming.arrival, coming.call, coming.webhook.dataset
    fact = accepting.accepted(arrival)
    return {
        "place": place,
        "webhook": webhook.pk,
        "signature": webhook.signature,
        "secret": webhook.secret,
        "previous_secret": webhook.previous_secret,
        "previous_until": webhook.previous_until and webhook.previous_until.isoformat(),
        "per_minute": webhook.per_minute,
        "dataset": dataset.pk,
        "dataset_name": dataset.name,
        "is_source": dataset.is_source,
        "revision": dataset.pipeline and dataset.pipeline.current_id,
        "message": call.message_id,
        "digest": call.digest,
        "address": call.address,
        "called_at": call.at.isoformat(),
        "door": arrival.door,
        "name": arrival.name,
        "period": arrival.period,
        "bytes": arrival.bytes,
        "sha256": arrival.sha256,
        "path": arrival.path,
        "sender": arrival.sender,
        "received_at": arrival.received_at.isoformat(),
        "state": ArrivalState.PENDING,
        "parameters": arrival.parameters,
        "key": arrival.parameters_key,
        "content": b2a_base64(coming.kept.content, newline=False).decode(),
        "fact": events.body_of(fact),
        "heard": events.hearers(fact),
    }
