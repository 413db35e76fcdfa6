"""Statements that put the rows of a query into a table: INSERT, CREATE TABLE AS, CREATE VIEW, SELECT INTO, COPY."""

from collections.abc import Sequence

from sqlglot import exp

from pipelines_app.compiler.columns import queries
from pipelines_app.compiler.columns.expressions import trace, traces
from pipelines_app.compiler.columns.frames import Frame, Source
from pipelines_app.compiler.columns.influence import NOTHING, Kind, aside
from pipelines_app.compiler.columns.relations import Column, Output, Relation, Wild, united
from pipelines_app.compiler.columns.script import Script

TEMPORARY = (exp.TemporaryProperty,)


def query(statement: exp.Expr, script: Script) -> None:
    """A query on its own, or SELECT ... INTO."""
    relation = queries.relation(statement, script.frame())
    into = statement.args.get("into")
    if into is None or not isinstance(into.this, exp.Table):
        script.answer(relation)
        return
    temporary = bool(into.args.get("temporary")) or _is_temporary(into.this)
    script.write(script.name(into.this), relation, whole=True, temporary=temporary)


def insert(statement: exp.Expr, script: Script) -> None:
    """INSERT INTO, INSERT OVERWRITE and REPLACE, with what ON CONFLICT changes."""
    frame = script.frame()
    queries.queries(statement, frame)
    table, columns = target(statement.this)
    given = statement.expression or statement.args.get("source")
    relation = _given(given, frame) if isinstance(given, exp.Expr) else Relation(())
    name = script.name(table)
    relation = _placed(relation, columns, name, statement, script)
    conflict = statement.args.get("conflict")
    if conflict is not None and conflict.expressions:
        relation = _conflict(conflict, relation, name, script)
    script.write(name, relation.also(frame.rows), whole=bool(statement.args.get("overwrite")))


def _given(given: exp.Expr, frame: Frame) -> Relation:
    return frame.walk.query(given, frame)


def target(node: exp.Expr) -> tuple[exp.Expr, list[exp.Expr]]:
    """The table a statement writes and the columns it names."""
    if isinstance(node, exp.Schema):
        named = [one.this if isinstance(one, exp.ColumnDef) else one for one in node.expressions]
        return node.this, [one for one in named if isinstance(one, exp.Identifier | exp.Column)]
    return node, []


def _placed(
    relation: Relation, columns: Sequence[exp.Expr], name: str, statement: exp.Expr, script: Script
) -> Relation:
    """The same columns under the names they have in the table they are put into."""
    if columns:
        if relation.wilds and len(columns) > 1:
            script.walk.note(f"which columns go into which of {name} cannot be told: * is not known")
        return relation.renamed(columns)
    if statement.args.get("by_name") or relation.wilds:
        return relation
    fixed = _fixed(statement)
    theirs = [column for column in script.catalogue.columns(name) or () if column.lower() not in fixed]
    if len(theirs) == len(relation.outputs):
        return relation.renamed([exp.to_identifier(column) for column in theirs])
    if theirs:
        script.walk.note(f"{name} has {len(theirs)} columns and is given {len(relation.outputs)}: taken by name")
    return relation


def _fixed(statement: exp.Expr) -> set[str]:
    """The columns that PARTITION (dt = '...') sets to a value."""
    found = [statement.args.get("partition"), statement.this.args.get("partition")]
    return {
        equal.this.name.lower()
        for partition in found
        if isinstance(partition, exp.Expr)
        for equal in partition.find_all(exp.EQ)
    }


def _conflict(conflict: exp.Expr, relation: Relation, name: str, script: Script) -> Relation:
    frame = script.frame()
    before = script.base(name)
    frame.add(Source(tuple(name.lower().split(".")), before))
    frame.add(Source(("excluded",), relation))
    changed: list[Output] = [
        Column(equal.this.name, trace(equal.expression, frame))
        for equal in conflict.expressions
        if isinstance(equal, exp.EQ)
    ]
    rows = aside(traces(conflict.args.get("where"), frame), Kind.FILTER)
    return united(relation, Relation(tuple(changed), rows), by_name=True)


def several(statement: exp.Expr, script: Script) -> None:
    """FROM x INSERT ... INSERT ..., INSERT ALL ... SELECT: as many inserts from one source."""
    source = statement.args["source"]
    for given in statement.expressions:
        condition = given.expression if isinstance(given, exp.ConditionalInsert) else None
        one = (given.this if isinstance(given, exp.ConditionalInsert) else given).copy()
        one.set("expression", _from(one.expression, source, condition))
        if statement.args.get("with_") is not None:
            one.set("with_", statement.args["with_"].copy())
        insert(one, script)


def _from(given: exp.Expr | None, source: exp.Expr, condition: exp.Expr | None) -> exp.Expr:
    """What one of several inserts puts in, as a query of its own."""
    if isinstance(given, exp.Select):
        made = given.copy()
    else:
        values = given.expressions[0].expressions if isinstance(given, exp.Values) else [exp.Star()]
        made = exp.Select(expressions=[value.copy() for value in values])
    inner = exp.Subquery(this=source.copy()) if isinstance(source, exp.Select | exp.SetOperation) else source.copy()
    made.set("from_", exp.From(this=inner))
    if condition is not None:
        made.set("where", exp.Where(this=condition.copy()))
    return made


def create(statement: exp.Expr, script: Script) -> None:
    """CREATE TABLE or VIEW of a query, like another table, or with columns alone."""
    kind = str(statement.args.get("kind") or "").upper()
    if kind not in {"TABLE", "VIEW", "DYNAMIC TABLE", "STREAM"}:
        return
    table, columns = target(statement.this)
    name = script.name(table)
    properties = statement.args.get("properties")
    given = statement.expression
    temporary = _is_temporary(table) or _has(properties, *TEMPORARY)
    if isinstance(given, exp.Query | exp.Table | exp.Values):
        frame = script.frame()
        queries.queries(statement, frame)
        relation = _given(given, frame).renamed(columns)
        script.write(name, relation, whole=True, temporary=temporary)
        to = properties.find(exp.ToTableProperty) if properties is not None else None
        if to is not None:
            # A view of ClickHouse that puts its rows into a table.
            script.write(script.name(to.this), relation, whole=False)
        return
    clone, like = statement.args.get("clone"), _like(statement.this, properties)
    if clone is not None:
        script.write(name, _table(clone.this, script), whole=True, temporary=temporary)
    elif like is not None:
        # The shape is copied, and no rows.
        shape = _table(like.this, script)
        script.declare(name, shape.names(), temporary=temporary)
    else:
        script.declare(name, [column.name for column in columns], temporary=temporary)


def _like(this: exp.Expr, properties: exp.Expr | None) -> exp.Expr | None:
    """CREATE TABLE t LIKE u, CREATE TABLE t (LIKE u)."""
    inner = next((one for one in this.expressions if isinstance(one, exp.LikeProperty)), None)
    return inner or (properties.find(exp.LikeProperty) if properties is not None else None)


def _table(node: exp.Expr, script: Script) -> Relation:
    return script.walk.table(node) if isinstance(node, exp.Table) else Relation(())


def _has(properties: exp.Expr | None, *kinds: type[exp.Expr]) -> bool:
    return properties is not None and any(isinstance(one, kinds) for one in properties.expressions)


def _is_temporary(table: exp.Expr) -> bool:
    return isinstance(table.this, exp.Identifier) and bool(table.this.args.get("temporary"))


def cache(statement: exp.Expr, script: Script) -> None:
    """CACHE TABLE t AS SELECT ..."""
    if isinstance(statement.expression, exp.Query):
        relation = queries.relation(statement.expression, script.frame())
        script.write(script.name(statement.this), relation, whole=True, temporary=True)


def copy(statement: exp.Expr, script: Script) -> None:
    """COPY t FROM file, COPY t TO file, COPY (query) TO file."""
    files = [one.name for one in statement.args.get("files") or ()]
    given = statement.this
    if statement.args.get("kind"):
        table, columns = target(given)
        for file in files:
            script.reads[file] = None
            outputs = [Column(one.name, NOTHING) for one in columns]
            script.write(script.name(table), Relation(tuple(outputs)), whole=False)
        return
    relation = queries.relation(given, script.frame())
    for file in files:
        script.write(file, relation, whole=True)


def load(statement: exp.Expr, script: Script) -> None:
    """LOAD DATA INPATH file INTO TABLE t."""
    file = statement.args.get("inpath")
    if file is not None:
        script.reads[file.name] = None
    script.write(
        script.name(statement.this), Relation((Wild(frozenset()),)), whole=bool(statement.args.get("overwrite"))
    )
