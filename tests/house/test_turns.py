"""In which order a worker takes its messages."""

import sys

from celery.fixups.django import DjangoWorkerFixup
from kombu.utils.imports import symbol_by_name

from controlplane import celery
from controlplane.transport import Turns


def test_what_starts_runs_goes_before_all_and_what_nobody_waits_for_comes_last() -> None:
    turns = Turns()
    turns.update([celery.PROFILES, celery.STEPS, celery.QUICK, celery.STARTS])
    assert turns.consume(4) == [celery.STARTS, celery.STEPS, celery.QUICK, celery.PROFILES]
    for used in (celery.STARTS, celery.STEPS, celery.PROFILES):
        turns.rotate(used)
    assert turns.consume(4) == [celery.STARTS, celery.QUICK, celery.STEPS, celery.PROFILES]
    turns.rotate("a queue that it looks into no more")
    turns.update([celery.QUICK])
    assert turns.consume(1) == [celery.QUICK]


def test_workers_take_their_messages_in_these_turns_and_keep_their_connections_to_the_database() -> None:
    named = celery.app.conf.broker_transport_options["queue_order_strategy"]
    assert symbol_by_name(named) is Turns
    assert DjangoWorkerFixup(celery.app).db_reuse_max == sys.maxsize
