"""Pipelines: the list of all of them, one with what it does and how it fares, and what can be asked of it."""

from dataclasses import replace

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from pipelines_app.access import discretion, spreadsheets
from pipelines_app.models import Pipeline, Role, Team
from pipelines_app.runs import bulk, pausing, queue, standing
from pipelines_app.runs.standing import Standing
from pipelines_app.web import paging, pipeline_page
from pipelines_app.web.asking import Asked, actor, is_fragment
from pipelines_app.web.telling import as_message

LIVE = frozenset({"running", "queued"})
SIZE = 30  # each has a picture of its last runs


@login_required
@vary_on_headers("HX-Request")
def pipelines(request: Asked) -> HttpResponseBase:
    """All pipelines by name; filters by words in the name and by team."""
    search, team = _words(request)
    page = paging.by_name(filtered(request), request, size=SIZE)
    hidden = discretion.hidden_names(request.user)
    rows = [_without(row, hidden) for row in standing.standings(page.rows)]
    if request.GET.get("format") == "csv":
        return _csv(rows)
    context = {
        "page": page,
        "rows": rows,
        "search": search,
        "team": team,
        "teams": list(Team.objects.order_by("name").values_list("name", flat=True)),
        "filtered": bool(search or team),
        "every": 5 if any(row.state in LIVE for row in rows) else 15,
        "mine": set(_mine(request, page.rows)),
        "actions": bulk.PIPELINE_ACTIONS,
    }
    return render(request, "pipelines/_list.html" if is_fragment(request) else "pipelines/list.html", context)


def _without(row: Standing, hidden: frozenset[str]) -> Standing:
    """How a pipeline stands, without what it reads or makes that a person may not know of."""
    reads, makes = (tuple(name for name in names if name not in hidden) for names in (row.reads, row.makes))
    return replace(row, reads=reads, makes=makes)


def _words(request: Asked) -> tuple[str, str]:
    return request.GET.get("q", "").strip(), request.GET.get("team", "")


def filtered(request: Asked) -> QuerySet[Pipeline]:
    """The pipelines that the filters of the address leave."""
    search, team = _words(request)
    found = Pipeline.objects.visible_to(request.user).select_related("team")
    if search:
        found = found.filter(Q(name__icontains=search) | Q(datasets__name__icontains=search)).distinct()
    return found.filter(team__name=team) if team else found


def _mine(request: Asked, page: list[Pipeline]) -> QuerySet[Pipeline, int]:
    """Which of a page's pipelines the person may act on."""
    own = Pipeline.objects.operable_by(request.user).filter(pk__in=[one.pk for one in page])
    return own.values_list("pk", flat=True)


def _csv(rows: list[Standing]) -> HttpResponseBase:
    header = ["pipeline", "team", "state", "reads", "makes", "usual_seconds", "fresh_at", "last_run"]
    return spreadsheets.answer(
        "pipelines",
        header,
        (
            [
                *(row.pipeline.name, row.pipeline.team.name, row.state, " ".join(row.reads), " ".join(row.makes)),
                *(row.usual, row.fresh_at.isoformat() if row.fresh_at else "", row.runs[-1].pk if row.runs else ""),
            ]
            for row in rows
        ),
    )


@login_required
@vary_on_headers("HX-Request")
def pipeline(request: Asked, name: str) -> HttpResponse:
    """One pipeline: what it does in words, its lineage, runs, checks and revisions."""
    seen = Pipeline.objects.visible_to(request.user).filter(current__isnull=False)
    found = get_object_or_404(seen.select_related("team", "current__author"), name=name)
    page = pipeline_page.load(found, request.user)
    context = {
        "page": page,
        "pipeline": found,
        "operable": Pipeline.objects.operable_by(request.user).filter(pk=found.pk).exists(),
        "is_admin": request.user.teams_with(Role.ADMIN).filter(pk=found.team_id).exists(),
        "example": page.runs[0].period if page.runs else "",
        "every": 3 if page.stands.state in LIVE else 10,
    }
    template = "pipelines/_standing.html" if is_fragment(request) else "pipelines/pipeline.html"
    return render(request, template, context)


@login_required
@require_POST
def run_now(request: Asked, name: str) -> HttpResponse:
    """Run a pipeline because somebody asks."""
    seen = Pipeline.objects.operable_by(request.user).filter(current__isnull=False)
    found = get_object_or_404(seen.select_related("current"), name=name)
    period = request.POST.get("period", "").strip()
    with as_message(request):
        run = queue.request(found, period=period, actor=actor(request))
        return redirect("console:run", run.pk)
    return redirect("console:pipeline", name)


@login_required
@require_POST
def pause(request: Asked, name: str) -> HttpResponse:
    """Start no further run of a pipeline."""
    found = get_object_or_404(Pipeline.objects.operable_by(request.user).select_related("team"), name=name)
    with as_message(request):
        pausing.pause(found, actor=actor(request))
        messages.success(request, f"{name} is paused. What comes in is kept and waits.")
    return redirect("console:pipeline", name)


@login_required
@require_POST
def resume(request: Asked, name: str) -> HttpResponse:
    """Let a paused pipeline go on."""
    found = get_object_or_404(Pipeline.objects.operable_by(request.user).select_related("team"), name=name)
    with as_message(request):
        pausing.resume(found, actor=actor(request))
        messages.success(request, f"{name} goes on, with what has waited.")
    return redirect("console:pipeline", name)
