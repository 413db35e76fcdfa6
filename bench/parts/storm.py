"""A storm of alerts in one process: `python -m bench.parts.storm ALERTS URL` prints what it found as JSON."""

import json
import resource
import sys
import time
from datetime import timedelta

import django

django.setup()

from django.conf import settings  # noqa: E402 Django is set up before anything of it is read
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from monitoring_app.alerts import lifecycle, sending, storms  # noqa: E402
from monitoring_app.alerts.lifecycle import Problem  # noqa: E402
from monitoring_app.channels import endpoints  # noqa: E402
from monitoring_app.channels.endpoints import Wanted  # noqa: E402
from monitoring_app.models import Channel, ChannelKind, Notification, NotificationState  # noqa: E402
from pipelines_app import events  # noqa: E402
from pipelines_app.facts import RunRequested  # noqa: E402
from pipelines_app.models import Dataset, Team  # noqa: E402

WAITING = [NotificationState.PENDING, NotificationState.GATHERED]


def open_all(number: int, url: str) -> float:
    """Open as many alerts, each about a dataset of its own; says how many milliseconds one takes."""
    team = Team.objects.create(name="ops", email="ops@example.com")
    wanted = Wanted(alerts=True, kinds=())
    endpoints.add(team, url=url, name="program", wanted=wanted, actor="user:bench", owner="")
    Dataset.objects.bulk_create(Dataset(name=f"raw.table_{place}", team=team) for place in range(number))
    began = time.monotonic()
    for dataset in Dataset.objects.select_related("team").order_by("pk"):
        cause = events.record(RunRequested(pipeline="none", period=""), actor="user:bench")
        problem = Problem(
            rule="late",
            subject=dataset.name,
            title=f"{dataset.name} is late",
            what="It has not come.",
            severity="critical",
            team=team,
            dataset=dataset,
        )
        lifecycle.open_alert(problem, cause=cause)
    return (time.monotonic() - began) * 1000 / number


def tell_all() -> None:
    """What the sweep and a sender do until nothing waits; a digest is written a minute after what it tells of."""
    while Notification.objects.filter(state__in=WAITING).exists():
        storms.digest_all(timezone.now() + timedelta(minutes=2))
        for pk in list(sending.due(timezone.now())):
            sending.send(pk)


def main() -> None:
    number, url = int(sys.argv[1]), sys.argv[2]
    settings.WAKE = "controlplane.silent.ring"
    call_command("migrate", verbosity=0)
    opening = open_all(number, url)
    began = time.monotonic()
    tell_all()
    told = Notification.objects.filter(alert__isnull=False)
    by_mail = Channel.objects.filter(kind=ChannelKind.EMAIL)
    digested = told.filter(channel__in=by_mail, digest__state=NotificationState.DELIVERED)
    sent = told.filter(channel__in=by_mail, state=NotificationState.DELIVERED)
    lost = Notification.objects.exclude(state__in=[NotificationState.DELIVERED, NotificationState.FOLDED])
    found = {
        "opening": opening,
        "telling": time.monotonic() - began,
        "told": digested.count() + sent.count(),
        "lost": lost.count(),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
