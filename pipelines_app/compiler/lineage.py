"""Which columns a query's columns come from: by value (direct), or by what decides over rows and values (indirect)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from pipelines_app.compiler import schema, statements
from pipelines_app.compiler.compiled import Edge, EdgeKind

Origin = tuple[str, str]


@dataclass(frozen=True)
class Origins:
    """Where a column comes from: dataset columns whose value it carries, and those that only decide over it."""

    direct: frozenset[Origin] = frozenset()
    indirect: frozenset[Origin] = frozenset()

    def __or__(self, other: "Origins") -> "Origins":
        return Origins(self.direct | other.direct, self.indirect | other.indirect)

    def aside(self) -> "Origins":
        """The same origins, of something that only decides."""
        return Origins(frozenset(), self.direct | self.indirect)


NOWHERE = Origins()
# Where in a node stand those of its parts that decide and are not carried on.
_DECIDING: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.Window: ("partition_by", "order"),
    exp.If: ("this",),
    exp.Filter: ("expression",),
    exp.WithinGroup: (),
    exp.Order: ("expressions",),
}
# The parts of a query that decide over its rows.
_ROW_PARTS = ("where", "group", "having", "qualify", "order", "distinct")


def edges(tree: exp.Query, dataset: str) -> tuple[Edge, ...]:
    """The edges of a qualified query that makes a dataset, in a steady order."""
    scopes = traverse_scope(tree)
    walk = _Walk({id(scope.expression): scope for scope in scopes})
    found: set[Edge] = set()
    for name, _ in schema.outputs(tree):
        origins = walk.output(scopes[-1], name)
        found |= _edges(origins.direct, dataset, name, EdgeKind.DIRECT)
        found |= _edges(origins.indirect - origins.direct, dataset, name, EdgeKind.INDIRECT)
    deciding = NOWHERE
    for scope in scopes:
        deciding |= walk.rows(scope)
    found |= _edges(deciding.direct | deciding.indirect, dataset, "", EdgeKind.INDIRECT)
    return tuple(sorted(found, key=lambda edge: (edge.column, edge.kind, edge.from_dataset, edge.from_column)))


def _edges(origins: Iterable[Origin], dataset: str, column: str, kind: EdgeKind) -> set[Edge]:
    return {
        Edge(from_dataset=source, from_column=name, dataset=dataset, column=column, kind=kind)
        for source, name in origins
    }


@dataclass
class _Walk:
    """Follows columns through the scopes of one query, each output column of each scope once."""

    scopes: dict[int, Scope]
    known: dict[tuple[int, str], Origins] = field(default_factory=dict)

    def output(self, scope: Scope, name: str) -> Origins:
        """The origins of a scope's output column."""
        # A recursive query refers to itself by a scope that is only half made.
        scope = self.scopes.get(id(scope.expression), scope)
        key = (id(scope), name)
        if key not in self.known:
            self.known[key] = NOWHERE  # what a recursive query finds of itself
            self.known[key] = self._output(scope, name)
        return self.known[key]

    def _output(self, scope: Scope, name: str) -> Origins:
        if scope.set_operation_scopes:
            return self._united(scope, name)
        expression = scope.expression
        if isinstance(expression, exp.Query):
            for alias, select in schema.outputs(expression):
                if alias == name:
                    return self.expression(scope, select)
            return NOWHERE
        # A table made by a function: all its columns come from all its arguments.
        return self.expression(scope, expression)

    def _united(self, scope: Scope, name: str) -> Origins:
        left, right = scope.set_operation_scopes
        if scope.expression.args.get("by_name"):
            return self.output(left, name) | self.output(right, name)
        at = _names(scope).index(name)
        ours, theirs = (_names(side) for side in (left, right))
        right_origins = self.output(right, theirs[at]) if at < len(theirs) else NOWHERE
        return self.output(left, ours[at]) | right_origins

    def expression(self, scope: Scope, node: exp.Expr) -> Origins:
        """The origins of an expression within a scope."""
        if isinstance(node, exp.Column):
            return self.column(scope, node)
        if isinstance(node, exp.Query):
            return self._nested(scope, node)
        found = NOWHERE
        for part, child in _children(node):
            origins = self.expression(scope, child)
            found |= origins.aside() if part in _DECIDING.get(type(node), ()) else origins
        return found

    def _nested(self, scope: Scope, query: exp.Query) -> Origins:
        """A query within an expression: its columns are carried on, what decides over its rows is not."""
        inner = next((one for one in scope.subquery_scopes if one.expression is query.unnest()), None)
        if inner is None:
            return NOWHERE
        found = NOWHERE
        for name in _names(inner):
            found |= self.output(inner, name)
        return found.aside() if isinstance(query.parent, exp.Exists | exp.In) else found

    def column(self, scope: Scope | None, column: exp.Column) -> Origins:
        """The origins of a column, looked for in the scope and those around it."""
        while scope is not None:
            source = scope.sources.get(column.table)
            if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
                return Origins(direct=frozenset({(statements.dataset_name(source), column.name)}))
            if isinstance(source, Scope):
                return self.output(source, column.name)
            if source is not None:
                return self.expression(scope, source)
            if not column.table and isinstance(scope.expression, exp.Query):
                return self._alias(scope, column)
            scope = scope.parent
        return NOWHERE

    def _alias(self, scope: Scope, column: exp.Column) -> Origins:
        """ORDER BY may name an output column of its own query."""
        if column.name in _names(scope) and column.find_ancestor(exp.Order, exp.Select):
            return self.output(scope, column.name)
        return NOWHERE

    def rows(self, scope: Scope) -> Origins:
        """What decides over the rows of a scope: its filters, joins, groups and order."""
        query = scope.expression
        found = NOWHERE
        for part in _ROW_PARTS:
            node = query.args.get(part)
            if isinstance(node, exp.Expr):
                found |= self.expression(scope, node)
        for join in query.args.get("joins") or ():
            if isinstance(join.args.get("on"), exp.Expr):
                found |= self.expression(scope, join.args["on"])
        return found.aside()


def _children(node: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    for part, value in node.args.items():
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, exp.Expr):
                yield part, child


def _names(scope: Scope) -> list[str]:
    query = scope.expression
    return [name for name, _ in schema.outputs(query)] if isinstance(query, exp.Query) else []
