"""Revisions of a pipeline: one as it was written, and two beside each other."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from pipelines_app.access import discretion
from pipelines_app.compiler import codec, documents, elsewhere
from pipelines_app.compiler.compiled import Compiled, CompiledStep
from pipelines_app.lineage import impact
from pipelines_app.models import Pipeline, Revision
from pipelines_app.web import comparing, summary, words
from pipelines_app.web.asking import Asked


@login_required
def revision(request: Asked, name: str, number: int) -> HttpResponse:
    """One revision: its definition, the SQL of its steps, and what it changed."""
    pipeline = get_object_or_404(Pipeline.objects.visible_to(request.user).select_related("current"), name=name)
    found = get_object_or_404(pipeline.revisions.select_related("author"), number=number)
    before = pipeline.revisions.filter(number__lt=number).order_by("-number").first()
    compiled = codec.from_json(found.compiled)
    hidden = discretion.concealed(pipeline, request.user)
    is_withheld = any(discretion.speaks_of(one.document, hidden) for one in (found, before) if one)
    context = {
        "pipeline": pipeline,
        "revision": found,
        "before": before,
        "is_current": pipeline.current_id == found.pk,
        "is_withheld": is_withheld,
        "sentences": [one for one in summary.sentences(compiled) if not discretion.speaks_of(one, hidden)],
        "changes": comparing.changes(before.document, found.document) if before and not is_withheld else [],
        "yaml": documents.to_yaml(found.document),
        "steps": [] if is_withheld else _written(compiled),
        "runs": list(found.runs.order_by("-id")[:5]),
    }
    return render(request, "pipelines/revision.html", context)


@login_required
def compare(request: Asked, name: str) -> HttpResponse:
    """Two revisions: what differs in words, and line by line."""
    pipeline = get_object_or_404(Pipeline.objects.visible_to(request.user), name=name)
    rows = pipeline.revisions.select_related("author").defer("document", "compiled")
    listed = list(rows.order_by("-number"))
    if not listed:
        raise Http404("this pipeline has no revision")
    newest = listed[0].number
    to = _number(request, "to", newest)
    start = _number(request, "from", max(to - 1, 1))
    old, new = _revision(pipeline, start), _revision(pipeline, to)
    hidden = discretion.concealed(pipeline, request.user)
    is_withheld = any(discretion.speaks_of(one.document, hidden) for one in (old, new))
    context = {
        "pipeline": pipeline,
        "revisions": listed,
        "old": old,
        "new": new,
        "is_withheld": is_withheld,
        "changes": [] if is_withheld else comparing.changes(old.document, new.document),
        "old_yaml": documents.to_yaml(old.document),
        "new_yaml": documents.to_yaml(new.document),
        "removals": [] if is_withheld else impact.between(request.user, old, new),
    }
    return render(request, "pipelines/compare.html", context)


def _revision(pipeline: Pipeline, number: int) -> Revision:
    return get_object_or_404(pipeline.revisions.select_related("author"), number=number)


def _written(compiled: Compiled) -> list[tuple[str, CompiledStep]]:
    """The queries of a revision, each with the engine that it is for, where it is for one alone."""
    found = [("", step) for step in compiled.steps if step.sql]
    for engine in elsewhere.engines(compiled.definition):
        there = elsewhere.on(compiled, engine).steps
        name = words.engine(engine)
        found += [(name, other) for step, other in zip(compiled.steps, there, strict=True) if other.sql != step.sql]
    return found


def _number(request: Asked, name: str, otherwise: int) -> int:
    given = request.GET.get(name, "")
    return int(given) if given.isdecimal() and len(given) < 7 else otherwise
