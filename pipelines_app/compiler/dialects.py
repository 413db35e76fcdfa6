"""A step's query in the dialect that it is written in: DuckDB's, or the own one of an engine that runs it.

What is written in an engine's own dialect is no less watched: one query of listed parts over datasets, regenerated from
its tree, and refused where what would come out is not what was typed.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlglot import Token, TokenType, exp

from pipelines_app.compiler import dialect_patterns, dialect_words, gate, positions, statements
from pipelines_app.compiler.definition import Column
from pipelines_app.errors import StatementRefused

NAMES: Mapping[str, str] = {"postgres": "PostgreSQL", "spark": "Spark"}
_MARK = "loopline_native"
_STANDS = "loopline_portable"
_LAYER = "loopline_native"
_UNIT = re.compile(r"[-\d. ]*(?:micro|milli)?(?:second|minute|hour|day|week|month|quarter|year)s?", re.IGNORECASE)
_ITS_OWN = re.compile(r"pg_|information_schema|system$|_loopline")


@dataclass(frozen=True)
class Native:
    """That a query is in an engine's own dialect, and which columns it gives."""

    dialect: str
    columns: tuple[Column, ...]


def parse(sql: str, dialect: str) -> exp.Query:
    """The one query of a text; parameters stand in it as in any other. Raises StatementRefused."""
    tree = statements.parse(sql, dialect)
    if dialect == statements.DIALECT:
        return tree
    for node in list(tree.find_all(exp.Parameter)):
        node.replace(_placed(exp.Placeholder(this=node.name), node))
    _refuse_changed(sql, tree, dialect)
    return tree


def text(tree: exp.Query, dialect: str) -> str:
    """The canonical text of a tree, in which `$period` may still stand."""
    if dialect == statements.DIALECT:
        return statements.text(tree)
    told = tree.copy()
    for node in list(told.find_all(exp.Placeholder)):
        node.replace(exp.Parameter(this=exp.var(node.name)))
    return told.sql(dialect, comments=False)


def admit(tree: exp.Query, dialect: str) -> None:
    """Let a query pass or raise StatementRefused with the reason and the place."""
    if dialect == statements.DIALECT:
        gate.admit(tree)
        return
    gate.admit(tree, dialect_words.WORDS[dialect])
    for node in tree.find_all(exp.Dot, exp.CTE, exp.Table):
        if reason := _fault(node):
            raise StatementRefused(reason, **positions.of(node))
    for part, reason in dialect_patterns.faults(tree):
        raise StatementRefused(reason, **positions.of(part))


def _fault(node: exp.Expr) -> str:
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Func):
        return "a function is named and nothing more: it has no schema here"
    named = (node.alias if isinstance(node, exp.CTE) else node.text("db")) if not isinstance(node, exp.Dot) else ""
    if _ITS_OWN.match(named.lower()):
        return f"{named!r} is a name of the engine's own: choose another one"
    return ""


def marked(tree: exp.Query, dialect: str, columns: Sequence[Column]) -> exp.Query:
    """The tree, which says of itself that it is in an engine's own dialect."""
    if dialect != statements.DIALECT:
        tree.meta[_MARK] = Native(dialect, tuple(columns))
    return tree


def native(tree: exp.Expr) -> Native | None:
    """What a tree says of itself; None for one in DuckDB's dialect."""
    found = tree.meta.get(_MARK)
    return found if isinstance(found, Native) else None


def standing(rows: exp.Query, within: exp.Query) -> exp.Query:
    """Rows that are put into a query of another dialect, as what they are."""
    if native(within) is not None:
        rows = rows.copy()
        rows.meta[_STANDS] = True
    return rows


def portable_within(tree: exp.Query) -> Iterator[exp.Query]:
    """What was put into a query of an engine's own dialect."""
    yield from [node for node in tree.find_all(exp.Query) if node.meta.get(_STANDS)]


def taken_out(tree: exp.Query) -> tuple[exp.Query, list[exp.Query]]:
    """A portable query with tables in place of what is in an engine's own dialect, and these; changes the tree."""
    found: list[exp.Query] = []
    for node in list(tree.find_all(exp.Query)):
        said = native(node)
        if said is not None:
            table = exp.table_(f"q{len(found)}", db=_LAYER, quoted=True)
            chosen = [exp.column(one.name, quoted=True) for one in said.columns]
            found.append(node.copy())
            node.replace(exp.select(*chosen).from_(table))
    return tree, found


def columns_of(taken: Sequence[exp.Query]) -> dict[str, tuple[Column, ...]]:
    """The tables that stand for what was taken out, as datasets."""
    told = [(f"{_LAYER}.q{place}", native(one)) for place, one in enumerate(taken)]
    return {name: said.columns for name, said in told if said is not None}


def put_back(tree: exp.Query, taken: Sequence[exp.Query]) -> exp.Query:
    """The query with what was taken out of it; changes the tree."""
    for table in list(tree.find_all(exp.Table)):
        if table.db == _LAYER:
            alias = exp.TableAlias(this=exp.to_identifier(table.alias_or_name, quoted=True))
            table.replace(exp.Subquery(this=taken[int(table.name[1:])], alias=alias))
    return tree


def _placed(made: exp.Expr, node: exp.Expr) -> exp.Expr:
    """A node that says where the one that it replaces was written."""
    made.meta.update(node.this.meta if isinstance(node.this, exp.Expr) else node.meta)
    return made


def _refuse_changed(sql: str, tree: exp.Query, dialect: str) -> None:
    """Refuse what would come out as another function or with another text: the parser's library knows no better."""
    typed = statements.tokens(sql, dialect)
    made = statements.tokens(text(tree, dialect), dialect)
    calls = {token.text.lower() for token in _called(made)} | dialect_words.SAME[dialect]
    for token in _called(typed):
        if token.text.lower() not in calls:
            message = f"{token.text.lower()}(...) cannot be kept as it is written; say it with another function"
            raise statements.at(token, message)
    left = Counter(_plain(token.text) for token in made if token.token_type == TokenType.STRING)
    for token in typed:
        if token.token_type == TokenType.STRING:
            left[_plain(token.text)] -= 1
            if left[_plain(token.text)] < 0:
                raise statements.at(token, f"the text {token.text[:40]!r} cannot be kept as it is written here")


def _called(tokens: Sequence[Token]) -> list[Token]:
    """The words that a bracket follows at once."""
    pairs = pairwise(tokens)
    return [
        token
        for token, after in pairs
        if after.token_type == TokenType.L_PAREN and after.start == token.end + 1 and token.text.isidentifier()
    ]


def _plain(said: str) -> str:
    """A text as it is compared: a unit of time means the same in capitals."""
    return said.lower() if _UNIT.fullmatch(said) else said
