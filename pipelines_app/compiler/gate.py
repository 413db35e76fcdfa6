"""The gate before the engine: analysts' SQL is a query made of listed parts over datasets, and nothing else.

What the gate lets through is regenerated from the tree, so nothing that was typed reaches an engine as it was typed.
"""

import re

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from pipelines_app.compiler import binding, names, positions, vocabulary
from pipelines_app.compiler.vocabulary import Words
from pipelines_app.errors import StatementRefused

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HARMFUL = re.compile(r"read_|pg_|lo_|duckdb_|pragma_|parquet_|has_\w+_privilege|current_|__|sniff_|st_|icu_")
_REACHING_OUT = """
glob getenv query query_table getvariable setval nextval currval setseed version user session_user txid_current
query_to_xml ts_stat dblink set_config json_execute_serialized_sql json_serialize_sql json_deserialize_sql write_log
sleep_ms which_secret summary seq_scan arrow_scan pandas_scan
"""
_COMMANDS: dict[type[exp.Expr], str] = {
    exp.Into: "SELECT INTO writes a table; a step's result is kept by the platform",
    exp.Lock: "FOR UPDATE locks rows; a step only reads",
    exp.TableSample: "sampling gives other rows every time; filter by a condition instead",
    exp.Pivot: "PIVOT is not available: its columns depend on the data; write one FILTER per column instead",
    exp.Columns: "COLUMNS(...) is not available; name the columns",
    exp.Parameter: "variables are not available; write $name for a parameter",
    exp.SessionParameter: "variables are not available; write $name for a parameter",
}


def admit(tree: exp.Expr, words: Words = vocabulary.WORDS) -> None:
    """Let a query pass or raise StatementRefused with the reason and the place."""
    if not isinstance(tree, exp.Query):
        raise StatementRefused("only a query (SELECT) is allowed")
    admit_parts(tree, words)
    _admit_tables(tree)


def admit_parts(tree: exp.Expr, words: Words = vocabulary.WORDS) -> None:
    """Check every node of a query or condition, but not which tables it reads."""
    for node in tree.walk():
        reason = _fault(node, words)
        if reason:
            raise StatementRefused(reason, **positions.of(node))


def admit_condition(tree: exp.Expr) -> None:
    """Let one condition pass: it speaks of one row and reads no table."""
    admit_parts(tree)
    for node in tree.find_all(exp.Query, exp.Window, exp.AggFunc, exp.Placeholder):
        message = "a condition is about one row: no queries, aggregates, window functions or parameters"
        raise StatementRefused(message, **positions.of(node))


def _fault(node: exp.Expr, words: Words) -> str:
    if isinstance(node, exp.Anonymous):
        return _function_fault(str(node.name), words)
    for harmful, reason in _COMMANDS.items():
        if isinstance(node, harmful):
            return reason
    if type(node) not in words.nodes:
        return _unlisted(node, words)
    return _detail_fault(node, words)


def _unlisted(node: exp.Expr, words: Words) -> str:
    if isinstance(node, exp.AggFunc | exp.Func):
        return _function_fault(node.sql_name().lower(), words)
    if isinstance(node, exp.DDL | exp.DML | exp.Command | exp.Drop):
        return f"{node.key.upper()} is not allowed; a step only reads"
    return f"{type(node).__name__} is not allowed here"


def _function_fault(name: str, words: Words) -> str:
    lowered = name.lower()
    if lowered in words.functions:
        return ""
    if lowered in _REACHING_OUT.split() or _HARMFUL.match(lowered):
        return f"the function {lowered} is not allowed: it reaches outside the datasets of the pipeline"
    return f"there is no function {lowered} here{names.hint(lowered, words.functions)}"


def _detail_fault(node: exp.Expr, words: Words) -> str:
    match node:
        case exp.Placeholder() if node.name != binding.PERIOD:
            return f"${node.name} has no value here"
        case exp.DataType() if node.this not in words.types:
            return f"the type {node.sql('duckdb')} is not available"
        case exp.Table():
            return _table_fault(node)
        case exp.TableAlias() if node.name and not _NAME.fullmatch(node.name):
            return f"{node.name!r} cannot name a table here: use letters, digits and _"
    return ""


def _called(source: exp.Expression) -> str:
    return source.sql_names()[0] if isinstance(source, exp.Func) else source.key


def _table_fault(table: exp.Table) -> str:
    source = table.this
    if isinstance(source, exp.GenerateSeries | exp.Unnest):
        return ""
    if not isinstance(source, exp.Identifier):
        called = source.name if isinstance(source, exp.Anonymous) else _called(source)
        return f"{called.lower()}(...) cannot stand for a table; only range, generate_series and unnest can"
    if any(
        table.args.get(part) for part in ("only", "partition", "version", "when", "at", "changes", "pattern", "format")
    ):
        return "a table is named and nothing more"
    if table.args.get("catalog"):
        return f"{table.sql('duckdb', comments=False)} has too many parts; a dataset is written layer.name"
    for part in (table.name, table.db):
        if part and not _NAME.fullmatch(part):
            return f"{part!r} is not a dataset: files and paths cannot be read; a dataset is written layer.name"
    return ""


def _admit_tables(tree: exp.Query) -> None:
    """Every table that is not one of the statement's own CTEs is written with its layer."""
    try:
        scopes = traverse_scope(tree)
    except SqlglotError as error:
        raise StatementRefused(f"the tables of the statement cannot be told apart: {error}") from error
    seen = set()
    for scope in scopes:
        for source in scope.sources.values():
            if isinstance(source, exp.Table):
                seen.add(id(source))
                _admit_name(source)
    own = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        # A table the scopes do not show must at least be one of the statement's own.
        if id(table) not in seen and isinstance(table.this, exp.Identifier) and table.name.lower() not in own:
            _admit_name(table)


def _admit_name(table: exp.Table) -> None:
    if isinstance(table.this, exp.Identifier) and not table.db:
        raise StatementRefused(
            f"{table.name!r} is neither a dataset nor a WITH query of this statement; a dataset is written layer.name",
            **positions.of(table),
        )
