"""Verbs that are called by other verbs take part in the caller's transaction, without a savepoint of their own."""

import logging
import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction

logger = logging.getLogger(__name__)
Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def joined(verb: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Run in the caller's transaction, or in one of its own.

    An error ends the caller's transaction with it, so no caller may go on after one: who wants to, opens a savepoint.
    A savepoint costs two statements, and the road from an arrival to its first step passes through half a dozen.
    """

    @wraps(verb)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        with transaction.atomic(savepoint=_within_a_test()):
            return verb(*args, **kwargs)

    return run


# What passes by itself: a deadlock, a lost serialisation, a server that ends sessions or is not there.
PASSING = ("08", "40", "57P", "25P03")
LOST = ("40",)  # a deadlock or a lost serialisation: the server has undone all of it, and the connection is good
TRIES = 5
FIRST_WAIT_SECONDS = 0.05


def persistent(verb: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Do a transaction again at once whose victim of a deadlock it was; within another one that is for that to do.

    Only for what begins anew from what the database says: nothing it was given may have been changed by the first try.
    """

    @wraps(verb)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        for number in range(1, TRIES):
            try:
                return verb(*args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or not _has_sqlstate(error, LOST):
                    raise
                logger.warning("%s is tried again: %s", verb.__name__, error)
            time.sleep(random.uniform(0.5, 1) * FIRST_WAIT_SECONDS * 2**number)  # nosec B311
        return verb(*args, **kwargs)

    return run


def is_passing(error: Exception) -> bool:
    """Whether an error of the database is none of the work that it interrupted."""
    if isinstance(error, InterfaceError):
        return True
    return isinstance(error, OperationalError) and _has_sqlstate(error, PASSING)


def _has_sqlstate(error: Exception, beginnings: tuple[str, ...]) -> bool:
    return str(getattr(error.__cause__, "sqlstate", "")).startswith(beginnings)


def _within_a_test() -> bool:
    """Whether the transaction around this one is a test's, which goes on after errors that the test expects."""
    outer = connection.atomic_blocks
    return bool(outer) and bool(getattr(outer[-1], "_from_testcase", False))
