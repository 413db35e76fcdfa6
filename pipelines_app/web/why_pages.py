"""Why something happened and what came of it: a sentence and two trees, as a page and as a part of other pages."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.vary import vary_on_headers

from pipelines_app.intake import why
from pipelines_app.intake.why import Node
from pipelines_app.models import Dataset, DatasetVersion, Event, Run
from pipelines_app.web import sentences, words
from pipelines_app.web import why as sentence
from pipelines_app.web.asking import Asked, is_fragment
from pipelines_app.web.why import Piece

DEEPEST = 6  # further levels are set in no further


@dataclass(frozen=True)
class Branch:
    """One line of a tree: an event or a run in words; `more` of its followers are left out."""

    node: Node
    depth: int
    subject: str
    text: str
    level: str
    url: str


def branches(root: Node) -> list[Branch]:
    """The lines of a tree, but for its root."""
    return [_branch(node, min(depth, DEEPEST)) for node, depth, _ in why.every(root) if depth]


def _branch(node: Node, depth: int) -> Branch:
    if node.event is not None:
        said = sentences.of(node.event.kind, node.event.body)
        url = reverse("console:event", args=[node.event.pk])
        who = f", by {sentences.who(node.event.actor)}" if node.event.actor else ""
        return Branch(node, depth, said.subject, f"{said.text}{who}", said.level, url)
    if node.run is not None:
        period = f" for {words.period(node.run.period)}" if node.run.period else ""
        url = reverse("console:run", args=[node.run.pk])
        return Branch(node, depth, f"run {node.run.pk}", f"of {node.run.pipeline.name}{period}", "info", url)
    return Branch(node, depth, "", "Something that you may not see", "info", "")


@login_required
@vary_on_headers("HX-Request")
def of_run(request: Asked, pk: int) -> HttpResponse:
    """Why a run ran, back to what began it, and what it set off."""
    run = get_object_or_404(Run.objects.visible_to(request.user).select_related("pipeline", "cause"), pk=pk)
    begins = (Node(run=run), Node(run=run))
    said = [Piece("It ran because "), *sentence.because(run, request.user)]
    return _answer(request, f"Run {pk} of {run.pipeline.name}", reverse("console:run", args=[pk]), begins, said)


@login_required
@vary_on_headers("HX-Request")
def of_event(request: Asked, pk: int) -> HttpResponse:
    """Why an event happened, back to what began it, and what it led to."""
    event = get_object_or_404(Event.objects.visible_to(request.user), pk=pk)
    said = sentences.of(event.kind, event.body)
    told = [Piece(f"{said.subject}: {said.text}.")]
    begins = (Node(event=event), Node(event=event))
    return _answer(request, f"Event {pk}", reverse("console:event", args=[pk]), begins, told)


@login_required
@vary_on_headers("HX-Request")
def of_version(request: Asked, pk: int) -> HttpResponse:
    """Why a version of a dataset was made, and what was made from it."""
    seen = DatasetVersion.objects.filter(dataset__in=Dataset.objects.visible_to(request.user))
    related = ("dataset", "step_run__run__pipeline", "step_run__run__cause")
    version = get_object_or_404(seen.select_related(*related), pk=pk)
    run = version.step_run.run
    made = Piece(f"It was made by run {run.pk} of {run.pipeline.name}", reverse("console:run", args=[run.pk]))
    said = [made, Piece(", because "), *sentence.because(run, request.user)]
    title = f"{version.dataset.name} version {version.number or '(kept back)'}"
    return _answer(request, title, reverse("console:version", args=[pk]), why.of_version(version), said)


def _answer(request: Asked, title: str, url: str, begins: tuple[Node, Node], said: list[Piece]) -> HttpResponse:
    context = {
        "title": title,
        "about_url": url,
        "said": said,
        "up": branches(why.causes(begins[0], request.user)),
        "down": branches(why.effects(begins[1], request.user)),
    }
    return render(request, "why/_trees.html" if is_fragment(request) else "why/why.html", context)
