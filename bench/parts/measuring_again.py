"""Run inside an installation's environment: measure all its versions anew, and say what that took, as JSON."""

import json
import time

import django
import psutil

django.setup()

from django.db.models.functions import Now  # noqa: E402

from monitoring_app.models import ColumnProfile, Profile  # noqa: E402
from monitoring_app.profiling import measuring  # noqa: E402
from pipelines_app import events  # noqa: E402
from pipelines_app.models import Delivery, DeliveryState  # noqa: E402

MOST = 200


def main() -> None:
    Profile.objects.filter(is_merged=True).delete()
    ColumnProfile.objects.all().delete()
    Profile.objects.update(state="pending", attempts=0, not_before=Now(), content="")
    waiting = list(Profile.objects.order_by("pk").values_list("pk", flat=True))[:MOST]
    measuring.measure(waiting[0])  # what is only once: the engine's child, compiled patterns
    began, spent = time.monotonic(), _cpu()
    for pk in waiting[1:]:
        measuring.measure(pk)
    measured, cost = time.monotonic() - began, _cpu() - spent
    began, spent = time.monotonic(), _cpu()
    heard = Delivery.objects.filter(state=DeliveryState.PENDING, event__kind="profile.measured")
    for pk in list(heard.values_list("pk", flat=True)):
        events.deliver(pk)
    told = {
        "versions": len(waiting) - 1,
        "failed": Profile.objects.filter(pk__in=waiting).exclude(state="measured").count(),
        "measuring": {"seconds": measured, "cpu": cost},
        "judging": {"seconds": time.monotonic() - began, "cpu": _cpu() - spent},
    }
    print(json.dumps(told))


def _cpu() -> float:
    own = psutil.Process()
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    return sum(one.user + one.system + one.children_user + one.children_system for one in times)


if __name__ == "__main__":
    main()
