"""What stands in FROM: tables, queries, functions, joins and what is beside them, entered into a frame one by one."""

from collections.abc import Callable, Sequence
from typing import cast

from sqlglot import exp

from pipelines_app.compiler.columns import generated, pivots
from pipelines_app.compiler.columns.expressions import traces
from pipelines_app.compiler.columns.frames import Frame, Source
from pipelines_app.compiler.columns.influence import Kind, Trace
from pipelines_app.compiler.columns.relations import Column, Relation

_HIDDEN_RIGHT = frozenset({"SEMI", "ANTI"})


def enter(query: exp.Expr, frame: Frame) -> None:
    """Enter all that a query selects from, in the order in which one may refer to another."""
    start = query.args.get("from_")
    if start is not None:
        one(start.this, frame)
        for other in start.args.get("expressions") or ():
            one(other, frame)
    for lateral in query.args.get("laterals") or ():
        one(lateral, frame)
    for join in query.args.get("joins") or ():
        _join(join, frame)
    for pivot in query.args.get("pivots") or ():
        over_all(pivot, frame)
    match = query.args.get("match")
    if match is not None:
        _replace_all(match, pivots.matched(match, Relation(tuple(frame.star())), frame), frame)


def one(node: exp.Expr, frame: Frame) -> None:
    """Enter one source, and what is joined to it within its own brackets."""
    inner = _brackets(node)
    if inner is not None and not node.alias:
        one(inner, frame)
    else:
        relation = _relation(node, frame)
        for pivot in node.args.get("pivots") or ():
            relation = pivots.pivoted(pivot, relation, frame)
        frame.add(Source(_names(node), relation))
    for lateral in node.args.get("laterals") or ():
        one(lateral, frame)
    for join in node.args.get("joins") or ():
        _join(join, frame)


def _brackets(node: exp.Expr) -> exp.Expr | None:
    """What stands in brackets that are no query: (a JOIN b)."""
    if isinstance(node, exp.Paren | exp.From | exp.Final | exp.Stream):
        return node.this if isinstance(node.this, exp.Expr) else None
    is_query = isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query)
    if isinstance(node, exp.Subquery) and (not is_query or holds_sources(node.this)):
        inner = node.this
        return inner if isinstance(inner, exp.Expr) and not isinstance(inner, exp.Select | exp.SetOperation) else None
    return None


def holds_sources(node: exp.Expr) -> bool:
    """Whether brackets hold sources that are joined, and no query."""
    return isinstance(node, exp.Subquery) and bool(node.args.get("joins") or isinstance(node.this, exp.Table))


def _names(node: exp.Expr) -> tuple[str, ...]:
    """The parts of the name a source goes by."""
    alias = node.args.get("alias")
    if isinstance(alias, exp.TableAlias) and alias.this is not None:
        return (alias.name.lower(),)
    if node.args.get("pivots"):
        pivot = node.args["pivots"][-1]
        if pivot.alias:
            return (pivot.alias.lower(),)
    if isinstance(node, exp.Table):
        return tuple(part.name.lower() for part in node.parts if part.name) or ("",)
    return ("",)


def _relation(node: exp.Expr, frame: Frame) -> Relation:
    reader = next((_READERS[kind] for kind in type(node).__mro__ if kind in _READERS), generated.function)
    relation = reader(node, frame)
    alias = node.args.get("alias")
    return relation.renamed(alias.args.get("columns") or ()) if isinstance(alias, exp.TableAlias) else relation


def _table(found: exp.Expr, frame: Frame) -> Relation:
    node = cast(exp.Table, found)
    if isinstance(node.this, exp.SemanticView):
        return frame.walk.table(node.this.this)
    if isinstance(node.this, exp.Parameter):
        return frame.walk.table(node)
    if not isinstance(node.this, exp.Identifier):
        return generated.function(node, frame)
    folded = node.name.lower()
    if not node.args.get("db") and folded in frame.queries:
        return frame.queries[folded]
    if len(node.parts) > 1 and _is_field(node, frame):
        return generated.element(node, frame)
    return frame.walk.table(node)


def _is_field(node: exp.Table, frame: Frame) -> bool:
    """FROM t, t.items: the second is a list in the rows of the first."""
    if frame.walk.dialect not in {"bigquery", "spark", "databricks", "redshift", "duckdb"}:
        return False
    first = node.parts[0].name.lower()
    return any(source.names == (first,) for around in frame.outward() for source in around.sources)


def _query(node: exp.Expr, frame: Frame) -> Relation:
    """A query in FROM; what it cannot find in itself is of its neighbours, whether or not LATERAL is written."""
    return frame.walk.query(node.this if isinstance(node, exp.Lateral) else node, frame)


def _lateral(node: exp.Expr, frame: Frame) -> Relation:
    if isinstance(node.this, exp.Query):
        return _query(node, frame)
    if isinstance(node.this, exp.Table):
        return _table(node.this, frame)
    return generated.function(node, frame)


def _join(join: exp.Expr, frame: Frame) -> None:
    before = list(frame.sources)
    if str(join.args.get("kind") or "").upper() == "ARRAY":
        for array in (join.this, *(join.args.get("expressions") or ())):
            frame.add(Source((array.alias_or_name.lower(),), generated.array(array, frame)))
        return
    one(join.this, frame)
    added = frame.sources[len(before) :]
    if str(join.args.get("kind") or "").upper() in _HIDDEN_RIGHT:
        for source in added:
            source.starred = False
    shared = [exp.to_identifier(name.name) for name in join.args.get("using") or ()]
    if str(join.args.get("method") or "").upper() == "NATURAL":
        shared = _natural(before, added, frame)
    for name in shared:
        _share(name, join, before, added, frame)
    frame.decide(traces([join.args.get("on"), join.args.get("match_condition")], frame), Kind.JOIN)


def _natural(before: Sequence[Source], added: Sequence[Source], frame: Frame) -> list[exp.Identifier]:
    if any(source.relation.wilds for source in (*before, *added)):
        frame.walk.note("NATURAL JOIN: the columns of its tables are not known")
    ours = {name.lower() for source in before for name in source.relation.names()}
    theirs = dict.fromkeys(name.lower() for source in added for name in source.relation.names())
    return [exp.to_identifier(name) for name in theirs if name in ours]


def _share(
    name: exp.Identifier, join: exp.Expr, before: Sequence[Source], added: Sequence[Source], frame: Frame
) -> None:
    """A column that both sides of a join have: which of them is seen depends on the side that may have gaps."""
    folded = name.name.lower()
    ours = frame.shared[folded].trace if folded in frame.shared else _of(before, name)
    theirs = _of(added, name)
    side = str(join.args.get("side") or "").upper()
    seen = {"LEFT": ours, "RIGHT": theirs}.get(side, ours | theirs)
    frame.decide(ours | theirs, Kind.JOIN)
    if str(join.args.get("kind") or "").upper() in _HIDDEN_RIGHT:
        seen = ours
    frame.shared[folded] = Column(name.name, seen)


def _of(sources: Sequence[Source], name: exp.Identifier) -> Trace:
    known = [source.relation.known(name) for source in sources]
    found = [trace for trace in known if trace is not None] or [
        guess for guess in (source.relation.column(name) for source in sources) if guess is not None
    ]
    return frozenset().union(*found)


def over_all(pivot: exp.Expr, frame: Frame) -> None:
    """PIVOT after a join is over all that stands before it."""
    _replace_all(pivot, pivots.pivoted(pivot, Relation(tuple(frame.star())), frame), frame)


def _replace_all(node: exp.Expr, relation: Relation, frame: Frame) -> None:
    frame.take(Source((node.alias.lower(),), relation))


_READERS: dict[type, Callable[[exp.Expr, Frame], Relation]] = {
    exp.Table: _table,
    exp.Values: generated.values,
    exp.Lateral: _lateral,
    exp.Query: _query,
}
