"""The text of queries that are asked again and again: built and written once, then kept, packed, for the next time."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from sqlglot import exp

from pipelines_app.compiler.memory import Memory

MOST = 100  # of some 3 KiB each
_WRITTEN: Memory[bytes] = Memory(MOST)


@dataclass(frozen=True, kw_only=True)
class Often:
    """A query over relations of one shape; equal keys make equal queries, and what differs is given as texts.

    It gives numbers and texts alone, each under a name of its own, so that they need no other form for JSON.
    """

    key: bytes
    make: Callable[[], exp.Query] = field(compare=False, repr=False)
    given: Mapping[str, str] = field(default_factory=dict)

    def written(self, dialect: str) -> str:
        """The query in a dialect, with places for what is given."""
        key = (self.key, dialect)
        known = _WRITTEN.recall(key)
        if known is not None:
            return zlib.decompress(known).decode()
        text = self.make().sql(dialect, copy=False)
        _WRITTEN.keep(key, zlib.compress(text.encode()))
        return text

    def whole(self) -> exp.Query:
        """The query itself, with what is given in its places."""
        given = {name: exp.Literal.string(text) for name, text in self.given.items()}
        return cast(exp.Query, exp.replace_placeholders(self.make(), **given))


Asked = exp.Query | Often


def plainly(asked: Asked) -> exp.Query:
    """A query as a tree, for an engine that keeps no texts."""
    return asked.whole() if isinstance(asked, Often) else asked
