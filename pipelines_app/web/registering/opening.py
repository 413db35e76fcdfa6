"""Beginning: a new pipeline, one that exists, a definition in YAML; and throwing a draft away."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from pipelines_app.access import permits
from pipelines_app.compiler import templating
from pipelines_app.definitions import drafts
from pipelines_app.models import Draft, Pipeline
from pipelines_app.web.asking import Asked
from pipelines_app.web.registering import (
    checks_page,
    desk,
    look_page,
    review_page,
    source_page,
    steps_page,
    values_page,
    when_page,
    yaml_page,
)
from pipelines_app.web.registering.desk import Desk, Page, editors_only, opened

PAGES: dict[str, Page] = {
    "source": source_page.page,
    "look": look_page.page,
    "steps": steps_page.page,
    "checks": checks_page.page,
    "when": when_page.page,
    "review": review_page.page,
    "yaml": yaml_page.page,
    "values": values_page.page,
}


@editors_only
@require_http_methods(["GET", "POST"])
def new(request: Asked) -> HttpResponseBase:
    """The first page of a pipeline that nobody has begun; writing it down begins a draft."""
    at = _blank(request)
    if request.method == "POST":
        at.draft = drafts.begin(request.user, {"team": request.POST.get("team", "")})
    return source_page.page(at)


@editors_only
@require_http_methods(["GET", "POST"])
def new_yaml(request: Asked) -> HttpResponseBase:
    """A pipeline written as YAML."""
    return yaml_page.page(_blank(request))


def _blank(request: Asked) -> Desk:
    teams = permits.teams_written_for(request.user)
    return Desk(request=request, draft=Draft(author=request.user), teams=teams)


@editors_only
@require_http_methods(["GET", "POST"])
def edit(request: Asked, name: str) -> HttpResponseBase:
    """Go on with one's draft of a pipeline, or begin one from what it is now."""
    pipeline = get_object_or_404(Pipeline.objects.visible_to(request.user).select_related("current"), name=name)
    if not Pipeline.objects.operable_by(request.user).filter(pk=pipeline.pk).exists():
        raise PermissionDenied("editing needs the role editor in the pipeline's team")
    begun = drafts.edit(pipeline, request.user)
    return redirect("console:draft", begun.pk, "values" if templating.is_filled(begun.document) else "source")


@editors_only
@require_http_methods(["GET", "POST"])
def draft(request: Asked, pk: int, page: str) -> HttpResponseBase:
    """One page of a draft."""
    if page not in PAGES:
        raise Http404("there is no such page")
    return PAGES[page](opened(request, pk))


@editors_only
@require_POST
def discard(request: Asked, pk: int) -> HttpResponseBase:
    """Throw a draft away."""
    begun = desk.opened(request, pk).draft
    name = begun.document.get("pipeline") or "without a name"
    drafts.discard(begun)
    messages.success(request, f"The draft {name} is gone.")
    return redirect("console:pipelines")
