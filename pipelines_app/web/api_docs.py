"""The API described on a page of our own: by topic, with parameters, bodies and a command to copy."""

from functools import cache

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from drf_spectacular.generators import SchemaGenerator

from pipelines_app.web import openapi
from pipelines_app.web.asking import Asked
from pipelines_app.web.openapi import Described


@login_required
@require_GET
def api_docs(request: Asked) -> HttpResponse:
    """Every operation, one topic at a time by `?topic=`."""
    described = _described()
    topics = list(described.topics)
    chosen = request.GET.get("topic", "")
    chosen = chosen if chosen in described.topics else next(iter(topics), "")
    context = {
        "described": described,
        "tabs": [{"label": topic, "url": f"?topic={topic}", "current": topic == chosen} for topic in topics],
        "topic": chosen,
        "operations": described.topics.get(chosen, []),
        "base": settings.PUBLIC_URL,
    }
    return render(request, "api/docs.html", context)


@cache
def _described() -> Described:
    """The schema as the page shows it; it changes with the release only."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]  # the library leaves it untyped
    schema = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # as above
    return openapi.describe(schema, base=settings.PUBLIC_URL)
