"""Today: what needs a person, worst first; what comes next; how the platform is."""

from collections import Counter
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.vary import vary_on_headers

from monitoring_app import reactions
from monitoring_app.alerts import broken, surprises
from monitoring_app.models import Alert, AlertState
from monitoring_app.models.alert import AlertQuerySet
from monitoring_app.web import expected, platform
from monitoring_app.web.asking import Asked, is_fragment
from pipelines_app.models import EDITING, Current, Dataset, Pipeline, Run, RunState, Slot, SlotState, User
from pipelines_app.models.definitions import PipelineQuerySet
from pipelines_app.runs import standing

WORST = 8
PIPELINES = 12
RECENT_RUNS = 400
SMALL = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


@dataclass(frozen=True)
class Tally:
    """How many things of the day are in a state, and where they are listed."""

    late: int
    failing: int
    quarantined: int
    warned: int
    unusual: int
    waiting: int
    running: int


@login_required
@vary_on_headers("HX-Request")
def today(request: Asked) -> HttpResponse:
    """The first page: the worst thing on top; empty, it is a checklist of three steps."""
    now = timezone.now()
    pipelines = Pipeline.objects.visible_to(request.user)
    alerts = Alert.objects.visible_to(request.user).unresolved()
    loud = alerts.standing().exclude(state=AlertState.SNOOZED)
    number = loud.count()
    known = pipelines.count()
    slots = expected.slots_of(request.user, now)
    context = {
        "title": _title(number),
        "number": number,
        "now": now,
        "alerts": list(loud.worst_first().select_related("dataset", "team")[:WORST]),
        "tally": _tally(alerts, request.user),
        "line": expected.time_line(slots, now),
        "next": next((slot.due_at for slot in slots if slot.state == SlotState.EXPECTED), None),
        "rows": standing.standings(_latest(pipelines)),
        "pipelines": known,
        "pipelines_text": f"{known:,}",
        "fresh": _published(request.user),
        "datasets": Dataset.objects.visible_to(request.user).count(),
        "strip": platform.strip(request.user, now),
        "may_register": request.user.teams_with(*EDITING).exists(),
        "runs": Run.objects.visible_to(request.user).exists(),
    }
    return render(request, "today/_today.html" if is_fragment(request) else "today/today.html", context)


def _title(number: int) -> str:
    if number == 0:
        return "All quiet"
    many = SMALL[number] if number < len(SMALL) else f"{number:,}"
    return f"{many} thing needs you" if number == 1 else f"{many} things need you"


def _tally(alerts: AlertQuerySet, user: User) -> Tally:
    """Counts by the rules of the unresolved alerts, so that they agree with what is listed above them."""
    rules = Counter(alerts.order_by().values_list("rule", flat=True))
    live = Counter(Run.objects.visible_to(user).live().values_list("state", flat=True))
    return Tally(
        late=Slot.objects.visible_to(user).overdue().count(),
        failing=rules[reactions.RUN_FAILED],
        quarantined=rules[reactions.QUARANTINE],
        warned=sum(number for rule, number in rules.items() if rule.startswith(broken.RULE)),
        unusual=rules[surprises.UNUSUAL],
        waiting=live[RunState.QUEUED],
        running=live[RunState.RUNNING],
    )


def _latest(pipelines: PipelineQuerySet) -> list[Pipeline]:
    """The pipelines that ran last, then those that have not run; found from the newest runs, not by counting all."""
    newest = Run.objects.filter(pipeline__in=pipelines).order_by("-id").values_list("pipeline", flat=True)
    ran = list(dict.fromkeys(newest[:RECENT_RUNS]))[:PIPELINES]
    found = list(pipelines.filter(pk__in=ran).select_related("team"))
    found.sort(key=lambda pipeline: ran.index(pipeline.pk))
    others = pipelines.exclude(pk__in=ran).select_related("team").order_by("name")
    return found + list(others[: PIPELINES - len(found)])


def _published(user: User) -> int:
    seen = Dataset.objects.visible_to(user)
    return Current.objects.filter(dataset__in=seen).values("dataset").distinct().count()
