"""What the clock does about promises: follow what is promised, open what comes into sight, judge what is due."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from monitoring_app.models import SlaResult
from monitoring_app.slas import following, foreseeing, judging, opening

KEPT = timedelta(days=400)


def sweep(now: datetime) -> int:
    """Says how many promises were opened or judged. Two sweeps at once are safe."""
    following.follow(now)
    opened = opening.open_all(now)
    foreseeing.look(now)
    return opened + judging.judge_all(now)


def asks(now: datetime) -> list[QuerySet[Any]]:
    """What there is to do: a sweep that finds nothing in any of these need not come."""
    return [
        following.unread(),
        opening.in_sight(now),
        opening.unseen(),
        opening.unmeasured(now),
        foreseeing.under_way(now),
        judging.due(now),
        judging.missed(now),
    ]


def forget_old(now: datetime) -> int:
    """Remove judgements that no window looks back to any more; says how many."""
    return SlaResult.objects.filter(due_at__lt=now - KEPT).delete()[0]
