"""Runs: the list of all of them, and one with everything that explains it."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from pipelines_app.access import discretion, spreadsheets
from pipelines_app.models import Arrival, Pipeline, Run, RunState
from pipelines_app.models.runs import IDLE, MONTH
from pipelines_app.runs import bulk, cancelling, lifecycle, queue, standing
from pipelines_app.web import paging, run_log, run_page, words
from pipelines_app.web.asking import Asked, actor, is_fragment
from pipelines_app.web.telling import as_message

AGES = (("", "Any time"), ("1", "Last 24 hours"), ("7", "Last 7 days"), ("30", "Last 30 days"))
STATES = [
    ("live", "Queued or running"),
    ("wrong", "Needs attention"),
    *RunState.choices,
    (IDLE, words.saying(IDLE).word),
]
CSV_ROWS = 10_000
YEAR = 4  # characters of a period that leave few of all runs
RELATED = ("pipeline", "revision", "environment", "cause", "again_of", "backfill")


@login_required
@vary_on_headers("HX-Request")
def runs(request: Asked) -> HttpResponseBase:
    """All runs, newest first; filters by state, pipeline, period and age."""
    found = filtered(request)
    if request.GET.get("format") == "csv":
        return _csv(found, discretion.hidden_names(request.user))
    of_a_period = len(request.GET.get("period", "").strip())
    page = paging.newest_first(found, request, few=of_a_period >= YEAR and of_a_period != MONTH)
    hidden = discretion.hidden_names(request.user)
    for one in page.rows:
        one.reason = discretion.without(one.reason, hidden)
    context = {
        "page": page,
        "rows": [(run, standing.seconds_of(run)) for run in page.rows],
        "mine": set(_mine(request, page.rows)),
        "actions": bulk.RUN_ACTIONS,
        "asked": {name: request.GET.get(name, "") for name in ("state", "pipeline", "period", "age")},
        "states": STATES,
        "pipelines": list(Pipeline.objects.visible_to(request.user).order_by("name").values_list("name", flat=True)),
        "ages": AGES,
        "filtered": any(request.GET.get(name) for name in ("state", "pipeline", "period", "age")),
        "is_live": any(run.state in lifecycle.LIVE for run in page.rows),
    }
    return render(request, "runs/_list.html" if is_fragment(request) else "runs/list.html", context)


def filtered(request: Asked) -> QuerySet[Run]:
    """The runs that the filters of the address leave."""
    found = Run.objects.visible_to(request.user).select_related("pipeline")
    state, pipeline, age = (request.GET.get(name, "") for name in ("state", "pipeline", "age"))
    period = request.GET.get("period", "").strip()
    groups = {"live": lifecycle.LIVE, "wrong": {RunState.FAILED, RunState.QUARANTINED, RunState.WARNED}}
    if state in {IDLE, RunState.SUCCEEDED}:
        found = found.filter(state=RunState.SUCCEEDED, idle=state == IDLE)
    elif state:
        found = found.filter(state__in=groups.get(state, {state}))
    if pipeline:
        # Its id is found first: the runs then come from its own index in their order.
        found = found.filter(pipeline=Pipeline.objects.filter(name=pipeline).values("pk")[:1])
    if len(period) == MONTH:
        found = found.alias(month=Left("period", MONTH)).filter(month=period)
    elif period:
        given = period[:13]  # the range is for the index, whatever the database's language
        found = found.filter(period__startswith=given, period__range=(given, f"{given}zzz"))
    if age in {"1", "7", "30"}:
        found = found.filter(created_at__gte=timezone.now() - timedelta(days=int(age)))
    return found


def _mine(request: Asked, page: list[Run]) -> QuerySet[Run, int]:
    """Which of a page's runs the person may act on."""
    own = Run.objects.operable_by(request.user).filter(pk__in=[run.pk for run in page])
    return own.values_list("pk", flat=True)


def _csv(found: QuerySet[Run], hidden: frozenset[str]) -> HttpResponseBase:
    header = ["run", "pipeline", "period", "state", "reason", "created_at", "started_at", "finished_at", "seconds"]
    rows = (
        [
            run.pk,
            run.pipeline.name,
            run.period,
            run.shown_state,
            discretion.without(run.reason, hidden),
            run.created_at.isoformat(),
            run.started_at.isoformat() if run.started_at else "",
            run.finished_at.isoformat() if run.finished_at else "",
            standing.seconds_of(run),
        ]
        for run in found.order_by("-pk")[:CSV_ROWS]
    )
    return spreadsheets.answer("runs", header, rows)


@login_required
@vary_on_headers("HX-Request")
def run(request: Asked, pk: int) -> HttpResponseBase:
    """One run: why it ran, what it did, what came of it; asks again by itself until it is over."""
    found = get_object_or_404(Run.objects.visible_to(request.user).select_related(*RELATED, "pipeline__team"), pk=pk)
    tab = request.GET.get("tab", "")
    lines = run_log.lines_of(found, request.user)
    level, search = request.GET.get("level", ""), request.GET.get("q", "").strip()
    if request.GET.get("format") == "csv":
        return _log_csv(found, run_log.chosen(lines, level=level, search=search, most=run_log.MOST))
    log = run_log.chosen(lines, level=level, search=search)
    tries = run_log.attempts(lines)
    page = run_page.load(found, request.user, tries)
    arrivals = Arrival.objects.visible_to(request.user).filter(run=found)
    context = {
        "page": page,
        "run": found,
        "log": log,
        "attempts": tries if tab == "attempts" else [],
        "rejects": run_page.rejects_of(found, request.user) if tab == "data" else [],
        "arrivals": list(arrivals.select_related("dataset").order_by("id")[:50]),
        "tab": tab if tab in dict(run_page.TABS) else "",
        "tabs": _tabs(page, tab),
        "operable": Run.objects.operable_by(request.user).filter(pk=pk).exists(),
        "title": ", ".join(part for part in (found.pipeline.name, words.period(found.period)) if part),
        "reference": f"run-{found.pk}",
    }
    return render(request, "runs/_run.html" if is_fragment(request) else "runs/run.html", context)


def _tabs(page: run_page.RunPage, tab: str) -> list[dict[str, object]]:
    counts = {"checks": page.failing}
    return [
        {
            "url": f"?tab={name}" if name else "?",
            "label": label,
            "current": name == tab,
            "count": counts.get(name, 0),
            "tone": "bad",
        }
        for name, label in run_page.TABS
    ]


def _log_csv(found: Run, log: run_log.Log) -> HttpResponseBase:
    header = ["event", "at", "kind", "about", "level", "text"]
    rows = (
        [line.event.pk, line.event.at.isoformat(), line.event.kind, line.said.subject, line.said.level, line.said.text]
        for line in log.lines
    )
    return spreadsheets.answer(f"run-{found.pk}-log", header, rows)


@login_required
@require_POST
def cancel(request: Asked, pk: int) -> HttpResponse:
    """Stop a run for good."""
    found = get_object_or_404(Run.objects.operable_by(request.user).select_related("pipeline"), pk=pk)
    with as_message(request):
        cancelling.cancel(found, actor=actor(request), because=f"cancelled by {request.user}")
        messages.success(request, f"Run {pk} is cancelled. What it was given is kept and can be run again.")
    return redirect("console:run", pk)


@login_required
@require_POST
def retry(request: Asked, pk: int) -> HttpResponse:
    """Run again what failed, was quarantined or was cancelled."""
    found = get_object_or_404(Run.objects.operable_by(request.user).select_related("pipeline"), pk=pk)
    with as_message(request):
        again = queue.retry(found, actor=actor(request))
        messages.success(request, f"Run {again.pk} does it again, with the current definition.")
        return redirect("console:run", again.pk)
    return redirect("console:run", pk)
