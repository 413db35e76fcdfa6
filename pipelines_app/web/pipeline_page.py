"""What the page of one pipeline shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from pipelines_app.access import discretion
from pipelines_app.compiler import codec, documents
from pipelines_app.compiler.compiled import Compiled
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.environments import mapping
from pipelines_app.intake import readiness, why_not
from pipelines_app.intake.why_not import Why
from pipelines_app.models import (
    Check,
    CheckResult,
    Current,
    DatasetVersion,
    Event,
    Pipeline,
    Revision,
    Run,
    Slot,
    User,
)
from pipelines_app.runs import standing
from pipelines_app.runs.standing import Standing
from pipelines_app.web import run_log, sentences, summary
from pipelines_app.web.run_log import Line
from pipelines_app.web.summary import Node

REVISIONS = 10
EVENTS = 8
RUNS = 8


@dataclass(frozen=True)
class Promise:
    """One check of the current revision and its latest judgement, if there is one."""

    check: Check
    latest: CheckResult | None


@dataclass(frozen=True)
class Made:
    """One dataset of the pipeline and the version that readers see."""

    node: Node
    version: DatasetVersion | None


@dataclass(frozen=True)
class PipelinePage:
    """One pipeline as its page shows it."""

    pipeline: Pipeline
    stands: Standing
    sentences: list[str]
    datasets: list[Made]
    graph: dict[str, Any]
    checks: list[Promise]
    revisions: list[Revision]
    runs: list[Run]
    slots: list[Slot]
    waits: list[Why]
    lately: list[Line]
    yaml: str
    by_period: bool
    sources: list[str]


def load(pipeline: Pipeline, user: User) -> PipelinePage:
    """Gather the page; the number of queries does not grow with the pipeline."""
    compiled = codec.from_json(pipeline.in_force.compiled)
    hidden = discretion.concealed(pipeline, user)
    nodes = _seen(summary.nodes(compiled), hidden)
    versions = _versions(nodes)
    slots = Slot.objects.visible_to(user).open().filter(dataset__pipeline=pipeline).select_related("dataset")
    yaml = documents.to_yaml(documents.as_written(pipeline.in_force.document))
    lately = Event.objects.visible_to(user).filter(pipeline=pipeline.name).order_by("-id")[:EVENTS]
    return PipelinePage(
        pipeline=pipeline,
        stands=standing.standings([pipeline])[0],
        sentences=[one for one in summary.sentences(compiled) if not discretion.speaks_of(one, hidden)],
        datasets=[Made(node, versions.get(node.name)) for node in nodes],
        graph=_graph(nodes, versions),
        checks=_checks(pipeline.in_force, hidden),
        revisions=_revisions(pipeline),
        runs=_runs(pipeline, hidden),
        slots=list(slots.order_by("due_at")[:5]),
        waits=why_not.of(pipeline, user, now=timezone.now()),
        lately=[run_log.Line(event, sentences.of(event.kind, event.body)) for event in lately],
        yaml="" if discretion.speaks_of(pipeline.in_force.document, hidden) else yaml,
        by_period=period_kind(compiled) is not PeriodKind.NONE,
        sources=[source.dataset for source in compiled.definition.sources if source.dataset not in hidden],
    )


def _seen(nodes: Sequence[Node], hidden: frozenset[str]) -> list[Node]:
    """The datasets and what they are made from, without those of which a person may know nothing."""
    seen = (node for node in nodes if node.name not in hidden)
    return [replace(node, inputs=tuple(one for one in node.inputs if one not in hidden)) for node in seen]


def _runs(pipeline: Pipeline, hidden: frozenset[str]) -> list[Run]:
    runs = list(pipeline.runs.order_by("-id")[:RUNS])
    for run in runs:
        run.reason = discretion.without(run.reason, hidden)
    return runs


def period_kind(compiled: Compiled) -> PeriodKind:
    """The kind of period for which the pipeline is asked to run."""
    return readiness.driving_kind(compiled)


def _versions(nodes: Sequence[Node]) -> dict[str, DatasetVersion]:
    names = [node.name for node in nodes]
    pointers = Current.objects.filter(dataset__name__in=names, environment__name=mapping.PRODUCTION)
    return {pointer.dataset.name: pointer.version for pointer in pointers.select_related("dataset", "version")}


def _graph(nodes: Sequence[Node], versions: dict[str, DatasetVersion]) -> dict[str, Any]:
    """The picture's nodes and edges, as static/js/lineage.js takes them."""
    return {
        "nodes": [
            {
                "id": node.name,
                "label": node.name,
                "sub": node.role if node.name in versions else f"{node.role}, nothing yet",
                "kind": "dataset",
                "url": reverse("console:dataset", args=[node.name]),
            }
            for node in nodes
        ],
        "edges": summary.edges(nodes),
    }


def _checks(revision: Revision, hidden: frozenset[str]) -> list[Promise]:
    declared = revision.checks.select_related("dataset").order_by("dataset__name", "name")
    checks = [one for one in declared if not discretion.speaks_of(f"{one.dataset.name} {one.sentence}", hidden)]
    newest = CheckResult.objects.filter(check_made__revision=revision).values("check_made").annotate(last=Max("id"))
    results = CheckResult.objects.filter(pk__in=newest.values("last")).select_related("version")
    latest = {result.check_made_id: result for result in results}
    found = [Promise(check, latest.get(check.pk)) for check in checks]
    return sorted(found, key=lambda promise: promise.latest is None or promise.latest.passed)


def _revisions(pipeline: Pipeline) -> list[Revision]:
    rows = pipeline.revisions.select_related("author").defer("document", "compiled")
    return list(rows.order_by("-number")[:REVISIONS])
