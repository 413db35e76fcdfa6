"""The statements the DuckDB engine puts around an analyst's query, built as trees."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlglot import exp

from pipelines_app.compiler import inlining
from pipelines_app.compiler.definition import Column
from pipelines_app.engines.base import Place, Relation
from pipelines_app.errors import EngineError

DIALECT = "duckdb"
AS_TEXT = ("DATE", "TIME", "TIMESTAMP", "DECIMAL", "HUGEINT", "UHUGEINT", "INTERVAL", "UUID", "BIT", "ENUM", "BIGNUM")
AS_JSON = ("STRUCT", "MAP", "UNION", "JSON")
TYPE_OF_NULL = {'"NULL"': "INTEGER", "NULL": "INTEGER"}


def name(column: str) -> exp.Column:
    return exp.column(column, quoted=True)


def typed(expression: exp.Expr, type_: str) -> exp.Cast:
    return exp.Cast(this=expression, to=built_type(type_))


def tried(expression: exp.Expr, type_: str) -> exp.TryCast:
    return exp.TryCast(this=expression, to=built_type(type_))


def built_type(type_: str) -> exp.DataType:
    return exp.DataType.build(type_, dialect=DIALECT)


def is_nested(type_: str) -> bool:
    """Whether values of a type are written as JSON."""
    return type_.endswith("]") or type_.upper().startswith(AS_JSON)


def call(function: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=function, expressions=list(arguments))


def option(key: str, value: object) -> exp.EQ:
    return exp.EQ(this=exp.column(key), expression=exp.convert(value))


def beginning(text: exp.Expr, characters: int, alias: str) -> exp.Expr:
    return exp.alias_(call("left", text, exp.convert(characters)), alias, quoted=True)


def struct(fields: Mapping[str, str]) -> exp.Struct:
    """A literal such as {'id': 'BIGINT'}; keys are text literals, so any column name will do."""
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.Literal.string(key), expression=exp.convert(value)) for key, value in fields.items()
        ]
    )


def texts(values: Sequence[object]) -> exp.Array:
    return exp.Array(expressions=[exp.Literal.string(str(value)) for value in values])


def parquet(files: Sequence[Place], *options: exp.EQ) -> exp.Table:
    # By name: older files of a dataset may lack a column that was added since.
    by_name = [option("union_by_name", True)] if len(files) > 1 else []
    return exp.Table(this=call("read_parquet", texts(files), *by_name, *options))


def view(relation: Relation) -> list[exp.Expr]:
    """A schema and a view that stand for a dataset; with no files, a view with its columns and no rows."""
    layer, _, table = relation.name.rpartition(".")
    schema = exp.Create(this=exp.Table(db=exp.to_identifier(layer, quoted=True)), kind="SCHEMA", exists=True)
    target = exp.table_(table, db=layer or None, quoted=True)
    create = exp.Create(this=target, kind="VIEW", expression=held(relation))
    return [schema, create] if layer else [create]


def held(relation: Relation) -> exp.Query:
    """The rows of a dataset, as its columns."""
    inside = [group for group in (relation, *relation.earlier) if group.files or group.query is not None]
    groups: list[exp.Query] = [_group(group, relation) for group in inside]
    return exp.union(*groups, distinct=False) if len(groups) > 1 else groups[0] if groups else _nothing(relation)


def expanded(query: exp.Query, reads: Sequence[Relation]) -> exp.Query:
    """A query over exactly these relations: they stand in it, so that nothing else of their names is read."""
    return inlining.over(query, {relation.name: held(relation) for relation in reads})


def _nothing(relation: Relation) -> exp.Select:
    columns = [exp.alias_(typed(exp.null(), c.type), c.name, quoted=True) for c in relation.columns]
    return exp.select(*columns).where(exp.false())


def _group(group: Relation, relation: Relation) -> exp.Select:
    """Files of one schema, as the dataset's columns."""
    held = {column.name.lower(): column for column in group.columns}
    columns = [
        exp.alias_(_as_declared(held.get(column.name.lower()), column, relation.name), column.name, quoted=True)
        for column in relation.columns
    ]
    if group.query is not None:
        return exp.select(*columns).from_(subquery(expanded(group.query, group.reads)))
    return exp.select(*columns).from_(parquet(group.files))


def _as_declared(held: Column | None, column: Column, dataset: str) -> exp.Expr:
    """A column as it is declared now: null in files from before it was there, cast from what it was in them."""
    if held is None:
        return typed(exp.null(), column.type)
    if held.type == column.type:
        return typed(name(column.name), column.type)
    said = f"{dataset}: {column.name} was {held.type} in earlier files, and this value is no {column.type}: "
    refused = call("error", exp.DPipe(this=exp.Literal.string(said), expression=as_text(name(column.name), held.type)))
    fits = exp.Or(this=name(column.name).is_(exp.null()), expression=_cast_holds(column))
    return exp.Case(
        ifs=[exp.If(this=fits, true=tried(name(column.name), column.type))], default=typed(refused, column.type)
    )


def _cast_holds(column: Column) -> exp.Expr:
    return exp.Not(this=tried(name(column.name), column.type).is_(exp.null()))


def views(relations: Sequence[Relation]) -> list[exp.Expr]:
    return [statement for relation in relations for statement in view(relation)]


def planned(query: exp.Query) -> exp.Expr:
    """Have the planner go through a query without running it."""
    return exp.Command(this="EXPLAIN", expression=exp.Literal.string(query.sql(DIALECT)))


def subquery(query: exp.Query, alias: str = "q", columns: Sequence[str] = ()) -> exp.Subquery:
    names = [exp.to_identifier(column, quoted=True) for column in columns]
    return exp.Subquery(
        this=query.copy(), alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True), columns=names or None)
    )


def cast_to(query: exp.Query, columns: Sequence[Column]) -> exp.Select:
    """The query's rows with exactly these columns, by name, in this order, in these types."""
    wanted = [exp.alias_(typed(name(column.name), column.type), column.name, quoted=True) for column in columns]
    return exp.select(*wanted).from_(subquery(query))


def copy(query: exp.Query, into: Path, options: Mapping[str, object]) -> exp.Copy:
    params = [
        exp.CopyParameter(this=exp.var(key), expression=value if isinstance(value, exp.Expr) else exp.convert(value))
        for key, value in options.items()
    ]
    return exp.Copy(this=exp.Subquery(this=query), kind=False, files=[exp.Literal.string(str(into))], params=params)


def parquet_copy(query: exp.Query, into: Path) -> exp.Copy:
    # zstd at its lowest level writes as fast as snappy and half the size.
    options = {"FORMAT": exp.var("parquet"), "COMPRESSION": exp.var("zstd"), "COMPRESSION_LEVEL": 1}
    return copy(query, into, options)


CSV = {"delim": ",", "quote": '"', "escape": '"', "nullstr": ""}


def text_copy(relation: Relation, into: Path) -> exp.Copy:
    """A dataset's rows as CSV, without a header, in the order of its columns."""
    layer, _, table = relation.name.rpartition(".")
    source = exp.table_(table, db=layer or None, quoted=True)
    query = exp.select(*(name(column.name) for column in relation.columns)).from_(source)
    options = {"FORMAT": exp.var("csv"), "HEADER": False, "DELIMITER": ",", "QUOTE": '"', "ESCAPE": '"', "NULLSTR": ""}
    return copy(query, into, options)


def from_text(text: Path, columns: Sequence[Column]) -> exp.Select:
    """The rows of a CSV in which only nothing at all is null."""
    kinds = {f"c{number}": column.type for number, column in enumerate(columns)}
    plain = [option(key, value) for key, value in CSV.items()]
    exact = [option(key, False) for key in ("header", "auto_detect", "allow_quoted_nulls")]
    wanted = exp.EQ(this=exp.column("columns"), expression=struct(kinds))
    read = exp.Table(this=call("read_csv", exp.Literal.string(str(text)), wanted, *plain, *exact))
    named = [exp.alias_(name(key), column.name, quoted=True) for key, column in zip(kinds, columns, strict=True)]
    return exp.select(*named).from_(read)


def describe(query: exp.Query) -> exp.Describe:
    """What the columns of a query are; it is put in as it is."""
    return exp.Describe(this=query)


def for_people(query: exp.Query, columns: Sequence[tuple[str, str]], rows: int) -> exp.Select:
    """The first rows of a query as values JSON can hold: dates and decimals as text, nested values as JSON."""
    safe = [f"c{number}" for number in range(len(columns))]
    chosen = [exp.alias_(_for_json(alias, *column), alias) for alias, column in zip(safe, columns, strict=True)]
    # A query may be long: it is put in as it is, and copied once, when it is written.
    inner = exp.TableAlias(this=exp.to_identifier("q", quoted=True), columns=[_quoted(one) for one in safe])
    return exp.select(*chosen).from_(exp.Subquery(this=query, alias=inner), copy=False).limit(rows, copy=False)


def _quoted(column: str) -> exp.Identifier:
    return exp.to_identifier(column, quoted=True)


def _for_json(alias: str, column: str, type_: str) -> exp.Expr:
    value = name(alias)
    if type_.startswith("BLOB") or type_ == "GEOMETRY":
        raise EngineError(
            f"Column '{column}' holds bytes ({type_}), which cannot be shown.",
            kind=EngineError.STATEMENT,
            todo="Leave it out, or turn it into text with hex(...).",
        )
    return as_text(value, type_) if is_nested(type_) or type_.startswith(AS_TEXT) else value


def as_text(value: exp.Expr, type_: str) -> exp.Expr:
    """Any value as text: nested ones as JSON."""
    return typed(call("to_json", value) if is_nested(type_) else value, "VARCHAR")


def content_hash(files: Sequence[Path], columns: Sequence[Column]) -> exp.Select:
    """Rows and a sum of their hashes: equal for equal rows in whatever order they were written."""
    row = call("hash", *(name(column.name) for column in columns))
    return exp.select(exp.Count(this=exp.Star()), typed(exp.Sum(this=row), "VARCHAR")).from_(parquet(files))
