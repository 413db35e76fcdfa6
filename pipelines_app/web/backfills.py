"""Backfills: the list of them, one period by period, and the form that shows what a new one would do."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from pipelines_app.access import spreadsheets
from pipelines_app.errors import LooplineError
from pipelines_app.models import Backfill, BackfillMode, BackfillState, Pipeline, Run, RunState
from pipelines_app.runs import backfilling
from pipelines_app.runs.backfilling import Plan
from pipelines_app.web import paging, telling
from pipelines_app.web.asking import Asked, actor, is_fragment

SHOWN = 400
CSV_ROWS = 1_000
HEADER = ["backfill", "pipeline", "first", "last", "what", "state", "done", "not_well", "of", "asked_by", "asked_at"]


@dataclass(frozen=True)
class Row:
    """A backfill with how far it has come."""

    backfill: Backfill
    total: int
    done: int
    wrong: int


@login_required
@vary_on_headers("HX-Request")
def backfills(request: Asked) -> HttpResponseBase:
    """All backfills, newest first."""
    found = Backfill.objects.visible_to(request.user).select_related("pipeline")
    name = request.GET.get("pipeline", "")
    if name:
        found = found.filter(pipeline__name=name)
    if request.GET.get("format") == "csv":
        return spreadsheets.answer("backfills", HEADER, map(_line, _rows(list(found.order_by("-pk")[:CSV_ROWS]))))
    page = paging.newest_first(found, request)
    context = {
        "page": page,
        "rows": _rows(page.rows),
        "pipeline": name,
        "is_live": any(one.settled_at is None for one in page.rows),
    }
    return render(request, "backfills/_list.html" if is_fragment(request) else "backfills/list.html", context)


def _line(row: Row) -> list[object]:
    one = row.backfill
    asked = [one.pk, one.pipeline.name, one.first, one.last, one.mode, one.state]
    return [*asked, row.done, row.wrong, row.total, one.created_by, one.created_at.isoformat()]


def _rows(page: list[Backfill]) -> list[Row]:
    good, wrong = Q(periods__run__state__in=["succeeded", "warned"]), Q(periods__run__state__in=backfilling.WRONG)
    counted = Backfill.objects.filter(pk__in=[one.pk for one in page]).annotate(
        total=Count("periods"), done=Count("periods", filter=good), wrong=Count("periods", filter=wrong)
    )
    by_key = {pk: (total, done, bad) for pk, total, done, bad in counted.values_list("pk", "total", "done", "wrong")}
    return [Row(one, *by_key[one.pk]) for one in page]


@login_required
@vary_on_headers("HX-Request")
def backfill(request: Asked, pk: int) -> HttpResponse:
    """One backfill, period by period; asks again by itself until everybody has been told."""
    found = get_object_or_404(Backfill.objects.visible_to(request.user).select_related("pipeline"), pk=pk)
    periods = list(found.periods.select_related("run").order_by("period")[:SHOWN])
    readers = Run.objects.visible_to(request.user).filter(backfill=found).exclude(pipeline=found.pipeline_id)
    context = {
        "backfill": found,
        "row": _rows([found])[0],
        "counts": sorted(backfilling.counts(found).items()),
        "periods": periods,
        "readers": list(readers.select_related("pipeline").order_by("-id")[:50]),
        "operable": Backfill.objects.operable_by(request.user).filter(pk=pk).exists(),
        "is_live": found.settled_at is None and found.state != BackfillState.PAUSED,
        "live_states": [RunState.QUEUED, RunState.RUNNING],
    }
    return render(request, "backfills/_backfill.html" if is_fragment(request) else "backfills/backfill.html", context)


@login_required
def new(request: Asked, name: str) -> HttpResponse:
    """Ask for a range, show exactly what would run and what cannot, and begin."""
    operable = Pipeline.objects.operable_by(request.user).exclude(current=None)
    pipeline = get_object_or_404(operable.select_related("team"), name=name)
    given = request.POST if request.method == "POST" else request.GET
    first, last = (given.get(key, "").strip()[:13] for key in ("first", "last"))
    mode = given.get("mode", "")
    mode = mode if mode in BackfillMode.values else str(BackfillMode.MISSING)
    if request.method == "POST":
        with telling.as_message(request):
            begun = backfilling.begin(pipeline, first=first, last=last, mode=mode, actor=actor(request))
            messages.success(request, f"Backfill {begun.pk} has begun, after whatever is live.")
            return redirect("console:backfill", begun.pk)
        query = urlencode({"first": first, "last": last, "mode": mode})
        return redirect(f"{reverse('console:backfill-new', args=[name])}?{query}")
    plan, fault = _plan(pipeline, first, last, mode) if first and last else (None, "")
    context = {
        "pipeline": pipeline,
        "asked": {"first": first, "last": last, "mode": mode},
        "modes": BackfillMode.choices,
        "plan": plan,
        "fault": fault,
        "shown": SHOWN,
    }
    return render(request, "backfills/new.html", context)


def _plan(pipeline: Pipeline, first: str, last: str, mode: str) -> tuple[Plan | None, str]:
    try:
        return backfilling.plan(pipeline, first=first, last=last, mode=mode), ""
    except LooplineError as error:
        return None, telling.sentence(error)


def _operable(request: Asked, pk: int) -> Backfill:
    return get_object_or_404(
        Backfill.objects.operable_by(request.user).select_related("pipeline__team", "event"), pk=pk
    )


@login_required
@require_POST
def pause(request: Asked, pk: int) -> HttpResponse:
    """Begin no further period."""
    found = _operable(request, pk)
    with telling.as_message(request):
        backfilling.pause(found, actor=actor(request))
        messages.success(request, "Paused: what has begun is finished, nothing further begins.")
    return redirect("console:backfill", pk)


@login_required
@require_POST
def resume(request: Asked, pk: int) -> HttpResponse:
    """Go on with the oldest period that is left."""
    found = _operable(request, pk)
    with telling.as_message(request):
        backfilling.resume(found, actor=actor(request))
        messages.success(request, "It goes on.")
    return redirect("console:backfill", pk)


@login_required
@require_POST
def cancel(request: Asked, pk: int) -> HttpResponse:
    """End it for good."""
    found = _operable(request, pk)
    with telling.as_message(request):
        backfilling.cancel(found, actor=actor(request))
        messages.success(request, "Cancelled: what was made stays, what is left does not run.")
    return redirect("console:backfill", pk)
