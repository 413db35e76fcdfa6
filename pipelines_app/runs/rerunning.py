"""Doing a run again: what failed and all below, from a step on, or from the start; with what that run read."""

from dataclasses import dataclass

from django.db import transaction

from pipelines_app import events
from pipelines_app.compiler.definition import Mode
from pipelines_app.errors import IllegalMove
from pipelines_app.facts import RunMoved, RunRequested
from pipelines_app.models import Arrival, ArrivalState, DatasetVersion, Event, Revision, Run, RunState
from pipelines_app.runs import lifecycle, planning, repeating
from pipelines_app.runs.recipes import misfit

TAKEN_LATER = [ArrivalState.CONSUMED, ArrivalState.PENDING]
NOT_GIVEN = [ArrivalState.DUPLICATE, ArrivalState.SUPERSEDED]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """From where to do a run again (`failed`, `start` or a dataset), and whether with the revision that it had."""

    start_from: str = repeating.FAILED
    same_revision: bool = False


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What doing a run again would do: its steps in order, what they read, and what it would have to wait for."""

    revision: int
    steps: tuple[str, ...]
    reads: tuple[DatasetVersion, ...]
    renewed: frozenset[str]
    held: dict[str, list[str]]


class _Undone(Exception):
    """Takes back what only a preview wrote."""


def preview(run: Run, asked: Asked) -> Preview:
    """What `again` would do; nothing of it is kept. Raises IllegalMove as that does."""
    found: list[Preview] = []
    try:
        with transaction.atomic():
            new = _written(run, asked, actor="platform")
            outline = planning.draw(new, [])
            repeated = repeating.of(new, planning.compiled_of(new))
            found.append(
                Preview(
                    revision=Revision.objects.values_list("number", flat=True).get(pk=new.revision_id),
                    steps=tuple(step.dataset for step in outline.steps),
                    reads=tuple(version for _, version in sorted(outline.pins.items())),
                    renewed=repeated.renewed if repeated is not None else frozenset(),
                    held=outline.held,
                )
            )
            raise _Undone
    except _Undone:
        return found[0]


@transaction.atomic
def again(run: Run, asked: Asked, *, actor: str) -> Run:
    """Queue a run that does another again; raises IllegalMove if there is nothing of it to do, or it waits already."""
    held = planning.hold(run.pipeline)
    new = _written(run, asked, actor=actor)
    moved = RunMoved(run=new.pk, pipeline=held.name, period=new.period, state=RunState.QUEUED)
    events.record(moved, cause=new.cause)
    planning.start_held(held)
    new.refresh_from_db(fields=["state"])
    return new


def refusal(run: Run, asked: Asked) -> IllegalMove | None:
    """Why a run cannot be done again so, or nothing."""
    if run.state in lifecycle.LIVE:
        return IllegalMove(f"{run} is not over yet.", todo="Wait for its end, or cancel it.")
    states = dict(run.steps.values_list("dataset__name", "state"))
    if not states:
        return IllegalMove(f"{run} had not begun any step.", todo="Run the pipeline again instead.")
    if asked.start_from == repeating.FAILED:
        if not repeating.NOT_DONE.intersection(states.values()):
            return IllegalMove(f"No step of {run} failed.", todo="Say from which step to do it again.")
    elif asked.start_from != repeating.START and asked.start_from not in states:
        return IllegalMove(f"{run} has no step {asked.start_from!r}.", todo="Name one of its steps, failed or start.")
    waiting = run.again.filter(state=RunState.QUEUED).exclude(again_from="").first()
    if waiting is not None:
        return IllegalMove(f"{run} is about to be done again, by run {waiting.pk}.", todo=f"See run {waiting.pk}.")
    return None


def _written(run: Run, asked: Asked, *, actor: str) -> Run:
    fault = refusal(run, asked)
    if fault is not None:
        raise fault
    revision = run.revision_id if asked.same_revision else run.pipeline.revision_in_force
    unfit = misfit(revision, run.parameters)
    if unfit:
        raise IllegalMove(f"What started {run} gave parameters that do not fit: {unfit}.", todo="Keep its revision.")
    fact = RunRequested(
        pipeline=run.pipeline.name,
        period=run.period,
        retry_of=run.pk,
        start_from=asked.start_from,
        parameters=run.parameters,
    )
    event = events.record(fact, actor=actor)
    new = Run.objects.create(
        pipeline=run.pipeline,
        revision_id=revision,
        environment_id=run.environment_id,
        period=run.period,
        cause=event,
        again_of=run,
        again_from=asked.start_from,
        keeps_revision=asked.same_revision,
        parameters=run.parameters,
        parameters_key=run.parameters_key,
    )
    new.causes.add(event)
    _bring_again(run, new, event)
    return new


def _bring_again(run: Run, new: Run, event: Event) -> None:
    """Give the new run the files of the sources that it loads again, but for those that newer ones have replaced."""
    recipe = planning.compiled_of(new)
    repeated = repeating.of(new, recipe)
    roots = repeated.roots if repeated is not None else frozenset()
    adding = {step.dataset for step in recipe.steps if step.source is not None and step.source.mode is Mode.APPEND}
    given = run.arrivals.filter(dataset__name__in=roots).exclude(state__in=NOT_GIVEN).select_related("dataset")
    for arrival in given.order_by("id"):
        if arrival.dataset.name in adding and arrival.state == ArrivalState.CONSUMED:
            raise IllegalMove(
                f"{arrival.dataset} adds every file to what it holds: {arrival.name} would be in it twice.",
                todo="Begin at a step below it.",
            )
        if arrival.dataset.name in adding or not _is_replaced(arrival):
            copy(arrival, event, run=new)


def _is_replaced(arrival: Arrival) -> bool:
    newer = Arrival.objects.filter(dataset=arrival.dataset_id, period=arrival.period, pk__gt=arrival.pk)
    return newer.filter(state__in=TAKEN_LATER).exists()


def copy(arrival: Arrival, event: Event, *, run: Run | None) -> Arrival:
    """The same bytes once more, for one run alone or for whichever takes the period next."""
    return Arrival.objects.create(
        dataset=arrival.dataset,
        door=arrival.door,
        name=arrival.name,
        period=arrival.period,
        bytes=arrival.bytes,
        sha256=arrival.sha256,
        path=arrival.path,
        sender=event.actor or arrival.sender,
        replay_of=arrival,
        event=event,
        run=run,
        parameters=arrival.parameters,
        parameters_key=arrival.parameters_key,
    )
