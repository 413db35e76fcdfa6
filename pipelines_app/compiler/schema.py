"""What a query gives: its output columns and their types, once every name in it is known to mean something."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

from pipelines_app.compiler import names, positions, statements, types
from pipelines_app.compiler.definition import Column
from pipelines_app.errors import StatementRefused

Relations = Mapping[str, Sequence[Column]]
_UNNAMED = re.compile(r"_col_\d+")


@dataclass(frozen=True, kw_only=True)
class Described:
    """A query with every column qualified and typed; a column's type is empty where only the engine can tell."""

    tree: exp.Query
    columns: tuple[Column, ...]


def describe(tree: exp.Query, relations: Relations, dialect: str = statements.DIALECT) -> Described:
    """Qualify a query over these datasets; raises StatementRefused at the first name that means nothing.

    The tree is used up: it is changed into the one that is given back.
    """
    # What looks like a name that nobody gave, but stands in the text.
    written = frozenset(one.name.lower() for one in tree.find_all(exp.Identifier) if one.name[:4] == "_col")
    found = typed(tree, relations, dialect)
    return Described(tree=found, columns=_columns(found, written))


def typed(tree: exp.Query, relations: Relations, dialect: str = statements.DIALECT) -> exp.Query:
    """The query with every name told in full and every part typed, whatever its columns are called."""
    catalogue = _catalogue(_known_tables(tree, relations), relations)
    try:
        return annotate_types(_qualified(tree, relations, catalogue, dialect), schema=catalogue, dialect=dialect)
    except SqlglotError as error:
        raise _refusal(error) from error
    except RecursionError as error:
        raise StatementRefused("the statement is nested too deeply; split it into steps") from error


def qualified(tree: exp.Query, relations: Relations) -> exp.Query:
    """The query with every name told in full, and no types; the tree is used up."""
    catalogue = _catalogue(_known_tables(tree, relations), relations)
    return _qualified(tree, relations, catalogue, statements.DIALECT)


def _qualified(tree: exp.Query, relations: Relations, catalogue: MappingSchema, dialect: str) -> exp.Query:
    found = qualify(
        tree,
        dialect=dialect,
        schema=catalogue,
        validate_qualify_columns=False,
        allow_partial_qualification=True,
    )
    _refuse_unknown_columns(found, relations)
    return found


def _refusal(error: SqlglotError) -> StatementRefused:
    text = str(error).replace("\x1b[4m", "").replace("\x1b[0m", "").strip().splitlines()
    what = text[0] if text else "the statement cannot be understood"
    missing = re.fullmatch(r"Cannot automatically join: (.*)", what)
    return StatementRefused(f"USING names {missing[1]}, which both sides of the join must have" if missing else what)


def _catalogue(tables: Iterable[str], relations: Relations) -> MappingSchema:
    """The columns of the datasets the query reads, as the parser's library wants them."""
    layers: dict[str, dict[str, object]] = {}
    for name in tables:
        layer, _, table = name.partition(".")
        # In lower case already, as the names in the tree will be: nothing is left to normalise.
        columns = {column.name.lower(): _type(column.type).copy() for column in relations.get(name, ())}
        layers.setdefault(layer, {})[table] = columns
    return MappingSchema(dict(layers), dialect=statements.DIALECT, normalize=False)


@lru_cache(maxsize=1000)
def _type(spelled: str) -> exp.DataType:
    if not spelled:
        return exp.DataType(this=exp.DataType.Type.UNKNOWN)
    return exp.DataType.build(spelled, dialect=statements.DIALECT, udt=True)


def refuse_unknown(inputs: Iterable[str], known: Collection[str], tree: Callable[[], exp.Query]) -> None:
    """Raise StatementRefused at the first dataset that is not known, before anything is asked of the others."""
    if any(name not in known for name in inputs):
        _known_tables(tree(), known)


def _known_tables(tree: exp.Query, known: Collection[str]) -> dict[str, None]:
    """The datasets the query reads; raises StatementRefused at the first that is not known."""
    found: dict[str, None] = {}
    for scope in traverse_scope(tree):
        for table in scope.sources.values():
            if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
                continue
            name = statements.dataset_name(table)
            if name not in known:
                near = names.nearest(name, known)
                message = f"there is no dataset {name}{names.hint(name, known)}"
                raise StatementRefused(message, suggestion=near, **positions.of(table.this))
            found[name] = None
    return found


def _refuse_unknown_columns(qualified: exp.Query, relations: Relations) -> None:
    for scope in traverse_scope(qualified):
        own = {name: _source_columns(source, relations) for name, source in scope.sources.items()}
        for column in scope.columns:
            if column.table in own and (not own[column.table] or column.name in own[column.table]):
                continue
            if not isinstance(column.this, exp.Star) and not _is_variable(column):
                _refuse(column, own, scope)
    for whole in qualified.find_all(exp.TableColumn):
        raise StatementRefused(f"{whole.name} is a table: name its columns", **positions.of(whole))


def _refuse(column: exp.Column, own: Mapping[str, Sequence[str]], scope: Scope) -> None:
    """Refuse a column that no source has, and a table that is none; one around a query within it is left to it."""
    if not column.table:
        _refuse_column(column, own)
    elif column.table in own:
        _refuse_column(column, {column.table: own[column.table]})
    elif scope.is_root:
        _refuse_table(column, own)


def _source_columns(source: exp.Expr | Scope, relations: Relations) -> list[str]:
    """The columns of a source of a scope, in lower case; empty where they cannot be told."""
    if isinstance(source, Scope):
        query = source.expression
        return [name for name, _ in outputs(query)] if isinstance(query, exp.Query) else []
    columns = relations.get(statements.dataset_name(source), ()) if isinstance(source, exp.Table) else ()
    return [column.name.lower() for column in columns]


def _is_variable(column: exp.Column) -> bool:
    """Whether a name is the variable of a list comprehension around it, or of a lambda."""
    above = column.parent
    while above is not None:
        if isinstance(above, exp.Comprehension) and above.expression.name == column.name:
            return True
        if isinstance(above, exp.Lambda) and column.name in {variable.name for variable in above.expressions}:
            return True
        above = above.parent
    return False


def _refuse_column(column: exp.Column, own: Mapping[str, Sequence[str]]) -> None:
    known = [name for columns in own.values() for name in columns]
    near = names.nearest(column.name, known)
    within = f" in {column.table}" if column.table else ""
    message = f"there is no column {column.name}{within}{names.hint(column.name, known)}"
    raise StatementRefused(message, suggestion=near, **positions.of(column.this))


def _refuse_table(column: exp.Column, own: Mapping[str, Sequence[str]]) -> None:
    near = names.nearest(column.table, own)
    message = f"there is no table {column.table} in this query{names.hint(column.table, own)}"
    raise StatementRefused(message, suggestion=near, **positions.of(column))


def _columns(qualified: exp.Query, written: Collection[str]) -> tuple[Column, ...]:
    found: dict[str, Column] = {}
    for position, (name, select) in enumerate(outputs(qualified), start=1):
        if isinstance(select, exp.Star) or select.is_star:
            raise StatementRefused("* cannot be expanded here; name the columns", **positions.of(select))
        if _UNNAMED.fullmatch(name) and name not in written:
            text = statements.text(select.unalias())
            shown = text if len(text) <= 60 else f"{text[:57]}..."
            raise StatementRefused(f"column {position} has no name: write {shown} AS name", **positions.of(select))
        fault = names.column_fault(name)
        if fault or name in found:
            message = fault or f"two columns are named {name}: give one of them another name with AS"
            raise StatementRefused(message, **positions.of(select))
        found[name] = Column(name=name, type=types.spelling(select.type))
    return tuple(found.values())


def outputs(query: exp.Query) -> Iterator[tuple[str, exp.Expr]]:
    """The name and expression of every output column; of a union by name, those of both sides."""
    if isinstance(query, exp.Subquery):
        yield from outputs(query.this)
        return
    if not isinstance(query, exp.SetOperation):
        yield from ((select.alias_or_name, select) for select in query.selects)
        return
    left = list(outputs(query.left))
    yield from left
    if query.args.get("by_name"):
        taken = {name for name, _ in left}
        yield from ((name, select) for name, select in outputs(query.right) if name not in taken)
