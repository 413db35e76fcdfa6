"""Verbs that are called by other verbs take part in the caller's transaction, without a savepoint of their own."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction

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


def is_passing(error: Exception) -> bool:
    """Whether an error of the database is none of the work that it interrupted."""
    if isinstance(error, InterfaceError):
        return True
    return isinstance(error, OperationalError) and str(getattr(error.__cause__, "sqlstate", "")).startswith(PASSING)


def _within_a_test() -> bool:
    """Whether the transaction around this one is a test's, which goes on after errors that the test expects."""
    outer = connection.atomic_blocks
    return bool(outer) and bool(getattr(outer[-1], "_from_testcase", False))
