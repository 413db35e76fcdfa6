"""The platform's own parts as a person reads them: what beats, what waits, what could not be told."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from monitoring_app import health
from monitoring_app.models import Alert, Channel, Notification, NotificationState
from pipelines_app.engines.sandbox.wall import sandbox_status
from pipelines_app.models import Delivery, DeliveryState, Event, Pulse, StepRun, StepState, User

WORKER = "worker:"
CHORE = "chore:"  # when the sweep last did one of its rarer duties: a note of its own, no part that beats
FORGOTTEN = timedelta(days=1)
SLOW_STEP_SECONDS = 60


@dataclass(frozen=True)
class Beat:
    """One part that gives signs of life."""

    name: str
    at: datetime
    detail: str
    alive: bool


@dataclass(frozen=True)
class Strip:
    """The platform in a few lines."""

    sweep_at: datetime | None
    sweep_fault: str
    workers: list[Beat]
    waiting_seconds: float | None
    sandbox_on: bool
    sandbox_words: str
    undelivered: int
    stuck: int

    @property
    def alive(self) -> int:
        return sum(worker.alive for worker in self.workers)

    @property
    def silent(self) -> int:
        """Workers that gave a sign of life today and do no more: stopped, replaced by others, or dead."""
        return len(self.workers) - self.alive

    @property
    def alive_text(self) -> str:
        return f"{self.alive:,}" if self.alive else "none"

    @property
    def waits_long(self) -> bool:
        return (self.waiting_seconds or 0) > SLOW_STEP_SECONDS


def undelivered(user: User) -> QuerySet[Notification]:
    """Messages that reached nobody, as far as the person may see what they are about and where they went."""
    return Notification.objects.filter(
        state=NotificationState.UNDELIVERED,
        alert__in=Alert.objects.visible_to(user),
        channel__in=Channel.objects.visible_to(user),
    )


def stuck(user: User) -> QuerySet[Delivery]:
    """Hand-overs that nobody tries any more, of events that the person may see."""
    return Delivery.objects.filter(state=DeliveryState.STUCK, event__in=Event.objects.visible_to(user))


def strip(user: User, now: datetime | None = None) -> Strip:
    """How the platform is, in four queries; counted is what the lists behind the numbers show."""
    moment = now or timezone.now()
    beats = pulses(moment)
    sweep = next((beat for beat in beats if beat.name == "sweep"), None)
    oldest = StepRun.objects.filter(state=StepState.READY, not_before__lte=moment).aggregate(at=Min("ready_at"))["at"]
    status = sandbox_status()
    return Strip(
        sweep_at=sweep.at if sweep else None,
        sweep_fault=_sweep_fault(sweep),
        workers=[beat for beat in beats if beat.name.startswith(WORKER)],
        waiting_seconds=(moment - oldest).total_seconds() if oldest else None,
        sandbox_on=status.enabled,
        sandbox_words=status.reason,
        undelivered=undelivered(user).count(),
        stuck=stuck(user).count(),
    )


def pulses(now: datetime) -> list[Beat]:
    """Every part that has given a sign of life within a day, and whether it still does; a duty only if it fails."""
    limit = timedelta(seconds=3 * settings.SWEEP_SECONDS + 10)
    failing_or_part = ~Q(name__startswith=CHORE) | ~Q(detail="")
    recent = Pulse.objects.filter(failing_or_part, at__gte=now - FORGOTTEN).order_by("name")
    return [
        Beat(pulse.name, pulse.at, pulse.detail, now - pulse.at <= limit and not pulse.name.startswith(CHORE))
        for pulse in recent
    ]


def _sweep_fault(sweep: Beat | None) -> str:
    if sweep is None:
        return "has never run"
    return "" if sweep.alive else "has stopped"


@dataclass(frozen=True)
class Part:
    """One part of the platform on the health page."""

    name: str
    fault: str
    promise: str


PROMISES = {
    "database": "Everything accepted is a row in it before anybody is answered.",
    "sweep": "Finds whatever a lost wake-up left behind, and notices what has not come.",
    "redis": "Carries wake-ups only; nothing is lost when it is away.",
    "sandbox": "Analysts' SQL runs behind a wall: no network, no files but its own.",
    "mail": "Takes what people are told by e-mail; what waits is tried again, and stands in the console.",
    "disk": "What comes in is kept as it came.",
}


def parts() -> list[Part]:
    """Every part whose failure makes the platform not ready; those at fault first, without those there are none of."""
    asked = {"redis": settings.REDIS_URL, "mail": settings.MAIL_URL}
    absent = {name for name, url in asked.items() if not url}
    faults = {name: fault for name, fault in health.faults().items() if name not in absent}
    found = [Part(name, fault, PROMISES.get(name, "")) for name, fault in faults.items()]
    return sorted(found, key=lambda part: not part.fault)
