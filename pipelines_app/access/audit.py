"""The record of what people and tokens did: append-only, held by the database."""

from collections.abc import Mapping

from pipelines_app.models import AuditEntry, Team


def record(
    *,
    actor: str,
    action: str,
    subject: str,
    team: Team | None = None,
    address: str = "",
    change: Mapping[str, object] | None = None,
) -> AuditEntry:
    """Write down who did what to what; `change` holds before and after, without secrets."""
    return AuditEntry.objects.create(
        actor=actor, action=action, subject=subject, team=team, address=address, change=dict(change or {})
    )
