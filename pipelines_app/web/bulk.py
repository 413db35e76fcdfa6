"""One action on many runs or pipelines: a page shows exactly what it would touch, and that list is then acted on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.datastructures import MultiValueDict

from pipelines_app.models import Pipeline, Run
from pipelines_app.runs import bulk
from pipelines_app.runs.bulk import Item, Order, Outcome
from pipelines_app.web import pipelines as pipelines_list
from pipelines_app.web import runs as runs_list
from pipelines_app.web.asking import Asked, actor

Chosen = tuple[dict[str, str], Callable[[Order], list[Item]]]


@dataclass(frozen=True)
class Kind:
    """What the page is about: its noun, its actions, and where its list is."""

    noun: str
    actions: dict[str, str]
    back: str
    link: str


RUNS = Kind("run", bulk.RUN_ACTIONS, "console:runs", "console:run")
PIPELINES = Kind("pipeline", bulk.PIPELINE_ACTIONS, "console:pipelines", "console:pipeline")


@login_required
def runs(request: Asked) -> HttpResponse:
    """Cancel runs, or do them again."""
    found = Run.objects.visible_to(request.user).select_related("pipeline")
    named = [int(one) for one in _named(request) if one.isdecimal() and len(one) < 19]
    everything = runs_list.filtered(request) if _takes_all(request) else found.filter(pk__in=named)
    chosen = list(everything.order_by("-pk")[: settings.BULK_MOST])
    mine = Run.objects.operable_by(request.user).filter(pk__in=[run.pk for run in chosen])
    labels = {str(run.pk): f"{run.pipeline.name} {run.period}".strip() for run in chosen}
    allowed = set(mine.values_list("pk", flat=True))
    return _page(request, RUNS, (labels, lambda order: bulk.on_runs(order, chosen, mine=allowed)))


@login_required
def pipelines(request: Asked) -> HttpResponse:
    """Pause pipelines, or let them go on."""
    found = Pipeline.objects.visible_to(request.user).select_related("team")
    named = _named(request)
    everything = pipelines_list.filtered(request) if _takes_all(request) else found.filter(name__in=named)
    chosen = list(everything.order_by("name")[: settings.BULK_MOST])
    mine = Pipeline.objects.operable_by(request.user).filter(pk__in=[one.pk for one in chosen])
    labels = {one.name: one.team.name for one in chosen}
    allowed = set(mine.values_list("pk", flat=True))
    return _page(request, PIPELINES, (labels, lambda order: bulk.on_pipelines(order, chosen, mine=allowed)))


def _takes_all(request: Asked) -> bool:
    """Only while looking: what is then done is done to the list that was shown."""
    return request.method == "GET" and request.GET.get("scope") == "all"


def _named(request: Asked) -> list[str]:
    given: MultiValueDict[str, str] = request.POST if request.method == "POST" else request.GET
    return given.getlist("item")[: settings.BULK_MOST]


def _page(request: Asked, kind: Kind, chosen: Chosen) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    labels, do = chosen
    action = given.get("action", "")
    if action not in kind.actions or not labels:
        messages.warning(request, f"Tick the {kind.noun}s that are meant, and choose what is to be done with them.")
        return redirect(kind.back)
    order = Order(action=action, actor=actor(request), because=f"cancelled with others by {request.user}")
    if request.method == "POST":
        _tell(request, kind, do(order))
        return redirect(kind.back)
    items = do(Order(action=action, actor=order.actor, dry_run=True))
    touched = [item for item in items if item.outcome is Outcome.WOULD]
    context = {
        "kind": kind,
        "action": action,
        "label": kind.actions[action],
        "touched": [(item, labels[item.subject]) for item in touched],
        "left": [(item, labels[item.subject]) for item in items if item.outcome is not Outcome.WOULD],
        "most": settings.BULK_MOST if len(items) == settings.BULK_MOST else 0,
    }
    return render(request, "operations/bulk.html", context)


def _tell(request: Asked, kind: Kind, items: Sequence[Item]) -> None:
    done = sum(item.outcome is Outcome.DONE for item in items)
    same = sum(item.outcome is Outcome.UNCHANGED for item in items)
    refused = [item for item in items if item.outcome is Outcome.REFUSED]
    plural = "" if done == 1 else "s"
    messages.success(request, f"{kind.actions[request.POST['action']]}: done for {done:,} {kind.noun}{plural}.")
    if same:
        messages.info(request, f"{same:,} needed nothing any more.")
    for item in refused[:5]:
        messages.error(request, f"{kind.noun.capitalize()} {item.subject}: {item.message}")
