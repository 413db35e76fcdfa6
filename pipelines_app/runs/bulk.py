"""One action on many things: each judged and done on its own, with what became of it; again is not twice."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from django.db import transaction

from pipelines_app.errors import IllegalMove, LooplineError
from pipelines_app.models import Delivery, DeliveryState, Pipeline, Run, RunState
from pipelines_app.runs import cancelling, lifecycle, pausing, queue, rerunning
from pipelines_app.runs.rerunning import Asked

NOT_YOURS = "Your role in its team does not allow this."
AGAIN = frozenset({RunState.FAILED, RunState.QUARANTINED, RunState.CANCELLED})


class Outcome(StrEnum):
    DONE = "done"
    WOULD = "would"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Item:
    """What became of one thing, or what would; `run` is the new run that an action led to, or had led to before."""

    subject: str
    outcome: Outcome
    message: str
    run: int | None = None


@dataclass(frozen=True, kw_only=True)
class Order:
    """An action, who asks for it, and whether only to say what it would do."""

    action: str
    actor: str
    because: str = ""
    dry_run: bool = False


RUN_ACTIONS = {"cancel": "Cancel", "retry": "Run again with what is there now", "rerun": "Run again from what failed"}
PIPELINE_ACTIONS = {"pause": "Pause", "resume": "Go on"}


def on_runs(order: Order, runs: Iterable[Run], *, mine: set[int]) -> list[Item]:
    """Cancel runs or do them again; `mine` are those that the caller may act on."""
    return [_one(str(run.pk), order, run.pk in mine, partial(_run_judged, run, order)) for run in runs]


def on_pipelines(order: Order, pipelines: Sequence[Pipeline], *, mine: set[int]) -> list[Item]:
    """Pause pipelines or let them go on."""
    return [_one(one.name, order, one.pk in mine, partial(_pipeline_judged, one, order)) for one in pipelines]


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """What there is to do for one thing: nothing, for a reason, or this."""

    said: str
    do: Callable[[], int | None] | None = None
    run: int | None = None


def _one(subject: str, order: Order, mine: bool, judge: Callable[[], _Judged]) -> Item:
    if not mine:
        return Item(subject=subject, outcome=Outcome.REFUSED, message=NOT_YOURS)
    try:
        with transaction.atomic():
            judged = judge()
            if judged.do is None:
                return Item(subject=subject, outcome=Outcome.UNCHANGED, message=judged.said, run=judged.run)
            if order.dry_run:
                return Item(subject=subject, outcome=Outcome.WOULD, message=judged.said)
            return Item(subject=subject, outcome=Outcome.DONE, message=judged.said, run=judged.do())
    except LooplineError as refused:
        return Item(subject=subject, outcome=Outcome.REFUSED, message=f"{refused.message} {refused.todo}".strip())


def _run_judged(run: Run, order: Order) -> _Judged:
    if order.action == "cancel":
        return _cancelled(run, order)
    done = run.again.order_by("id").first()
    if done is not None and run.state in AGAIN:
        return _Judged(said=f"was run again already, by run {done.pk}", run=done.pk)
    if order.action == "rerun":
        fault = rerunning.refusal(run, Asked())
        if fault is not None:
            raise fault
        return _Judged(
            said="runs again from what failed", do=lambda: rerunning.again(run, Asked(), actor=order.actor).pk
        )
    if run.state not in AGAIN:
        raise IllegalMove(f"{run} is {run.get_state_display().lower()}: there is nothing to run again.")
    return _Judged(said="runs again with what is there now", do=lambda: queue.retry(run, actor=order.actor).pk)


def _cancelled(run: Run, order: Order) -> _Judged:
    if run.state == RunState.CANCELLED:
        return _Judged(said="is cancelled already")
    if run.state not in lifecycle.LIVE:
        raise IllegalMove(f"{run} is {run.get_state_display().lower()}: there is nothing to stop.")

    def cancel() -> None:
        cancelling.cancel(run, actor=order.actor, because=order.because or "cancelled with others")

    return _Judged(said="is stopped for good", do=cancel)


def _pipeline_judged(pipeline: Pipeline, order: Order) -> _Judged:
    is_paused = pipeline.paused_at is not None
    if order.action == "pause":
        if is_paused:
            return _Judged(said="is paused already")
        return _Judged(said="starts no further run", do=lambda: pausing.pause(pipeline, actor=order.actor))
    if not is_paused:
        return _Judged(said="is not paused")
    return _Judged(said="goes on, with what has waited", do=lambda: pausing.resume(pipeline, actor=order.actor))


def released(order: Order, deliveries: Sequence[Delivery], *, release: Callable[[Delivery], None]) -> list[Item]:
    """Try stuck deliveries again; the caller may act on all of them."""

    def judged(one: Delivery) -> _Judged:
        if one.state != DeliveryState.STUCK:
            return _Judged(said=f"is not stuck: it is {one.get_state_display().lower()}")
        return _Judged(said="is tried again", do=lambda: release(one))

    return [_one(str(one.pk), order, True, partial(judged, one)) for one in deliveries]
