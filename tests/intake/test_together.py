"""Who comes at the same time is served by one of them, and nobody is left waiting, whatever becomes of that one."""

import threading

import pytest

from pipelines_app.intake.together import Together

PATIENCE = 20


class Counter:
    """Work that tells its groups, and goes on only when it is let."""

    def __init__(self):
        self.groups, self.may_go_on, self.has_begun = [], threading.Event(), threading.Event()

    def work(self, asked):
        self.groups.append(list(asked))
        self.has_begun.set()
        assert self.may_go_on.wait(PATIENCE)
        return [f"answer to {one}" for one in asked]


def asked_by_threads(together, numbers, answers):
    def ask(number):
        try:
            answers[number] = together.ask(number)
        except ZeroDivisionError:
            answers[number] = "broke"

    threads = [threading.Thread(target=ask, args=(number,), daemon=True) for number in numbers]
    for thread in threads:
        thread.start()
    return threads


def joined(threads):
    for thread in threads:
        thread.join(PATIENCE)
    assert not [thread for thread in threads if thread.is_alive()]


def waiting(together, count):
    """Spin until so many wait: it is a matter of threads that have been started."""
    deadline = threading.Event()
    for _ in range(PATIENCE * 1000):
        if len(together._queue) == count:
            return
        deadline.wait(0.001)
    raise AssertionError(f"{len(together._queue)} wait, not {count}")


def test_who_comes_alone_is_served_at_once():
    counter = Counter()
    counter.may_go_on.set()
    together = Together(counter.work, most=8)
    assert [together.ask(1), together.ask(2)] == ["answer to 1", "answer to 2"]
    assert counter.groups == [[1], [2]]


def test_who_comes_while_another_is_served_shares_the_next_group_up_to_its_size():
    counter, answers = Counter(), {}
    together = Together(counter.work, most=3)
    threads = asked_by_threads(together, [0], answers)
    assert counter.has_begun.wait(PATIENCE)
    for number in range(1, 6):
        threads += asked_by_threads(together, [number], answers)
        waiting(together, number)
    counter.may_go_on.set()
    joined(threads)
    assert counter.groups == [[0], [1, 2, 3], [4, 5]]
    assert answers == {number: f"answer to {number}" for number in range(6)}


def test_where_the_one_who_leads_breaks_the_others_of_its_group_are_told_and_the_next_ones_served():
    answers, groups, lets = {}, [], threading.Event()

    def work(asked):
        groups.append(list(asked))
        assert lets.wait(PATIENCE)
        if 1 in asked:
            raise ZeroDivisionError
        return [str(one) for one in asked]

    together = Together(work, most=2)
    threads = asked_by_threads(together, [0], answers)
    for number in range(1, 5):
        for _ in range(PATIENCE * 1000):
            if groups:
                break
            threading.Event().wait(0.001)
        threads += asked_by_threads(together, [number], answers)
        waiting(together, number)
    lets.set()
    joined(threads)
    assert groups == [[0], [1, 2], [3, 4]]
    assert answers == {0: "0", 1: "broke", 2: None, 3: "3", 4: "4"}


@pytest.mark.parametrize("most", [1, 5, 64])
def test_of_very_many_at_once_each_gets_its_own_answer(most):
    together = Together(lambda asked: [one * 2 for one in asked], most=most)
    answers = {}
    joined(asked_by_threads(together, range(200), answers))
    assert answers == {number: number * 2 for number in range(200)}
    assert not together._is_led
