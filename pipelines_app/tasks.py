"""Celery's doorbells: an id in, nothing out; every one may be rung twice."""

import os
import socket

from celery import current_app, shared_task

from pipelines_app import events, wake
from pipelines_app.runs import execution, hands
from pipelines_app.runs.leases import Claim

GOES_ON_SECONDS = 0.1  # how long a worker goes on with what it made ready itself, before what starts has its turn


@shared_task
def deliver_event(pk: int) -> None:
    """Hand one event to one consumer; a worker that does steps begins at once with one that it made ready."""
    if not _does_steps():
        events.deliver(pk)
        return
    with hands.hold_open(_owner()) as hand:
        events.deliver(pk)
    if hand.claim is not None:
        _go_on(hand.claim)


@shared_task
def execute_step(pk: int) -> None:
    """Do the step whose turn it is, and for a moment those that come after it."""
    _go_on(None, rung=pk)


def _go_on(claim: Claim | None, *, rung: int = 0) -> None:
    if execution.go_on(_owner(), claim=claim, rung=rung, seconds=GOES_ON_SECONDS):
        wake.ring(wake.STEP, rung)


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _does_steps() -> bool:
    """Whether the worker around this task was started for the queue of steps."""
    queues = current_app.amqp.queues
    return current_app.amqp.router.route({}, execute_step.name)["queue"].name in queues.consume_from
