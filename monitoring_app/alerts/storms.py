"""What came too quickly to be read is told in one digest per channel and minute; every message stays where it was."""

from collections import Counter
from datetime import datetime

from django.conf import settings
from django.db.models import Min

from monitoring_app.alerts import messages
from monitoring_app.alerts.timing import MINUTE
from monitoring_app.models import About, AlertUrgency, Channel, Notification, NotificationState
from pipelines_app import locks, singly, wake

SHOWN = 15


def gathered(now: datetime) -> list[int]:
    """The channels whose oldest message that waits for a digest has waited for a minute."""
    waiting = Notification.objects.filter(state=NotificationState.GATHERED).order_by().values("channel")
    return list(
        waiting.annotate(first=Min("created_at")).filter(first__lte=now - MINUTE).values_list("channel", flat=True)
    )


def digest_all(now: datetime) -> int:
    """Write one digest for each of these channels; says how many."""
    return singly.each(gathered(now), lambda pk: digest(pk, now) is not None)


def digest(pk: int, now: datetime) -> Notification | None:
    """One message that tells of all that a channel has waiting; they stay, and point to it."""
    channel = locks.held(Channel.objects.select_related("team")).get(pk=pk)
    waiting = Notification.objects.filter(channel=channel, state=NotificationState.GATHERED)
    rows = list(waiting.order_by("pk").values_list("pk", "subject", "about", "alert__severity", "event_id"))
    if not rows:
        return None
    subject, body = words([(subject, about, severity or "") for _, subject, about, severity, _ in rows])
    made = Notification.objects.create(
        channel=channel,
        event_id=rows[-1][4],
        about=About.DIGEST,
        subject=messages.one_line(subject, messages.SUBJECT),
        body=messages.readable(body, messages.BODY),
        link=f"{settings.PUBLIC_URL.rstrip('/')}/alerts/",
    )
    told = Notification.objects.filter(channel=channel, state=NotificationState.GATHERED, pk__lte=rows[-1][0])
    told.update(state=NotificationState.FOLDED, digest=made, done_at=now, error="")
    wake.ring(wake.NOTIFICATION, made.pk)
    return made


def words(rows: list[tuple[str, str, str]]) -> tuple[str, str]:
    """The subject and the text of a digest of (subject, about, severity): how many, and the worst of them. Pure."""
    ranks = {value: -rank for rank, value in enumerate(AlertUrgency.values)}
    worst = sorted(rows, key=lambda row: (row[1] == About.RESOLVED, ranks.get(row[2], 1)))
    counts = Counter(About(about).label.lower() for _, about, _ in rows)
    said = ", ".join(f"{number:,} {about}" for about, number in counts.most_common())
    lines = [f"- {subject}" for subject, _, _ in worst[:SHOWN]]
    more = len(rows) - len(lines)
    rest = f"\n… and {more:,} more, all of them in the console." if more else ""
    return f"[Digest] {len(rows):,} messages about alerts", f"Within a minute: {said}.\n\n" + "\n".join(lines) + rest
