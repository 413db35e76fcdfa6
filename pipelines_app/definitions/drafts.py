"""Definitions that are still being written: begun, kept between pages, registered, thrown away."""

import copy
import shutil
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction

from pipelines_app import lake
from pipelines_app.compiler import documents
from pipelines_app.definitions import register, trying
from pipelines_app.definitions.register import Author
from pipelines_app.definitions.samples import Sample
from pipelines_app.errors import DefinitionInvalid
from pipelines_app.models import Draft, Pipeline, Revision, User

Document = dict[str, object]
KEPT = timedelta(days=30)


def begin(author: User, document: Document, *, pipeline: Pipeline | None = None) -> Draft:
    """A new draft; one of a pipeline that exists remembers which revision it began from."""
    onto = pipeline.current.number if pipeline is not None and pipeline.current is not None else None
    return Draft.objects.create(author=author, pipeline=pipeline, document=document, samples={"onto": onto})


def edit(pipeline: Pipeline, author: User) -> Draft:
    """The author's draft of a pipeline as it is now: the one already begun, or a new one."""
    begun = Draft.objects.filter(author=author, pipeline=pipeline).order_by("-updated_at")
    current = pipeline.current
    for draft in begun:
        if current is not None and onto(draft) == current.number:
            return draft
    document = copy.deepcopy(documents.as_written(current.document)) if current is not None else {}
    return begin(author, document, pipeline=pipeline)


def onto(draft: Draft) -> int | None:
    """The number of the revision a draft began from; None for a new pipeline."""
    number = draft.samples.get("onto")
    return number if isinstance(number, int) else None


def samples_of(draft: Draft) -> dict[str, Sample]:
    """The sample files of a draft, by dataset."""
    return {name: Sample(**kept) for name, kept in draft.samples.get("sources", {}).items()}


def door_of(draft: Draft, dataset: str) -> str:
    """By which door a source is meant to be fed: `upload` or `webhook`."""
    return str(draft.samples.get("doors", {}).get(dataset, "upload"))


def change(draft: Draft, write: Callable[[Document], Document]) -> None:
    """Write one page's part into the draft as it is by now; of two who write the same part, the last wins."""
    with transaction.atomic():
        kept = Draft.objects.select_for_update().get(pk=draft.pk)
        kept.document = write(copy.deepcopy(kept.document))
        if kept.pipeline is not None:
            kept.document["pipeline"] = kept.pipeline.name
        kept.save(update_fields=["document", "updated_at"])
    draft.document, draft.samples = kept.document, kept.samples


def note(draft: Draft, *, samples: dict[str, Sample], doors: dict[str, str]) -> None:
    """Keep what belongs to the sources beside the definition; the files of samples that went are removed."""
    with transaction.atomic():
        kept = Draft.objects.select_for_update().get(pk=draft.pk)
        before = {sample.place for sample in samples_of(kept).values()}
        stored = {name: asdict(sample) for name, sample in samples.items()}
        kept.samples = {**kept.samples, "sources": stored, "doors": doors}
        kept.save(update_fields=["samples", "updated_at"])
    for place in before - {sample.place for sample in samples.values()}:
        lake.path(place).unlink(missing_ok=True)
    draft.samples = kept.samples


def register_draft(draft: Draft, *, author: Author, why: str = "") -> tuple[Revision, bool]:
    """Register what a draft says, and be done with it. Raises what registering raises; the draft then stays.

    Raises Outdated if somebody else has revised the pipeline since the draft began.
    """
    problems = trying.problems(draft.document, draft.pipeline, teams=author.teams)
    if problems:
        raise DefinitionInvalid(problems)
    revision, made = register.register(draft.document, author=author, why=why, onto=onto(draft))
    discard(draft)
    return revision, made


def discard(draft: Draft) -> None:
    """Throw a draft away, its sample files with it."""
    shutil.rmtree(lake.path(folder(draft)), ignore_errors=True)
    draft.delete()


def folder(draft: Draft) -> str:
    """Where a draft's files are kept: no arrivals, so no sweep of arrivals takes them."""
    return f"samples/{draft.pk}"


def tidy(now: datetime) -> int:
    """Throw away drafts nobody has touched for a month; says how many."""
    old = list(Draft.objects.filter(updated_at__lt=now - KEPT))
    for draft in old:
        discard(draft)
    return len(old)
