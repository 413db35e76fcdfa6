"""The event log: every fact with what became of it, and one fact with its causes and effects."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from pipelines_app import events as event_log
from pipelines_app.access import discretion, spreadsheets
from pipelines_app.facts import KINDS
from pipelines_app.models import Dataset, Delivery, DeliveryState, Disposition, Event, Pipeline, Role, User
from pipelines_app.web import chains, moments, paging, sentences
from pipelines_app.web.asking import Asked, actor, is_fragment
from pipelines_app.web.sentences import Said
from pipelines_app.web.telling import as_message

FILTERS = ("kind", "dataset", "pipeline", "period", "run", "actor", "disposition")
TIMES = {"since": "gte", "until": "lt"}
CSV_ROWS = 10_000
STUCK_SHOWN = 20


@dataclass(frozen=True)
class Row:
    """One event in the list: in words, and what became of it."""

    event: Event
    said: Said
    deliveries: list[Delivery]


@login_required
@vary_on_headers("HX-Request")
def events(request: Asked) -> HttpResponseBase:
    """Every fact, newest first; filters by kind, dataset, period, time, run and so on."""
    found = _filtered(request)
    if request.GET.get("format") == "csv":
        return _csv(found)
    told = found.prefetch_related("deliveries")
    is_stretch = any(moments.read(request.GET.get(name, "")) for name in TIMES)
    page = paging.by_moment(told, request, "at") if is_stretch else paging.newest_first(told, request)
    discretion.veil([delivery for event in page.rows for delivery in event.deliveries.all()], request.user)
    context = {
        "page": page,
        "rows": [Row(event, sentences.of(event.kind, event.body), list(event.deliveries.all())) for event in page.rows],
        "asked": {name: request.GET.get(name, "") for name in (*FILTERS, *TIMES)},
        "kinds": sorted(KINDS.keys() - {""}),
        "dispositions": Disposition.choices,
        "filtered": any(request.GET.get(name) for name in (*FILTERS, *TIMES)),
        "stuck": _stuck(request.user),
        "is_first": "before" not in request.GET,
    }
    return render(request, "events/_list.html" if is_fragment(request) else "events/list.html", context)


def _filtered(request: Asked) -> QuerySet[Event]:
    found = Event.objects.visible_to(request.user)
    for name in FILTERS:
        value = request.GET.get(name, "").strip()
        if value and name not in ("run", "disposition"):
            found = found.filter(**{name: value})
    for name, lookup in TIMES.items():
        moment = moments.read(request.GET.get(name, ""))
        found = found.filter(**{f"at__{lookup}": moment}) if moment else found
    became = request.GET.get("disposition", "").strip()
    if became:
        found = found.filter(Exists(Delivery.objects.filter(event=OuterRef("pk"), disposition=became)))
    run = request.GET.get("run", "").strip()
    if run:
        found = found.filter(run=int(run)) if run.isdecimal() and len(run) < 19 else found.none()
    return found


def _csv(found: QuerySet[Event]) -> HttpResponseBase:
    header = ["event", "at", "kind", "actor", "cause", "pipeline", "dataset", "period", "run", "text", "body"]
    rows = (
        [
            *(event.pk, event.at.isoformat(), event.kind, event.actor, event.cause_id, event.pipeline, event.dataset),
            *(event.period, event.run, sentences.of(event.kind, event.body).text, json.dumps(event.body)),
        ]
        for event in found.order_by("-pk")[:CSV_ROWS]
    )
    return spreadsheets.answer("events", header, rows)


@dataclass(frozen=True)
class Stuck:
    """A delivery that waits for a person, and whether this person may release it."""

    delivery: Delivery
    said: Said
    may_release: bool


def _stuck(user: User) -> list[Stuck]:
    waiting = Delivery.objects.filter(state=DeliveryState.STUCK, event__in=Event.objects.visible_to(user))
    return _releasable(waiting.select_related("event").order_by("-id")[:STUCK_SHOWN], user)


def _releasable(deliveries: Iterable[Delivery], user: User) -> list[Stuck]:
    """What is stuck, with whether the person administers what it is about."""
    listed = list(deliveries)
    if not listed:
        return []
    teams = user.teams_with(Role.ADMIN)
    datasets = {each.event.dataset for each in listed}
    pipelines = {each.event.pipeline for each in listed}
    own = set(Dataset.objects.filter(team__in=teams, name__in=datasets).values_list("name", flat=True))
    run = set(Pipeline.objects.filter(team__in=teams, name__in=pipelines).values_list("name", flat=True))
    return [
        Stuck(
            each,
            sentences.of(each.event.kind, each.event.body),
            user.is_superuser or each.event.dataset in own or each.event.pipeline in run,
        )
        for each in listed
    ]


@login_required
def event(request: Asked, pk: int) -> HttpResponse:
    """One fact: in words and as JSON, what led to it, what came of it, and who was told."""
    found = get_object_or_404(Event.objects.visible_to(request.user).select_related(chains.UP), pk=pk)
    if request.GET.get("format") == "json":
        return JsonResponse(_as_json(found), json_dumps_params={"indent": 2})
    deliveries = discretion.veil(list(found.deliveries.select_related("event").order_by("id")), request.user)
    context = {
        "event": found,
        "said": sentences.of(found.kind, found.body),
        "begun_by": sentences.who(found.actor),
        "body": json.dumps(_as_json(found), indent=2, ensure_ascii=False),
        "up": chains.upward(found, request.user)[:-1],
        "down": chains.downward(found, request.user),
        "deliveries": _releasable(deliveries, request.user),
    }
    return render(request, "events/event.html", context)


def _as_json(found: Event) -> dict[str, object]:
    return {
        "id": found.pk,
        "kind": found.kind,
        "at": found.at.isoformat(),
        "actor": found.actor,
        "cause": found.cause_id,
        "body": found.body,
    }


@login_required
@require_POST
def release(request: Asked, pk: int) -> HttpResponse:
    """Hand a stuck event over again."""
    seen = Delivery.objects.filter(event__in=Event.objects.visible_to(request.user)).select_related("event")
    found = get_object_or_404(seen, pk=pk)
    if not _releasable([found], request.user)[0].may_release:
        raise Http404("nothing that this person may release")
    with as_message(request):
        event_log.release(found, actor=actor(request))
        messages.success(request, f"Event {found.event_id} is handed to {found.consumer} again.")
    return redirect("console:event", found.event_id)
