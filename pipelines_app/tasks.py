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
    _go_on(kept)


@shared_task
def execute_step(pk: int) -> None:
    """Do one step, if it is still to be done, and for a moment those that it makes ready."""
    _go_on([pk])


def _go_on(steps: list[int]) -> None:
    """Do a step, then the one that it made ready: without a message to Redis and back in between."""
    until = time.monotonic() + IN_HAND_SECONDS
    while steps and time.monotonic() < until:
        with wake.in_hand() as kept:
            execution.execute(steps[0], f"{socket.gethostname()}:{os.getpid()}")
        steps = kept
    for pk in steps:
        wake.ring(wake.STEP, pk)


def _does_steps() -> bool:
    """Whether the worker around this task was started for the queue of steps."""
    queues = current_app.amqp.queues
    return current_app.amqp.router.route({}, execute_step.name)["queue"].name in queues.consume_from
