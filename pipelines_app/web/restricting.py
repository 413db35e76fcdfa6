"""Who sees a dataset or a pipeline: its team's admins say."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from pipelines_app.definitions import restricting
from pipelines_app.models import Dataset, Pipeline, Role
from pipelines_app.web.asking import Asked, actor, address


@login_required
@require_POST
def dataset(request: Asked, name: str) -> HttpResponse:
    """Restrict a dataset to its team, or open it."""
    led = Dataset.objects.filter(team__in=request.user.teams_with(Role.ADMIN))
    found = get_object_or_404(led.select_related("team"), name=name)
    restricted = _wanted(request)
    restricting.dataset(found, restricted=restricted, actor=actor(request), address=address(request))
    messages.success(request, f"{name} is seen by {restricting.WHOM[restricted]} from now on.")
    return redirect("console:dataset", name)


@login_required
@require_POST
def pipeline(request: Asked, name: str) -> HttpResponse:
    """Restrict a pipeline and all that it makes to its team, or open them."""
    led = Pipeline.objects.filter(team__in=request.user.teams_with(Role.ADMIN))
    found = get_object_or_404(led.select_related("team"), name=name)
    restricted = _wanted(request)
    restricting.pipeline(found, restricted=restricted, actor=actor(request), address=address(request))
    messages.success(request, f"{name} and all that it makes is seen by {restricting.WHOM[restricted]} from now on.")
    return redirect("console:pipeline", name)


def _wanted(request: Asked) -> bool:
    return request.POST.get("restricted") == "1"
