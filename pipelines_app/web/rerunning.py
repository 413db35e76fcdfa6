"""Doing a run again: from where, with which revision, and exactly what that would do."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from pipelines_app.errors import LooplineError
from pipelines_app.models import Run
from pipelines_app.runs import repeating, rerunning
from pipelines_app.runs.rerunning import Preview
from pipelines_app.web import telling, words
from pipelines_app.web.asking import Asked, actor


@login_required
def again(request: Asked, pk: int) -> HttpResponse:
    """Ask how to do a run again, show what that would do, and do it."""
    runs = Run.objects.operable_by(request.user).select_related("pipeline__current", "revision", "environment")
    run = get_object_or_404(runs, pk=pk)
    states = dict(run.steps.order_by("position").values_list("dataset__name", "state"))
    asked = _asked(request, states)
    if request.method == "POST":
        with telling.as_message(request):
            new = rerunning.again(run, asked, actor=actor(request))
            messages.success(request, f"Run {new.pk} does it again.")
            return redirect("console:run", new.pk)
        return redirect("console:run", pk)
    seen, fault = _seen(run, asked)
    context = {
        "run": run,
        "title": ", ".join(part for part in (run.pipeline.name, words.period(run.period)) if part),
        "asked": asked,
        "steps": [(name, words.saying(state).word.lower()) for name, state in states.items()],
        "some_failed": bool(repeating.NOT_DONE.intersection(states.values())),
        "seen": seen,
        "fault": fault,
        "same_is_latest": run.revision_id == run.pipeline.current_id,
    }
    return render(request, "runs/again.html", context)


def _asked(request: Asked, states: dict[str, str]) -> rerunning.Asked:
    given = request.POST if request.method == "POST" else request.GET
    usual = repeating.FAILED if repeating.NOT_DONE.intersection(states.values()) else repeating.START
    return rerunning.Asked(
        start_from=given.get("start_from", "")[:130] or usual, same_revision=given.get("revision") == "same"
    )


def _seen(run: Run, asked: rerunning.Asked) -> tuple[Preview | None, str]:
    try:
        return rerunning.preview(run, asked), ""
    except LooplineError as error:
        return None, telling.sentence(error)
