"""Having the engine accept steps and name their columns: many in one session, and the same question once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from sqlglot import exp

from pipelines_app import lake
from pipelines_app.compiler import memory, statements
from pipelines_app.compiler.definition import Column
from pipelines_app.engines.base import Relation

Inputs = Sequence[tuple[str, tuple[Column, ...]]]
Explain = Callable[[exp.Query, Inputs], tuple[Column, ...]]
MOST_IN_A_SESSION = 100

# What the engine of this process said of a query over these columns: it says nothing else until it is another engine.
_SAID: memory.Memory[tuple[Column, ...]] = memory.Memory(4_000)


def explain(statement: exp.Query, inputs: Inputs) -> tuple[Column, ...]:
    """The columns that the engine says a query gives over empty inputs; raises EngineError where it refuses it."""
    with at_once() as ask:
        return ask(statement, inputs)


@contextmanager
def at_once() -> Iterator[Explain]:
    """The same for many queries: a session is begun with the first that has not been asked about before."""
    with ExitStack() as session:
        open_for: list[Explain] = []
        left = 0

        def ask(statement: exp.Query, inputs: Inputs) -> tuple[Column, ...]:
            nonlocal left
            key = (statements.text(statement), tuple((name, tuple(columns)) for name, columns in inputs))
            known = _SAID.recall(key)
            if known is not None:
                return known
            if not left:
                session.close()
                open_for[:] = [_asking(session)]
                left = MOST_IN_A_SESSION
            left -= 1
            return _SAID.keep(key, open_for[0](statement, inputs))

        yield ask


def _asking(session: ExitStack) -> Explain:
    explained = session.enter_context(lake.engine().explaining())
    return lambda statement, inputs: explained(
        statement, [Relation(name=name, columns=columns) for name, columns in inputs]
    )
