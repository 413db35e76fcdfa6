"""What each kind of statement does to the tables of a script."""

import re
from collections.abc import Callable, Iterator

from sqlglot import exp

from pipelines_app.compiler.columns import changing, writing
from pipelines_app.compiler.columns.script import Script

# fmt: off
_INERT: tuple[type[exp.Expr], ...] = tuple(
    getattr(exp, name)
    for name in (
        "Analyze", "Attach", "Comment", "Commit", "Describe", "Detach", "EndStatement", "Fetch", "Grant",
        "Kill", "Pragma", "Raise", "Refresh", "Return", "Revoke", "Rollback", "Semicolon", "Set", "Show",
        "Transaction", "TruncateTable", "Uncache", "Use",
    )
    if hasattr(exp, name)
)
_INERT_COMMANDS = frozenset(
    {
        "ADD", "ANALYZE", "BEGIN", "CALL", "CLEAR", "CLUSTER", "COMMENT", "COMMIT", "DEALLOCATE", "DECLARE",
        "DEFINE", "DELIMITER", "DENY", "DESCRIBE", "DISCARD", "ELSE", "ELSEIF", "END", "EXCEPTION", "EXEC",
        "EXECUTE", "EXPLAIN", "FLUSH", "GET", "GO", "GRANT", "IF", "INSTALL", "INVALIDATE", "KILL", "LEAVE", "LIST",
        "LOCK", "LOOP", "MSCK", "OPTIMIZE", "PREPARE", "PRINT", "PUT", "RAISE", "REFRESH", "REMOVE", "REPAIR",
        "RESET", "RETURN", "REVOKE", "ROLLBACK", "SET", "SHOW", "START", "TRUNCATE", "UNCACHE", "UNLOCK", "UNSET",
        "USE", "VACUUM", "WHILE",
    }
)
# fmt: on
_TELLING = frozenset({"SHOW", "DESCRIBE", "EXPLAIN", "COMMENT", "GRANT", "REVOKE"})
_INNER = re.compile(r"\b(?:INSERT\s+(?:INTO|OVERWRITE)|MERGE\s+INTO|CREATE\s+(?:OR|TABLE|VIEW)|SELECT|WITH)\b", re.I)
_EXCHANGE = re.compile(r"TABLE\s+(\S+)\s+EXCHANGE\s+PARTITION.*WITH\s+TABLE\s+([^\s;]+)", re.I | re.S)
_UNLOAD = re.compile(r"\(\s*'(.*)'\s*\)\s*TO\s+'([^']*)'", re.I | re.S)
# Functions of Vertica that move data, by where the names of the tables from and to stand.
_MOVING = {"swap_partitions_between_tables", "move_partitions_to_table", "copy_partitions_to_table", "copy_table"}


def follow(statement: exp.Expr, script: Script) -> None:
    """Follow one statement, and those within it."""
    handler = next((_FOLLOWERS[kind] for kind in type(statement).__mro__ if kind in _FOLLOWERS), None)
    if handler is not None:
        handler(statement, script)
    elif isinstance(statement, exp.Condition | exp.Alias) and not isinstance(statement, exp.DDL | exp.DML):
        _expression(statement, script)
    elif not isinstance(statement, _INERT):
        for inner in _statements(statement):
            follow(inner, script)
    _output_into(statement, script)
    changes, script.walk.changes = script.walk.changes, []
    for change in changes:
        follow(change, script)


def _expression(statement: exp.Expr, script: Script) -> None:
    """An expression where a statement should be: a word of a procedure, or what nobody understands."""
    words = statement.sql(comments=False).split()
    if words and words[0].upper().rstrip(";:") not in _INERT_COMMANDS:
        script.failures.append(f"{' '.join(words)[:80]} is no statement")


def _statements(node: exp.Expr) -> Iterator[exp.Expr]:
    """The statements within a block, a loop or a condition."""
    for child in node.iter_expressions():
        if isinstance(child, tuple(_FOLLOWERS)):
            yield child
        elif not isinstance(child, _INERT):
            yield from _statements(child)


def _output_into(statement: exp.Expr, script: Script) -> None:
    """OUTPUT ... INTO t of T-SQL."""
    returning = statement.args.get("returning")
    into = returning.args.get("into") if isinstance(returning, exp.Expr) else None
    if isinstance(into, exp.Expr):
        script.writes[into.name] = None
        script.walk.note(f"what OUTPUT puts into {into.name} is not followed column by column")


def _declare(statement: exp.Expr, script: Script) -> None:
    """DECLARE @t TABLE (...), DECLARE d DATE DEFAULT (SELECT ...): variables are no columns, and their queries read."""
    for item in statement.find_all(exp.DeclareItem):
        names = item.this if isinstance(item.this, list) else [item.this]
        script.walk.variables.update(name.name.lower() for name in names)
        if isinstance(item.args.get("kind"), exp.Schema):
            columns = [column.name for column in item.args["kind"].expressions]
            script.declare(f"@{names[0].name}", columns, temporary=True)
        if isinstance(item.args.get("default"), exp.Query):
            script.walk.query(item.args["default"], script.frame())


def _create(statement: exp.Expr, script: Script) -> None:
    kind = str(statement.args.get("kind") or "").upper()
    if kind == "DICTIONARY":
        _dictionary(statement, script)
    if kind in {"PROCEDURE", "TRIGGER"}:
        script.walk.variables.update(one.name.lower() for one in statement.this.expressions)
        for inner in _statements(statement):
            follow(inner, script)
        return
    writing.create(statement, script)


def _dictionary(statement: exp.Expr, script: Script) -> None:
    """CREATE DICTIONARY ... SOURCE(CLICKHOUSE(TABLE 't' DB 'd')) of ClickHouse."""
    given = {one.name.upper(): one.args["value"].name for one in statement.find_all(exp.DictSubProperty)}
    if "TABLE" in given:
        script.reads[".".join(part for part in (given.get("DB"), given["TABLE"]) if part)] = None
    script.writes[script.name(writing.target(statement.this)[0])] = None


def _query(statement: exp.Expr, script: Script) -> None:
    for function in statement.find_all(exp.Anonymous):
        if str(function.this).lower() in _MOVING:
            names = [one.name for one in function.expressions if isinstance(one, exp.Literal) and one.is_string]
            _moved(names[0], names[-1], script)
            return
    writing.query(statement, script)


def _moved(source: str, target: str, script: Script) -> None:
    """Data goes from one table to another of the same shape."""
    tables = [exp.to_table(name, dialect=script.dialect or None) for name in (source, target)]
    script.write(script.name(tables[1]), script.walk.table(tables[0]), whole=False)


def _drop(statement: exp.Expr, script: Script) -> None:
    if str(statement.args.get("kind") or "").upper() not in {"TABLE", "VIEW", "MATERIALIZED VIEW"}:
        return
    for table in statement.args.get("tables") or [statement.this]:
        if isinstance(table, exp.Table):
            script.drop(script.name(table))


def _alter(statement: exp.Expr, script: Script) -> None:
    for action in statement.args.get("actions") or ():
        if isinstance(action, exp.AlterRename):
            script.rename(script.name(statement.this), script.name(action.this))
        elif isinstance(action, exp.SwapTable):
            _moved(script.name(action.this), script.name(statement.this), script)
            _moved(script.name(statement.this), script.name(action.this), script)
        elif isinstance(statement.this, exp.Table):
            script.writes[script.name(statement.this)] = None


def _command(statement: exp.Expr, script: Script) -> None:
    """What the parser does not know: a few kinds that move data, many that do not, and a statement after a keyword."""
    word, rest = str(statement.this).upper(), statement.expression
    text = rest.name if isinstance(rest, exp.Expr) else str(rest or "")
    moved = _EXCHANGE.search(text)
    if moved:
        _moved(moved[2], moved[1], script)
        return
    if word == "UNLOAD":
        _unload(text, script)
        return
    if word == "REPLACE" and script.parse is not None:
        text = f"INSERT {text}"
    inner = None if word in _TELLING else _INNER.search(text)
    if inner and script.parse is not None:
        for found in script.parse(text[inner.start() :]):
            follow(found, script)
    elif word.split()[0] not in _INERT_COMMANDS and word != "ALTER":
        script.failures.append(f"{word} cannot be followed")


def _unload(text: str, script: Script) -> None:
    """UNLOAD ('query') TO 'file'."""
    found = _UNLOAD.search(text)
    if found is None or script.parse is None:
        script.failures.append("UNLOAD cannot be followed")
        return
    for query in script.parse(found[1].replace("''", "'")):
        script.write(found[2], script.walk.query(query, script.frame()), whole=True)


_FOLLOWERS: dict[type, Callable[[exp.Expr, Script], None]] = {
    exp.Alter: _alter,
    exp.Cache: writing.cache,
    exp.Command: _command,
    exp.Copy: writing.copy,
    exp.Create: _create,
    exp.Declare: _declare,
    exp.Delete: changing.delete,
    exp.Drop: _drop,
    exp.Insert: writing.insert,
    exp.LoadData: writing.load,
    exp.Merge: changing.merge,
    exp.MultitableInserts: writing.several,
    exp.Pivot: writing.query,
    exp.Query: _query,
    exp.Update: changing.update,
}
