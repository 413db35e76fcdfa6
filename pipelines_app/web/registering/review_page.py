"""Last page: the whole pipeline in words, as YAML and as the SQL that will run; a dry run; registering."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render

from pipelines_app.compiler import documents
from pipelines_app.compiler.compiled import Compiled
from pipelines_app.definitions import drafts, plans, rehearsing, trying
from pipelines_app.definitions.planned import PlannedPipeline
from pipelines_app.definitions.rehearsing import Rehearsal
from pipelines_app.errors import DefinitionInvalid, LooplineError, Problem
from pipelines_app.models import Draft, Revision
from pipelines_app.web import comparing, summary
from pipelines_app.web.asking import is_fragment
from pipelines_app.web.registering import first_files, picturing, placing
from pipelines_app.web.registering.desk import Desk
from pipelines_app.web.registering.forms import ReviewForm
from pipelines_app.web.telling import sentence


@dataclass(frozen=True)
class Mend:
    """The faults that are mended on one page."""

    label: str
    url: str
    faults: list[str] = field(default_factory=list)


def page(desk: Desk) -> HttpResponseBase:
    """Show what would be registered; run it dry; register it."""
    post = desk.request.POST
    tried = trying.whole(desk.draft.document, desk.draft.pipeline, teams=desk.teams)
    if desk.request.method != "POST":
        return _shown(desk, tried.compiled, tried.problems)
    if tried.compiled is None or tried.problems:
        return _shown(desk, None, tried.problems)
    if "dry" in post:
        return _dry(desk, tried.compiled)
    return _register(desk, tried.compiled)


def _dry(desk: Desk, compiled: Compiled) -> HttpResponseBase:
    rehearsal = rehearsing.rehearse(compiled, drafts.samples_of(desk.draft))
    if is_fragment(desk.request):
        return render(desk.request, "register/_dry_run.html", {"rehearsal": rehearsal})
    return _shown(desk, compiled, (), rehearsal)


def _register(desk: Desk, compiled: Compiled) -> HttpResponseBase:
    form = ReviewForm(desk.request.POST)
    form.is_valid()
    firsts = first_files.offered(desk, compiled) if form.cleaned_data.get("bring") else []
    if first_files.refused(desk, firsts):
        return _shown(desk, compiled, ())
    held = first_files.hold(firsts)
    try:
        revision, made = drafts.register_draft(desk.draft, author=desk.author, why=form.cleaned_data.get("why", ""))
    except LooplineError as error:
        first_files.drop(held)
        return _not_registered(desk, error)
    _say(desk, revision, made=made)
    first_files.bring(desk, held)
    return redirect("console:pipeline", revision.pipeline.name)


def _not_registered(desk: Desk, error: LooplineError) -> HttpResponseBase:
    if isinstance(error, DefinitionInvalid):
        return _shown(desk, None, error.problems)
    desk.note(None, "", sentence(error))
    tried = trying.whole(desk.draft.document, desk.draft.pipeline, teams=desk.teams)
    return _shown(desk, tried.compiled, tried.problems)


def _say(desk: Desk, revision: Revision, *, made: bool) -> None:
    name = revision.pipeline.name
    if not made:
        messages.info(desk.request, f"Nothing differs from revision {revision.number} of {name}, so none was made.")
    elif revision.number == 1:
        messages.success(desk.request, f"{name} is registered.")
    else:
        messages.success(desk.request, f"{name} is at revision {revision.number} now.")


def _shown(
    desk: Desk, compiled: Compiled | None, problems: tuple[Problem, ...], rehearsal: Rehearsal | None = None
) -> HttpResponseBase:
    document = documents.dump(compiled.definition) if compiled else desk.document
    before = _before(desk.draft)
    context = {
        "compiled": compiled,
        "mends": _mends(desk, problems),
        "number": len(problems),
        "sentences": summary.sentences(compiled) if compiled else [],
        "yaml": documents.to_yaml(document),
        "old_yaml": documents.to_yaml(before) if before is not None else "",
        "changes": comparing.changes(before, document) if before is not None else [],
        "is_edit": before is not None,
        "outlook": _outlook(desk, compiled),
        "made": [step for step in compiled.steps if step.sql] if compiled else [],
        "picture": picturing.of_bench(desk.bench()),
        "firsts": first_files.offered(desk, compiled),
        "webhooks": _webhooks(desk, compiled),
        "rehearsal": rehearsal,
        "form": ReviewForm(initial={"bring": True}),
    }
    return desk.render("review", context)


def _outlook(desk: Desk, compiled: Compiled | None) -> PlannedPipeline | None:
    """What the new revision would do to the data and their readers."""
    pipeline = desk.draft.pipeline
    if compiled is None or pipeline is None or pipeline.current is None:
        return None
    return plans.outlook(pipeline, compiled, user=desk.request.user)


def _before(draft: Draft) -> Mapping[str, object] | None:
    pipeline = draft.pipeline
    return pipeline.current.document if pipeline is not None and pipeline.current is not None else None


def _webhooks(desk: Desk, compiled: Compiled | None) -> list[str]:
    sources = compiled.definition.sources if compiled else ()
    return [one.dataset for one in sources if drafts.door_of(desk.draft, one.dataset) == "webhook"]


def _mends(desk: Desk, problems: tuple[Problem, ...]) -> list[Mend]:
    """The faults by the page that mends them, in the order of the pages."""
    found: dict[tuple[str, str], Mend] = {}
    for problem in problems:
        at = desk.placed(problem)
        label = desk.labels.get(at.page, "YAML") + (f": {at.source}" if at.source else "")
        query = {"problems": "1", "then": "review"} | ({"source": at.source} if at.source else {})
        mend = found.setdefault((at.page, at.source), Mend(label, desk.url(at.page, **query)))
        mend.faults.append(placing.sentence(problem, desk.draft.document))
    order = [*desk.labels, "yaml"]
    return [found[key] for key in sorted(found, key=lambda key: order.index(key[0]))]
