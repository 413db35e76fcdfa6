"""Statements that change the rows of a table: UPDATE, MERGE, DELETE."""

from collections.abc import Iterable, Iterator
from typing import cast

from sqlglot import exp

from pipelines_app.compiler.columns import queries, sources
from pipelines_app.compiler.columns.expressions import trace, traces
from pipelines_app.compiler.columns.frames import Frame
from pipelines_app.compiler.columns.influence import NOTHING, Kind
from pipelines_app.compiler.columns.relations import Column, Output, Relation, Wild
from pipelines_app.compiler.columns.script import Script

Change = tuple[exp.Expr, Output]


def update(statement: exp.Expr, script: Script) -> None:
    """UPDATE t SET ... [FROM ...], also with joins, and of several tables at once."""
    frame = script.frame()
    before = set(script.reads)
    table = _target(statement, script)
    queries.queries(statement, frame)
    if table is statement.this or not statement.args.get("from_"):
        sources.one(statement.this, frame)
    sources.enter(statement, frame)
    frame.decide(traces(statement.args.get("where"), frame), Kind.FILTER)
    changed: dict[str, list[Output]] = {}
    for left, output in _changes(statement.expressions, frame):
        changed.setdefault(_owner(left, frame) or script.name(table), []).append(output)
    alone = set(script.reads) == before and not script.passed
    for name, outputs in (changed or {script.name(table): []}).items():
        if alone:
            # With nothing else to take values from, the new rows are the old ones changed.
            script.reads[name] = None
        script.write(name, Relation(tuple(outputs), frame.rows), whole=False)


def _target(statement: exp.Expr, script: Script) -> exp.Expr:
    """The table that is changed: its alias may stand there, as in UPDATE a ... FROM t AS a, or a WITH query's name."""
    table = cast(exp.Expr, statement.this)
    behind = _behind(statement, table)
    if behind is not None:
        script.targets.add(id(behind))
        return behind
    start = statement.args.get("from_")
    if start is not None and isinstance(table, exp.Table) and not table.args.get("db"):
        for other in list(start.find_all(exp.Table)):
            if table.name.lower() in {other.alias.lower(), other.name.lower()} and not table.alias:
                script.targets.add(id(other))
                return cast(exp.Expr, other)
    script.targets.add(id(table))
    return table


def _behind(statement: exp.Expr, table: exp.Expr) -> exp.Expr | None:
    """The table that a WITH query of this name reads: changing the query changes it."""
    with_ = statement.args.get("with_")
    for query in with_.expressions if with_ is not None and isinstance(table, exp.Table) else ():
        start = query.this.args.get("from_")
        if query.alias.lower() == table.name.lower() and start is not None and isinstance(start.this, exp.Table):
            return cast(exp.Expr, start.this)
    return None


def _owner(left: exp.Expr, frame: Frame) -> str:
    """The table of which a column is set, where the column says so."""
    if isinstance(left, exp.Column) and left.table:
        source = frame.source(left.parts[:-1])
        return source.relation.base if source is not None else ""
    return ""


def _changes(equals: Iterable[exp.Expr], frame: Frame) -> Iterator[Change]:
    """What each SET gives to which column."""
    for equal in equals:
        if not isinstance(equal, exp.EQ | exp.PropertyEQ):
            continue
        if isinstance(equal.this, exp.Tuple):
            yield from _row(equal.this, equal.expression, frame)
        else:
            yield equal.this, Column(equal.this.name, trace(equal.expression, frame))


def _row(left: exp.Tuple, right: exp.Expr, frame: Frame) -> Iterator[Change]:
    """(a, b) = (SELECT x, y ...), (a, b) = (x, y)."""
    if isinstance(right.unnest(), exp.Query):
        relation = frame.walk.query(right, frame)
        frame.rows |= relation.rows
        for name, output in zip(left.expressions, relation.outputs, strict=False):
            yield name, Column(name.name, output.trace if isinstance(output, Column) else relation.whole())
        return
    values = right.expressions if isinstance(right, exp.Tuple) else [right]
    for name, value in zip(left.expressions, values, strict=False):
        yield name, Column(name.name, trace(value, frame))


def delete(statement: exp.Expr, script: Script) -> None:
    """DELETE FROM t [USING ...]: no column gets a value, and what is left depends on the condition."""
    frame = script.frame()
    behind = _behind(statement, statement.this)
    if behind is not None:
        script.targets.add(id(behind))
    queries.queries(statement, frame)
    tables = [one for one in statement.args.get("tables") or () if isinstance(one, exp.Table)]
    this = statement.this
    names = {one.name.lower() for one in tables}
    reading = [this] if isinstance(this, exp.Table) else []
    for table in [*reading, *[one for node in reading for one in node.find_all(exp.Table)]]:
        if not tables or {table.name.lower(), table.alias.lower()} & names:
            script.targets.add(id(table))
            if not tables:
                break
    for node in [*reading, *_list(statement.args.get("using"))]:
        sources.one(node, frame)
    frame.decide(traces(statement.args.get("where"), frame), Kind.FILTER)
    for name in [_named(one, frame, script) for one in tables] or [script.name(behind or this)]:
        script.write(name, Relation((), frame.rows), whole=False)


def _named(table: exp.Table, frame: Frame, script: Script) -> str:
    source = frame.source(table.parts)
    return source.relation.base if source is not None and source.relation.base else script.name(table)


def _list(value: object) -> list[exp.Expr]:
    return [one for one in value if isinstance(one, exp.Expr)] if isinstance(value, list) else []


def merge(statement: exp.Expr, script: Script) -> None:
    """MERGE INTO t USING s ON ...: what each WHEN sets or inserts."""
    frame = script.frame()
    queries.queries(statement, frame)
    table = statement.this
    name = script.name(table)
    script.targets.add(id(table))
    sources.one(table, frame)
    sources.one(statement.args["using"], frame)
    frame.decide(trace(statement.args.get("on"), frame), Kind.JOIN)
    for shared in statement.args.get("using_cond") or ():
        frame.decide(traces([exp.column(shared.name)], frame), Kind.JOIN)
    outputs: list[Output] = []
    for when in statement.args["whens"].expressions:
        frame.decide(trace(when.args.get("condition"), frame), Kind.FILTER)
        outputs += _then(when.args.get("then"), frame, name, script)
    script.write(name, Relation(_joined(outputs), frame.rows), whole=False)


def _then(then: exp.Expr | None, frame: Frame, name: str, script: Script) -> list[Output]:
    given = frame.sources[1]
    if isinstance(then, exp.Update):
        if any(isinstance(one, exp.Star) for one in then.expressions):
            return list(given.relation.outputs)
        return [output for _, output in _changes(then.expressions, frame)]
    if isinstance(then, exp.Insert):
        # What is inserted has no row in the target: a name without a table is one of the source.
        alone = frame.within()
        alone.add(given)
        found = _inserted(then, alone, name, script)
        frame.rows |= alone.rows
        return found
    return []


def _inserted(then: exp.Insert, frame: Frame, name: str, script: Script) -> list[Output]:
    values = then.expression
    rows = values.expressions if isinstance(values, exp.Tuple | exp.Values) else []
    if rows and isinstance(rows[0], exp.Tuple):
        rows = rows[0].expressions
    if not rows:
        return list(frame.sources[0].relation.outputs)
    columns = [one.name for one in then.this.expressions] if isinstance(then.this, exp.Tuple | exp.Schema) else []
    columns = columns or list(script.catalogue.columns(name) or ())
    if not columns:
        script.walk.note(f"the columns of {name} are not known: what is inserted is taken by name")
        columns = [one.alias_or_name for one in rows]
    return [Column(column, trace(value, frame)) for column, value in zip(columns, rows, strict=False) if column]


def _joined(outputs: Iterable[Output]) -> tuple[Output, ...]:
    """One output for each column, of whatever WHEN."""
    found: dict[str, Column] = {}
    wild: Wild | None = None
    for output in outputs:
        if isinstance(output, Wild):
            wild = output if wild is None else wild | output
        else:
            before = found.get(output.name.lower())
            found[output.name.lower()] = Column(output.name, output.trace | (before.trace if before else NOTHING))
    return (*found.values(), *([wild] if wild is not None else []))
