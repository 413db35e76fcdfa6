"""What of a query Spark would refuse, or do otherwise without a word: each with its place."""

from collections.abc import Callable, Iterator

from sqlglot import exp

from pipelines_app.compiler import positions
from pipelines_app.compiler.portable.alike import bare, between, kind, limit, written
from pipelines_app.compiler.portable.spark import types, words
from pipelines_app.errors import StatementRefused

_JOINS = {"", "INNER", "CROSS", "OUTER", "SEMI", "ANTI"}


def faults(tree: exp.Query) -> Iterator[StatementRefused]:
    """Every part of a qualified and typed query that does not mean the same on Spark."""
    for node in tree.walk():
        reason = _fault(node)
        if reason:
            yield StatementRefused(f"on Spark: {reason}", **positions.of(node))


def _fault(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        known = node.name.lower() in words.PLAIN
        return _parted(node) if known else f"{node.name.lower()}(...) is not known to mean the same"
    if type(node) in words.REASONS:
        return f"{_called(node)}: {words.REASONS[type(node)]}"
    if type(node) not in words.NODES:
        return f"{_called(node)} is not known to mean the same"
    rule = _RULES.get(type(node))
    return rule(node) if rule else ""


def _called(node: exp.Expr) -> str:
    if isinstance(node, exp.TryCast):
        return "TRY_CAST"
    return f"{node.sql_name().lower()}(...)" if isinstance(node, exp.Func) else node.key.upper()


def _join(node: exp.Expr) -> str:
    kind, method = str(node.args.get("kind") or ""), str(node.args.get("method") or "")
    return "" if kind in _JOINS and not method else f"there is no {method or kind} JOIN"


def _set(node: exp.Expr) -> str:
    return "UNION BY NAME is not known to mean the same; name the columns in one order" * bool(node.args.get("by_name"))


def _distinct(node: exp.Expr) -> str:
    return "there is no DISTINCT ON; take the row with row_number() OVER (... ORDER BY ...) = 1" * bool(
        node.args.get("on")
    )


def _cast(node: exp.Expr) -> str:
    to, value = node.args["to"], node.this
    if to.this in words.UNSIGNED:
        return f"{to.sql('duckdb')} is a wider type there, so what is too large for it would pass; cast to a larger one"
    if types.held(_spelling(to)) is None:
        return f"it does not keep values of type {to.sql('duckdb')}"
    return _told(value) if to.this in exp.DataType.TEXT_TYPES else ""


def _spelling(to: exp.DataType) -> str:
    return "DECIMAL(18,3)" if to.sql("duckdb") == "DECIMAL" else to.sql("duckdb")


def _told(value: exp.Expr) -> str:
    """Why a value would be another text there."""
    found = kind(value)
    if found in words.DOUBLES:
        return "a DOUBLE is written otherwise as a text (1.0E10 for 10000000000.0); cast it to DECIMAL first"
    if found == exp.DType.TIMESTAMPTZ:
        return "a time with its zone is written otherwise as a text; use strftime"
    return "an INTERVAL is written otherwise as a text" * (found == exp.DType.INTERVAL)


def _text(node: exp.Expr) -> str:
    parts = node.expressions if isinstance(node, exp.Concat | exp.ConcatWs) else [node.this, node.expression]
    return next(filter(None, map(_told, parts)), "")


def _substring(node: exp.Expr) -> str:
    if _counts(node.args.get("start"), least=1):
        return ""
    return "substring counts a start below 1 otherwise; give a start from 1, or use right()"


def _side(node: exp.Expr) -> str:
    return "" if _counts(node.expression, least=0) else f"{node.key}(...) needs a written number of characters"


def _split(node: exp.Expr) -> str:
    index, separator = node.args.get("part_index"), node.args.get("delimiter")
    named = isinstance(separator, exp.Literal) and separator.name
    return "" if named and _counts(index, least=1) else "split_part needs a written separator, and a number from 1"


def _counts(value: object, *, least: int) -> bool:
    return isinstance(value, exp.Literal) and value.is_int and int(value.name) >= least


def _round(node: exp.Expr) -> str:
    places = node.args.get("decimals")
    return "" if places is None or isinstance(bare(places), exp.Literal) else "round needs a written number of places"


def _like(node: exp.Expr) -> str:
    pattern = node.expression
    return "" if isinstance(pattern, exp.Literal | exp.Column | exp.Cast) else "LIKE needs one pattern, as a text"


def _truncated(node: exp.Expr) -> str:
    unit = str(node.args.get("unit") or "").strip("'").upper()
    return "" if unit in words.TRUNCATED else f"date_trunc by {unit.lower() or 'that'} is not known to mean the same"


def _extracted(node: exp.Expr) -> str:
    part = str(node.this).upper()
    return "" if part in words.EXTRACTED else f"extract({part.lower()} ...) is not known to mean the same"


def _parted(node: exp.Expr) -> str:
    if node.name.lower() not in ("date_part", "datepart"):
        return ""
    part = node.expressions[0].name.upper() if node.expressions else ""
    return "" if part in words.EXTRACTED else f"date_part({part.lower()} ...) is not known to mean the same"


def _unit(node: exp.Expr) -> str:
    return "this form of the function does not exist there" * bool(node.args.get("format") or node.args.get("decimals"))


def _middle(node: exp.Expr) -> str:
    share = node.args.get("expression")
    if share is None or isinstance(share, exp.Cast | exp.Literal):
        return "" if kind(node.this) in words.WHOLE | words.DOUBLES else _MIDDLE
    return _MIDDLE


_MIDDLE = "a share of what is no DOUBLE or whole number is told otherwise; cast it to DOUBLE, and name one share"


def _nulls(node: exp.Expr) -> str:
    return "" if isinstance(node.this, exp.AnyValue) else "IGNORE NULLS is not known to mean the same"


def _zone(node: exp.Expr) -> str:
    known = kind(node.this) in {exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ}
    return "" if known else "AT TIME ZONE needs a TIMESTAMP; cast it to one"


_RULES: dict[type[exp.Expr], Callable[[exp.Expr], str]] = {
    exp.AtTimeZone: _zone,
    exp.Cast: _cast,
    exp.Concat: _text,
    exp.ConcatWs: _text,
    exp.DPipe: _text,
    exp.DateDiff: between,
    exp.DateTrunc: _truncated,
    exp.Distinct: _distinct,
    exp.Except: _set,
    exp.Extract: _extracted,
    exp.Fetch: limit,
    exp.ILike: _like,
    exp.IgnoreNulls: _nulls,
    exp.Intersect: _set,
    exp.Join: _join,
    exp.Left: _side,
    exp.Like: _like,
    exp.Limit: limit,
    exp.Median: _middle,
    exp.PercentileCont: _middle,
    exp.Right: _side,
    exp.Round: _round,
    exp.SplitPart: _split,
    exp.Substring: _substring,
    exp.TimeToStr: written,
    exp.TimestampTrunc: _truncated,
    exp.Trunc: _unit,
    exp.Union: _set,
}
