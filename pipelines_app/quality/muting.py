"""Muting a check: it is judged and shown as before, and nobody hears of it until a moment, for a kept reason."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db import transaction

from pipelines_app import clock, events
from pipelines_app.access import audit
from pipelines_app.errors import IllegalMove
from pipelines_app.facts import CheckMuted, CheckUnmuted
from pipelines_app.models import Check, Dataset, Mute

LONGEST = timedelta(days=366)


def lasting(dataset: Dataset) -> frozenset[str]:
    """The names of the checks of a dataset of which nobody is to hear now."""
    return frozenset(Mute.objects.lasting().filter(dataset=dataset).values_list("check_name", flat=True))


def of(checks: Iterable[Check]) -> dict[tuple[int, str], Mute]:
    """What lasts of the mutes of these checks, by dataset and name; one query."""
    lasting = Mute.objects.lasting().filter(dataset__in={check.dataset_id for check in checks})
    return {(mute.dataset_id, mute.check_name): mute for mute in lasting}


@transaction.atomic
def mute(check: Check, *, until: datetime, reason: str, actor: str, address: str = "") -> Mute:
    """Let nobody hear of a check until a moment; raises IllegalMove for no reason, or a moment not within a year."""
    reason, now = reason.strip()[:500], clock.database_now()
    if not reason:
        raise IllegalMove("Nothing says why it is muted.", todo="Say why: others read it beside the check.")
    if not now < until <= now + LONGEST:
        raise IllegalMove("A check is muted until a moment to come, within a year.", todo="Choose another moment.")
    values: dict[str, object] = {"until": until, "reason": reason, "actor": actor, "at": now}
    muted, _ = Mute.objects.update_or_create(dataset=check.dataset, check_name=check.name, defaults=values)
    fact = CheckMuted(
        dataset=check.dataset.name,
        pipeline=check.revision.pipeline.name,
        check=check.name,
        until=until.astimezone(UTC).isoformat(),
        reason=reason,
    )
    events.record(fact, actor=actor)
    _note(check, "check.muted", actor=actor, address=address, change={"until": fact.until, "reason": reason})
    return muted


@transaction.atomic
def unmute(check: Check, *, actor: str, address: str = "") -> None:
    """Let people hear of a check again, from its next result on; nothing happens to one that is not muted."""
    if not Mute.objects.filter(dataset=check.dataset, check_name=check.name).delete()[0]:
        return
    fact = CheckUnmuted(dataset=check.dataset.name, pipeline=check.revision.pipeline.name, check=check.name)
    events.record(fact, actor=actor)
    _note(check, "check.unmuted", actor=actor, address=address, change={})


def _note(check: Check, action: str, *, actor: str, address: str, change: dict[str, object]) -> None:
    subject = f"{check.dataset.name}: {check.name}"[:200]
    audit.record(actor=actor, action=action, subject=subject, team=check.dataset.team, address=address, change=change)
