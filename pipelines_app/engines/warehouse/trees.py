"""The statements the PostgreSQL engine puts around an analyst's query, built as trees."""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from pipelines_app.compiler import statements
from pipelines_app.compiler.definition import Column
from pipelines_app.compiler.portable import doors, types, writing
from pipelines_app.engines.base import Relation, Table
from pipelines_app.errors import EngineError, StatementRefused

DIALECT = "postgres"
TEMPORARY = "pg_temp"


def identifier(column: str) -> exp.Identifier:
    """A column's name as it is kept: in lower case, for DuckDB knows no other."""
    return exp.to_identifier(column.lower(), quoted=True)


def name(column: str) -> exp.Column:
    return exp.column(identifier(column))


def table(place: Table) -> exp.Table:
    return exp.Table(this=exp.to_identifier(place.name, quoted=True), db=exp.to_identifier(place.schema, quoted=True))


def kept(column: Column) -> exp.DataType:
    """The type in which a column is kept; raises EngineError for one that is not."""
    if fault := types.fault(column.name, column.type):
        raise EngineError(f"{fault}.", kind=EngineError.STATEMENT)
    found = types.held(column.type)
    if found is None:
        raise EngineError(f"There is no type for {column.name}.", kind=EngineError.STATEMENT)
    return found


def cast(value: exp.Expr, column: Column) -> exp.Expr:
    """A value as a column keeps it."""
    made = exp.Cast(this=value, to=kept(column))
    return writing.collated(made) if made.to.this == exp.DType.TEXT else made


def empty_table(place: Table, columns: Sequence[Column]) -> exp.Create:
    """CREATE TABLE with exactly these columns, in this order."""
    body = exp.Schema(this=table(place), expressions=[_definition(column) for column in columns])
    return exp.Create(this=body, kind="TABLE")


def _definition(column: Column) -> exp.ColumnDef:
    type_ = kept(column)
    constraints = []
    if type_.this == exp.DType.TEXT:
        constraints = [exp.ColumnConstraint(kind=exp.CollateColumnConstraint(this=writing.collation()))]
    return exp.ColumnDef(this=identifier(column.name), kind=type_, constraints=constraints)


def filled(place: Table, query: exp.Query, columns: Sequence[Column]) -> exp.Insert:
    """INSERT of the query's rows with exactly these columns, by name, in these types."""
    return exp.Insert(this=table(place), expression=cast_to(query, columns))


def cast_to(query: exp.Query, columns: Sequence[Column]) -> exp.Select:
    wanted = [exp.alias_(cast(name(column.name), column), column.name.lower(), quoted=True) for column in columns]
    return exp.select(*wanted).from_(subquery(query))


def subquery(query: exp.Query, columns: Sequence[str] = ()) -> exp.Subquery:
    names = [exp.to_identifier(column, quoted=True) for column in columns]
    alias = exp.TableAlias(this=exp.to_identifier("q", quoted=True), columns=names or None)
    return exp.Subquery(this=query.copy(), alias=alias)


def view(alias: str, relation: Relation, *, schema: str = TEMPORARY, replace: bool = False) -> exp.Create:
    """A view that stands for a dataset; with no tables, one with its columns and no rows."""
    target = table(Table(schema=schema, name=alias))
    return exp.Create(this=target, kind="VIEW", expression=held(relation), replace=replace)


def held(relation: Relation) -> exp.Query:
    """The rows of a dataset, as its columns."""
    groups = [rows for group in (relation, *relation.earlier) for rows in _groups(group, relation)]
    if not groups:
        return _nothing(relation)
    return groups[0] if len(groups) == 1 else exp.union(*groups, distinct=False)


def _groups(group: Relation, relation: Relation) -> list[exp.Query]:
    if group.query is not None:
        return [_rows(subquery(expanded(group.query, group.reads)), group, relation)]
    return [_rows(table(place), group, relation) for place in group.files if isinstance(place, Table)]


def expanded(query: exp.Query, reads: Sequence[Relation]) -> exp.Query:
    """A query over exactly these relations: they stand in it, so that nothing else of their names is read."""
    inner = {relation.name.lower(): relation for relation in reads}
    whole = written(query, {name: relation.columns for name, relation in inner.items()})
    for one in list(whole.find_all(exp.Table)):
        found = inner.get(statements.dataset_name(one)) if one.db else None
        if found is not None:
            alias = exp.TableAlias(this=exp.to_identifier(one.alias_or_name, quoted=True))
            one.replace(exp.Subquery(this=held(found), alias=alias))
    return whole


def written(statement: exp.Query, known: Mapping[str, Sequence[Column]]) -> exp.Query:
    """A statement as PostgreSQL runs it; raises EngineError with why it is not portable."""
    try:
        return doors.written(statement, known)
    except StatementRefused as refused:
        raise EngineError(refused.message, kind=EngineError.STATEMENT) from refused


def _nothing(relation: Relation) -> exp.Select:
    columns = [exp.alias_(cast(exp.null(), one), one.name.lower(), quoted=True) for one in relation.columns]
    return exp.select(*columns).where(exp.false())


def _rows(source: exp.Expr, group: Relation, relation: Relation) -> exp.Select:
    """The rows of a source as the dataset's columns: null in those from before a column was there."""
    known = {column.name.lower(): column for column in group.columns}
    columns = [
        exp.alias_(_as_declared(known.get(column.name.lower()), column), column.name.lower(), quoted=True)
        for column in relation.columns
    ]
    return exp.select(*columns).from_(source)


def _as_declared(held: Column | None, column: Column) -> exp.Expr:
    if held is None:
        return cast(exp.null(), column)
    return cast(name(column.name), column)


def placed(query: exp.Query, laid: Mapping[str, str]) -> exp.Query:
    """The query with every dataset in it read from the view that stands for it; changes the tree."""
    for one in list(query.find_all(exp.Table)):
        found = laid.get(statements.dataset_name(one)) if one.db else None
        if found is not None:
            one.set("this", exp.to_identifier(found, quoted=True))
            one.set("db", exp.to_identifier(TEMPORARY))
    return query


def stock(place: Table) -> exp.Select:
    """Rows, a sum of their hashes (equal for equal rows in whatever order), and how many bytes they take."""
    row = exp.Anonymous(this="hash_record_extended", expressions=[exp.column("t"), exp.Literal.number(0)])
    summed = exp.Cast(
        this=exp.Sum(this=exp.Cast(this=row, to=exp.DataType.build("DECIMAL", dialect=DIALECT))),
        to=exp.DataType.build("TEXT", dialect=DIALECT),
    )
    size = exp.Anonymous(this="pg_total_relation_size", expressions=[regclass(place)])
    counted = exp.select(exp.Count(this=exp.Star()), summed, size)
    return counted.from_(exp.alias_(table(place), "t", table=True))


def regclass(place: Table) -> exp.Cast:
    quoted = table(place).sql(DIALECT)
    return exp.Cast(this=exp.Literal.string(quoted), to=exp.DataType.build("regclass", dialect=DIALECT, udt=True))


def analysed(place: Table) -> exp.Command:
    """Have the planner know what a new table holds."""
    return exp.Command(this="ANALYZE", expression=exp.Literal.string(text(table(place))))


def dropped(place: Table) -> exp.Drop:
    return exp.Drop(tables=[table(place)], kind="TABLE", exists=True)


def planned(query: exp.Query) -> exp.Command:
    """Have the planner go through a query without running it."""
    return exp.Command(this="EXPLAIN", expression=exp.Literal.string(query.sql(DIALECT)))


def text(statement: exp.Expr) -> str:
    return statement.sql(DIALECT, comments=False)
