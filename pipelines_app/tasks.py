"""Celery's doorbells: an id in, nothing out; every one may be rung twice."""

import os
import socket

from celery import shared_task

from pipelines_app import events
from pipelines_app.runs import execution


@shared_task
def deliver_event(pk: int) -> None:
    """Hand one event to one consumer."""
    events.deliver(pk)


@shared_task
def execute_step(pk: int) -> None:
    """Do one step, if it is still to be done."""
    execution.execute(pk, f"{socket.gethostname()}:{os.getpid()}")
