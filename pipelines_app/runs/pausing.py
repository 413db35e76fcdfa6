"""Pausing a pipeline: what comes in is still accepted and queued, and runs once the pipeline goes on."""

from django.db import transaction
from django.utils import timezone

from pipelines_app import events
from pipelines_app.access import audit
from pipelines_app.errors import IllegalMove
from pipelines_app.facts import PipelinePaused, PipelineResumed
from pipelines_app.models import Pipeline
from pipelines_app.runs import planning


@transaction.atomic
def pause(pipeline: Pipeline, *, actor: str) -> None:
    """Start no further run; one that runs is let finish. Raises IllegalMove if the pipeline is paused already."""
    if not Pipeline.objects.filter(pk=pipeline.pk, paused_at=None).update(paused_at=timezone.now()):
        raise IllegalMove(f"{pipeline} is paused already.")
    events.record(PipelinePaused(pipeline=pipeline.name), actor=actor)
    audit.record(actor=actor, action="pipeline.paused", subject=pipeline.name, team=pipeline.team)


@transaction.atomic
def resume(pipeline: Pipeline, *, actor: str) -> None:
    """Go on, with what has queued meanwhile; raises IllegalMove if the pipeline is not paused."""
    if not Pipeline.objects.filter(pk=pipeline.pk, paused_at__isnull=False).update(paused_at=None):
        raise IllegalMove(f"{pipeline} is not paused.")
    events.record(PipelineResumed(pipeline=pipeline.name), actor=actor)
    audit.record(actor=actor, action="pipeline.resumed", subject=pipeline.name, team=pipeline.team)
    planning.start_next(pipeline)
