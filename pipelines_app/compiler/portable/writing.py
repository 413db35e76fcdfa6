"""A qualified and typed query of DuckDB's dialect as a tree that gives the same rows on PostgreSQL."""

from collections.abc import Callable

from sqlglot import exp

from pipelines_app.compiler import types as duckdb_types
from pipelines_app.compiler.portable import patterns, types, words

_DOUBLE = "DOUBLE PRECISION"


def rewrite(tree: exp.Query) -> exp.Query:
    """Change a typed tree, part by part from the innermost outwards, and give it back."""
    for node in reversed(list(tree.walk())):
        rule = _RULES.get(type(node))
        made = rule(node) if rule else None
        if made is not None:
            made.type = made.type or node.type
            node.replace(made)
    return tree


def with_decimals(tree: exp.Query) -> exp.Query:
    """Have 1.5 be a decimal number, as it is in DuckDB, and no DOUBLE; changes the tree."""
    for node in list(tree.find_all(exp.Literal)):
        if node.is_number and "." in node.name and "e" not in node.name.lower():
            before, _, after = node.name.replace("_", "").partition(".")
            digits = len(before.lstrip("0")) + len(after)
            if 1 <= digits <= 38:
                node.replace(exp.cast(node.copy(), f"DECIMAL({digits}, {len(after)})"))
    return tree


def cast(value: exp.Expr, type_: str) -> exp.Cast:
    return exp.Cast(this=value, to=exp.DataType.build(type_, dialect="postgres"))


def collated(value: exp.Expr) -> exp.Expr:
    """A text that is compared and changed as DuckDB does it."""
    return exp.Paren(this=exp.Collate(this=exp.Paren(this=value), expression=collation()))


def collation() -> exp.Table:
    return exp.Table(this=exp.to_identifier(types.COLLATION, quoted=True), db=exp.to_identifier("pg_catalog"))


def _double(value: exp.Expr) -> exp.Expr:
    return (
        value.copy()
        if _kind(value) == exp.DType.DOUBLE and isinstance(value, exp.Cast)
        else cast(value.copy(), _DOUBLE)
    )


def _kind(node: exp.Expr) -> exp.DType | None:
    return node.type.this if isinstance(node.type, exp.DataType) else None


def _number(node: exp.Expr) -> exp.Expr | None:
    """1e3 is a DOUBLE in DuckDB, and a decimal number here."""
    return cast(node.copy(), _DOUBLE) if node.is_number and "e" in node.name.lower() else None


def _quotient(node: exp.Expr) -> exp.Expr:
    """DuckDB divides whole numbers as DOUBLE too. By zero this fails, which is said; DuckDB gives infinity."""
    return exp.Paren(this=exp.Div(this=_double(node.this), expression=_double(node.expression), typed=True, safe=False))


def _whole_quotient(node: exp.Expr) -> exp.Expr:
    left, right = exp.Paren(this=node.this.copy()), exp.Paren(this=node.expression.copy())
    return exp.Paren(this=exp.Div(this=left, expression=right, typed=True, safe=False))


def _difference(node: exp.Expr) -> exp.Expr | None:
    both_dates = all(_kind(side) == exp.DType.DATE for side in (node.this, node.expression))
    return cast(exp.Paren(this=node.copy()), "BIGINT") if both_dates else None


def _over_doubles(node: exp.Expr) -> exp.Expr:
    made = node.copy()
    for key in ("this", "expression"):
        value = made.args.get(key)
        if isinstance(value, exp.Distinct):
            value.set("expressions", [_double(one) for one in value.expressions])
        elif isinstance(value, exp.Expr):
            made.set(key, _double(value))
    return made


def _counted(node: exp.Expr) -> exp.Expr:
    counted = exp.Count(this=exp.Star())
    return cast(exp.Filter(this=counted, expression=exp.Where(this=node.this.copy())), "DECIMAL(39, 0)")


def _rounded(node: exp.Expr) -> exp.Expr | None:
    """Half away from zero, as DuckDB rounds a DOUBLE; decimals are rounded so in both."""
    if _kind(node.this) not in words.DOUBLES:
        return None
    places = node.args.get("decimals")
    factor = exp.Pow(this=cast(exp.Literal.number(10), _DOUBLE), expression=_double(places)) if places else None
    value = _double(node.this)
    scaled = exp.Mul(this=value.copy(), expression=factor.copy()) if factor else value.copy()
    up = exp.Floor(this=exp.Add(this=exp.Abs(this=scaled), expression=cast(exp.Literal.number("0.5"), _DOUBLE)))
    made = exp.Mul(this=exp.Sign(this=value), expression=up)
    return exp.Paren(this=exp.Div(this=made, expression=factor, typed=True) if factor else made)


def _part(node: exp.Expr) -> exp.Expr:
    return _extract(words.PARTS[type(node)], node.this)


def _extract(part: str, value: exp.Expr) -> exp.Expr:
    value = value.copy() if _kind(value) in {exp.DType.DATE, exp.DType.TIMESTAMPTZ, exp.DType.TIME} else _moment(value)
    found = exp.Extract(this=exp.var(part), expression=value)
    return cast(found, _DOUBLE) if part == "EPOCH" else cast(exp.Floor(this=found), "BIGINT")


def _moment(value: exp.Expr) -> exp.Expr:
    return (
        value.copy() if _kind(value) in {exp.DType.TIMESTAMP, exp.DType.INTERVAL} else cast(value.copy(), "TIMESTAMP")
    )


def _extracted(node: exp.Expr) -> exp.Expr:
    part = {"DAYOFYEAR": "DOY", "DAYOFWEEK": "DOW"}.get(str(node.this).upper(), str(node.this).upper())
    return _extract(part, node.expression)


def _truncated(node: exp.Expr) -> exp.Expr:
    """What has no zone gets none: here the beginning of a DATE would be a moment with one."""
    unit = str(node.args.get("unit") or "").strip("'").lower()
    zoned = _kind(node.this) == exp.DType.TIMESTAMPTZ
    value = node.this.copy() if zoned else cast(node.this.copy(), "TIMESTAMP")
    made = exp.Anonymous(this="date_trunc", expressions=[exp.Literal.string(unit), value])
    made.type = exp.DType.TIMESTAMPTZ if zoned else exp.DType.TIMESTAMP
    return made


def _days(node: exp.Expr) -> exp.Expr:
    return cast(exp.Paren(this=exp.Sub(this=node.this.copy(), expression=node.expression.copy())), "BIGINT")


def _matched(node: exp.Expr) -> exp.Expr:
    pattern = exp.Literal.string(patterns.translated(node.expression.name))
    return exp.Paren(this=exp.RegexpLike(this=node.this.copy(), expression=pattern))


def _share(node: exp.Expr) -> exp.Expr:
    share = node.args.get("expression") or exp.Literal.number("0.5")
    order = exp.Order(expressions=[exp.Ordered(this=_double(node.this), nulls_first=False)])
    made = exp.WithinGroup(this=exp.PercentileCont(this=_double(share)), expression=order)
    made.type = exp.DType.DOUBLE
    return made


def _made_of_parts(node: exp.Expr) -> exp.Expr:
    parts = [cast(node.args[key].copy(), "INT") for key in ("year", "month", "day")]
    return exp.Anonymous(this="make_date", expressions=parts)


def _seconds(node: exp.Expr) -> exp.Expr:
    return _extract("EPOCH", node.this)


def _given(node: exp.Expr) -> exp.Expr:
    value: exp.Expr = node.this
    return value.copy()


def _retyped(node: exp.Expr) -> exp.Expr | None:
    to = node.args["to"]
    spelled = duckdb_types.spelling(to) or "DECIMAL(18,3)"
    kept = types.held(spelled)
    if kept is None:
        return None
    made = exp.Cast(this=node.this.copy(), to=kept)
    return collated(made) if spelled == "VARCHAR" else made


def _as_text(value: exp.Expr) -> exp.Expr:
    return value.copy() if _kind(value) in exp.DataType.TEXT_TYPES else collated(cast(value.copy(), "TEXT"))


def _joined(node: exp.Expr) -> exp.Expr:
    made = node.copy()
    made.set("expressions", [_as_text(one) for one in node.expressions])
    return made


def _piped(node: exp.Expr) -> exp.Expr:
    return exp.DPipe(this=_as_text(node.this), expression=_as_text(node.expression))


def _cased(node: exp.Expr) -> exp.Expr:
    made = node.copy()
    made.set("this", collated(node.this.copy()))
    return made


def _plain(node: exp.Expr) -> exp.Expr | None:
    name, given = node.name.lower(), node.expressions
    if name == "epoch" and len(given) == 1:
        return _extract("EPOCH", given[0])
    if name in ("date_part", "datepart") and len(given) == 2:
        return _extract(given[0].name.upper(), given[1])
    if name == "mean" and len(given) == 1:
        return exp.Avg(this=_double(given[0]))
    if name == "today":
        return exp.CurrentDate()
    return exp.CurrentTimestamp() if name == "now" else None


_RULES: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr | None]] = {
    exp.Literal: _number,
    exp.Div: _quotient,
    exp.IntDiv: _whole_quotient,
    exp.RegexpFullMatch: _matched,
    exp.DateFromParts: _made_of_parts,
    exp.Median: _share,
    exp.PercentileCont: _share,
    exp.Sub: _difference,
    exp.TimeToUnix: _seconds,
    exp.IgnoreNulls: _given,
    exp.CountIf: _counted,
    exp.Round: _rounded,
    exp.Extract: _extracted,
    exp.DateTrunc: _truncated,
    exp.TimestampTrunc: _truncated,
    exp.DateDiff: _days,
    exp.Cast: _retyped,
    exp.Concat: _joined,
    exp.ConcatWs: _joined,
    exp.DPipe: _piped,
    exp.Upper: _cased,
    exp.Lower: _cased,
    exp.Anonymous: _plain,
    **dict.fromkeys(words.PARTS, _part),
    **dict.fromkeys(words.MATHS | words.SPREADS, _over_doubles),
}
