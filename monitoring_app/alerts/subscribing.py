"""Events that outbound webhooks are told of: those of the datasets and pipelines of their own team."""

from django.conf import settings
from django.db.models import Q, QuerySet

from monitoring_app.alerts import messages
from monitoring_app.models import About, Channel, Notification
from pipelines_app import wake
from pipelines_app.facts import CheckFailed, DataQuarantined, DatasetPublished, PipelineRevised, RunMoved
from pipelines_app.facts_expected import SlotBecameLate, SlotFilled
from pipelines_app.models import Event, Team
from pipelines_app.prepared import Given, Prepared

# Every one of them is heard by `reactions`. A run is told of when it ends, whatever its end.
KINDS = {
    DatasetPublished.kind: "A dataset was published",
    DataQuarantined.kind: "Data were quarantined",
    CheckFailed.kind: "A check failed",
    RunMoved.kind: "A run ended",
    SlotBecameLate.kind: "Data became late",
    SlotFilled.kind: "Expected data came",
    PipelineRevised.kind: "A pipeline was changed",
}


def tell(event: Event) -> int:
    """Write one message per endpoint that wants this event, in the caller's transaction; says how many."""
    if event.kind not in KINDS:
        return 0
    wanting = Channel.objects.filter(enabled=True, endpoint__subscriptions__kind=event.kind, team__in=_owners(event))
    told = 0
    for channel in wanting:
        notification = Notification.objects.create(
            channel=channel,
            event=event,
            about=About.EVENT,
            subject=messages.one_line(f"{event.kind} {event.dataset or event.pipeline}", messages.SUBJECT),
            body=KINDS[event.kind],
            link=f"{settings.PUBLIC_URL.rstrip('/')}/events/{event.pk}/",
        )
        wake.ring(wake.NOTIFICATION, notification.pk)
        told += 1
    return told


_wanting = Prepared(
    lambda: Channel.objects.only("pk").filter(enabled=True, endpoint__subscriptions__kind=Given("kind"))[:1]
)


def is_wanted(kind: str) -> bool:
    """Whether any endpoint wants events of this kind."""
    return kind in KINDS and _wanting.first(kind=kind) is not None


def _owners(event: Event) -> QuerySet[Team]:
    named = Q(datasets__name=event.dataset) if event.dataset else Q(pipelines__name=event.pipeline)
    return Team.objects.filter(named)
