"""Patterns in an engine's own dialect: written out, and none that goes back and forth over a text without end."""

import re
from collections.abc import Iterator

from sqlglot import exp

_WITH_PATTERNS = (
    exp.RegexpLike,
    exp.RegexpILike,
    exp.RegexpFullMatch,
    exp.RegexpExtract,
    exp.RegexpExtractAll,
    exp.RegexpReplace,
    exp.RegexpSplit,
    exp.RegexpCount,
    exp.RegexpInstr,
    exp.RegexpSubstr,
    exp.SimilarTo,
    exp.Split,
)
_BY_NAME = frozenset({"regexp_match", "regexp_split_to_array"})
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
_OFTEN = frozenset("*+{")


def faults(tree: exp.Expr) -> Iterator[tuple[exp.Expr, str]]:
    """The parts of a query whose pattern is refused, and why."""
    for node in tree.find_all(*_WITH_PATTERNS, exp.Anonymous):
        if isinstance(node, exp.Anonymous) and node.name.lower() not in _BY_NAME:
            continue
        pattern = node.expressions[1] if isinstance(node, exp.Anonymous) else node.expression
        if not isinstance(pattern, exp.Literal):
            yield node, "a pattern is written out, so that it can be looked at: it cannot come from the data"
        elif may_run_on(pattern.name):
            yield node, f"the pattern {pattern.name[:40]!r} can run for ever: repeat no group that repeats or chooses"


def may_run_on(pattern: str) -> bool:
    """Whether a group that repeats or chooses is itself repeated, or a pattern goes back to what it has matched."""
    parts = _TOKEN.findall(pattern)
    inside = [False]
    for place, part in enumerate(parts):
        after = parts[place + 1] if place + 1 < len(parts) else ""
        if part[0] == "\\" and part[1:].isdigit() and part != "\\0":
            return True
        if part == "(":
            inside.append(False)
        elif part == ")" and len(inside) > 1:
            varies = inside.pop()
            if varies and after in _OFTEN:
                return True
            inside[-1] |= varies or after in _OFTEN
        elif part in "*+{|":
            inside[-1] = True
    return False
