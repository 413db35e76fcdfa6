"""docs/promises.md says what the tests hold, no more and no less."""

import pytest

from tests.chaos import promises


def test_the_table_of_promises_is_what_the_tests_say() -> None:
    assert promises.written() == promises.table(), "run `python -m tests.chaos --write`"


@pytest.mark.parametrize("number", promises.PROMISES)
def test_every_promise_is_held_by_a_test(number: int) -> None:
    assert [holder for holder in promises.holders() if holder.promise == number]


def test_no_test_holds_what_nobody_promised() -> None:
    assert {holder.promise for holder in promises.holders()} <= set(promises.PROMISES)
