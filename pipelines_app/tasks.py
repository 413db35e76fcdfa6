"""Celery's doorbells: an id in, nothing out; every one may be rung twice."""

import os
import socket
import time

from celery import current_app, shared_task

from pipelines_app import events, wake
from pipelines_app.runs import execution

IN_HAND_SECONDS = 1.0  # how long a worker goes on with what it made ready itself, before others have their turn


@shared_task
def deliver_event(pk: int) -> None:
    """Hand one event to one consumer; a worker that does steps begins at once with one that it made ready."""
    if not _does_steps():
        events.deliver(pk)
        return
    with wake.in_hand() as kept:
        events.deliver(pk)
    if kept:
        _go_on(kept[0], mine=True)


@shared_task
def execute_step(pk: int) -> None:
    """Do the step whose turn it is, and for a moment those that come after it."""
    _go_on(pk, mine=False)


def _go_on(pk: int, *, mine: bool) -> None:
    """Do one step after the other, without a message to Redis and back in between: first the one it made ready itself.

    `mine` says that this is such a step, and not only one that was rung for.
    """
    owner, until = f"{socket.gethostname()}:{os.getpid()}", time.monotonic() + IN_HAND_SECONDS
    goes_on = True
    while goes_on and time.monotonic() < until:
        with wake.in_hand() as kept:
            if mine:
                execution.execute(pk, owner)
            else:
                goes_on = execution.execute_next(owner, rung=pk)
        mine = bool(kept)
        pk = kept[0] if kept else pk
    if goes_on:
        wake.ring(wake.STEP, pk)


def _does_steps() -> bool:
    """Whether the worker around this task was started for the queue of steps."""
    queues = current_app.amqp.queues
    return current_app.amqp.router.route({}, execute_step.name)["queue"].name in queues.consume_from
