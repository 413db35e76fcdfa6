"""What of a query PostgreSQL would refuse, or do otherwise without a word: each with its place."""

from collections.abc import Callable, Iterator

from sqlglot import exp

from pipelines_app.compiler import positions
from pipelines_app.compiler import types as duckdb_types
from pipelines_app.compiler.portable import patterns, types, words
from pipelines_app.compiler.portable.alike import bare, between, kind, limit, written
from pipelines_app.errors import StatementRefused

_JOINS = {"", "INNER", "CROSS", "OUTER", "SEMI", "ANTI"}


def refuse(tree: exp.Query) -> None:
    """Raise StatementRefused at the first part of a typed query that is not portable."""
    for found in faults(tree):
        raise found


def faults(tree: exp.Query) -> Iterator[StatementRefused]:
    """Every part of a qualified and typed query that does not mean the same on PostgreSQL."""
    for node in tree.walk():
        reason = _fault(node)
        if reason:
            yield StatementRefused(f"on PostgreSQL: {reason}", **positions.of(node))


def _fault(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        return "" if node.name.lower() in words.PLAIN else f"{node.name.lower()}(...) is not known to mean the same"
    if type(node) in words.REASONS:
        return f"{_called(node)}: {words.REASONS[type(node)]}"
    if type(node) not in words.NODES:
        return f"{_called(node)} is not known to mean the same"
    rule = _RULES.get(type(node))
    return rule(node) if rule else ""


def _called(node: exp.Expr) -> str:
    if isinstance(node, exp.TryCast):
        return "TRY_CAST"
    name = node.sql_name() if isinstance(node, exp.Func) else node.key
    return f"{name.lower()}(...)" if isinstance(node, exp.Func) else name.upper()


def _join(node: exp.Expr) -> str:
    kind, method = str(node.args.get("kind") or ""), str(node.args.get("method") or "")
    if kind in _JOINS and not method:
        return ""
    return f"there is no {method or kind} JOIN"


def _set(node: exp.Expr) -> str:
    return "UNION BY NAME puts columns together by their place there; name them in one order" * bool(
        node.args.get("by_name")
    )


def _cast(node: exp.Expr) -> str:
    to, value = node.args["to"], node.this
    if to.this in words.NARROW:
        return f"{to.sql('duckdb')} is a wider type there, so what is too large for it would pass; cast to a larger one"
    spelled = duckdb_types.spelling(to)
    if to.this != exp.DType.INTERVAL and types.held(spelled) is None:
        return f"it does not keep values of type {to.sql('duckdb')}"
    if types.held(spelled) is not None and spelled == "VARCHAR" and _is_double(value):
        return "a DOUBLE is written otherwise as a text (1 for 1.0); cast it to DECIMAL first"
    return ""


def _text(node: exp.Expr) -> str:
    parts = node.expressions if isinstance(node, exp.Concat | exp.ConcatWs) else [node.this, node.expression]
    return "a DOUBLE is written otherwise as a text (1 for 1.0); cast it to DECIMAL first" * any(map(_is_double, parts))


def _substring(node: exp.Expr) -> str:
    start = node.args.get("start")
    if isinstance(start, exp.Literal) and start.is_int and int(start.name) > 0:
        return ""
    return (
        "substring counts from the end for a start below 1, and here it would not; give a start from 1, or use right()"
    )


def _split(node: exp.Expr) -> str:
    index = node.args.get("part_index")
    return "" if isinstance(index, exp.Literal) and index.is_int else "split_part needs a number from 1 there"


def _round(node: exp.Expr) -> str:
    places = node.args.get("decimals")
    if kind(node.this) in (None, exp.DType.UNKNOWN):
        return "round goes by whether it is given a DOUBLE or a decimal number, and nobody can tell here; cast it first"
    return "" if places is None or isinstance(bare(places), exp.Literal) else "round needs a written number of places"


def _truncated(node: exp.Expr) -> str:
    unit = str(node.args.get("unit") or "").strip("'").upper()
    return "" if unit in words.TRUNCATED else f"date_trunc by {unit.lower() or 'that'} is not known to mean the same"


def _extracted(node: exp.Expr) -> str:
    part = str(node.this).upper()
    return "" if part in words.EXTRACTED else f"extract({part.lower()} ...) is not known to mean the same"


def _identifier(node: exp.Expr) -> str:
    long = len(node.name.encode()) > words.LONGEST_NAME
    return f"the name {node.name[:40]}... is cut after {words.LONGEST_NAME} bytes there" * long


def _unit(node: exp.Expr) -> str:
    named = node.args.get("format")
    return "this form of the function does not exist there" * bool(named)


def _pattern(node: exp.Expr) -> str:
    pattern = node.expression
    known = isinstance(pattern, exp.Literal) and pattern.is_string and patterns.translated(pattern.name)
    flagged = node.args.get("flag") or node.args.get("options")
    said = "this pattern is not known to mean the same: write one without \\b, (?...) or *?"
    return "" if known and not flagged else said


def _middle(node: exp.Expr) -> str:
    share = node.args.get("expression")
    whole = isinstance(node, exp.Median) or isinstance(share, exp.Cast | exp.Literal)
    if whole and kind(node.this) in words.WHOLE | words.DOUBLES:
        return ""
    return "a share of what is no DOUBLE or whole number is told otherwise; cast it to DOUBLE, and name one share"


def _nulls(node: exp.Expr) -> str:
    return "" if isinstance(node.this, exp.AnyValue) else "it has no IGNORE NULLS"


def _is_double(node: exp.Expr) -> bool:
    return kind(node) in words.DOUBLES


_RULES: dict[type[exp.Expr], Callable[[exp.Expr], str]] = {
    exp.Join: _join,
    exp.Union: _set,
    exp.Except: _set,
    exp.Intersect: _set,
    exp.Cast: _cast,
    exp.DPipe: _text,
    exp.Concat: _text,
    exp.ConcatWs: _text,
    exp.Substring: _substring,
    exp.SplitPart: _split,
    exp.Round: _round,
    exp.DateDiff: between,
    exp.DateTrunc: _truncated,
    exp.TimestampTrunc: _truncated,
    exp.Extract: _extracted,
    exp.TimeToStr: written,
    exp.Identifier: _identifier,
    exp.Limit: limit,
    exp.Median: _middle,
    exp.PercentileCont: _middle,
    exp.RegexpFullMatch: _pattern,
    exp.IgnoreNulls: _nulls,
    exp.Fetch: limit,
    exp.Trunc: _unit,
}
