"""The environments: on which engine each runs, and moving it to another."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from pipelines_app.definitions import fitting
from pipelines_app.environments import moving
from pipelines_app.errors import DefinitionInvalid, EngineError, NotAllowed, NotFound, Problem
from pipelines_app.models import EngineName
from pipelines_app.web.asking import Asked, actor


class EngineForm(forms.Form):
    """An engine, and whether it is meant although some pipelines would fail there."""

    engine = forms.ChoiceField(choices=EngineName.choices)
    anyway = forms.BooleanField(required=False)


@login_required
@require_GET
def environments(request: Asked) -> HttpResponse:
    """Every environment and its engine."""
    return _page(request)


def _page(request: Asked, *, wrong: str = "", problems: tuple[Problem, ...] = (), status: int = 200) -> HttpResponse:
    context = {"rows": moving.seen_by(request.user), "wrong": wrong, "problems": problems}
    return render(request, "environments/environments.html", context, status=status)


@login_required
@require_POST
def engine(request: Asked, name: str) -> HttpResponse:
    """Move one to another engine."""
    form = EngineForm(request.POST)
    if not form.is_valid():
        return _page(request, wrong="There is no such engine.", status=422)
    given = form.cleaned_data
    unfit = None if given["anyway"] else fitting.unfit
    try:
        moved = moving.change(request.user, name=name, engine=given["engine"], unfit=unfit, actor=actor(request))
    except (NotFound, NotAllowed) as error:
        raise Http404(error.message) from error
    except EngineError as error:
        return _page(request, wrong=f"{error.message} {error.todo}".strip(), status=422)
    except DefinitionInvalid as invalid:
        said = "Some pipelines hold what that engine would not do as it is written."
        return _page(request, wrong=said, problems=invalid.problems, status=422)
    messages.success(
        request, f"{moved.name} runs on {moved.label}. What it has stays where it is until it is made anew."
    )
    return redirect("console:environments")
