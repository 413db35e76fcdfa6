"""One check: how it stands, how it was kept, whom it concerns; and muting it for a while."""

from datetime import datetime, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from pipelines_app.models import Check, CheckResult, Dataset
from pipelines_app.quality import muting
from pipelines_app.web import telling
from pipelines_app.web.asking import Asked, actor, address

SHOWN = 20
LENGTHS = (("1", "1 day"), ("3", "3 days"), ("7", "1 week"), ("14", "2 weeks"), ("30", "30 days"), ("90", "90 days"))


@login_required
@require_GET
def check(request: Asked, pk: int) -> HttpResponse:
    """A check with its last results, which are kept over revisions."""
    found = get_object_or_404(_of(Dataset.objects.visible_to(request.user)), pk=pk)
    same = {"check_made__dataset": found.dataset, "check_made__name": found.name}
    results = CheckResult.objects.filter(**same).select_related("check_made", "version").order_by("-id")
    context = {
        "check": found,
        "is_declared": found.revision_id == found.revision.pipeline.current_id,
        "results": list(results[:SHOWN]),
        "mute": muting.of([found]).get((found.dataset_id, found.name)),
        "lengths": LENGTHS,
        "may_edit": Dataset.objects.operable_by(request.user).filter(pk=found.dataset_id).exists(),
    }
    return render(request, "checks/check.html", context)


@login_required
@require_POST
def mute(request: Asked, pk: int) -> HttpResponse:
    """Let nobody hear of it for some days."""
    found = get_object_or_404(_of(Dataset.objects.operable_by(request.user)), pk=pk)
    days = request.POST.get("days", "")
    if days not in dict(LENGTHS):
        messages.error(request, "Choose for how long it shall be muted.")
        return redirect("console:check", pk)
    with telling.as_message(request):
        reason = request.POST.get("reason", "")
        muting.mute(found, until=_in(int(days)), reason=reason, actor=actor(request), address=address(request))
        messages.success(request, f"Muted for {dict(LENGTHS)[days]}: it is judged and shown, and nobody is told.")
    return redirect("console:check", pk)


def _in(days: int) -> datetime:
    return timezone.now() + timedelta(days=days)


@login_required
@require_POST
def unmute(request: Asked, pk: int) -> HttpResponse:
    """Let people hear of it again."""
    found = get_object_or_404(_of(Dataset.objects.operable_by(request.user)), pk=pk)
    muting.unmute(found, actor=actor(request), address=address(request))
    messages.success(request, "Not muted any more: people hear of it from its next result on.")
    return redirect("console:check", pk)


def _of(datasets: QuerySet[Dataset]) -> QuerySet[Check]:
    return Check.objects.filter(dataset__in=datasets).select_related("dataset__team", "revision__pipeline")
