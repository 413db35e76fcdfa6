"""A qualified and typed query of DuckDB's dialect as a tree that gives the same rows on Spark."""

from collections.abc import Callable

from sqlglot import exp

from pipelines_app.compiler.portable.alike import bare, kind
from pipelines_app.compiler.portable.spark import types, words

_DAY_NUMBERS = {"DOW": "dayofweek", "DAYOFWEEK": "dayofweek", "ISODOW": "weekday"}
_FORMATS = {"%Y": "yyyy", "%m": "MM", "%d": "dd", "%H": "HH", "%M": "mm", "%S": "ss", "%j": "DDD"}
# No LIKE of DuckDB has an escape unless it names one; Spark's has the backslash.
_NO_ESCAPE = "\u0001"
_UUID = exp.Literal.string("^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$")
_NO_FRACTION = exp.Literal.number(2**52)  # every DOUBLE from here on is a whole number
_TEXTS = exp.DataType.TEXT_TYPES


def rewrite(tree: exp.Query) -> exp.Query:
    """Change a typed tree, part by part from the innermost outwards, and give it back."""
    for node in reversed(list(tree.walk())):
        rule = _RULES.get(type(node))
        made = rule(node) if rule else None
        if made is not None:
            made.type = made.type or node.type
            node.replace(made)
    return tree


def cast(value: exp.Expr, type_: str) -> exp.Cast:
    """A value as one of Spark's own types."""
    return exp.Cast(this=value, to=exp.DataType.build(type_, dialect="spark"))


def _call(function: str, *given: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=function, expressions=list(given))


def _double(value: exp.Expr) -> exp.Expr:
    return value.copy() if kind(value) == exp.DType.DOUBLE else cast(value.copy(), "DOUBLE")


def _quotient(node: exp.Expr) -> exp.Expr:
    """DuckDB divides whole numbers and decimals as DOUBLE. By zero this fails, which is said."""
    return exp.Paren(this=exp.Div(this=_double(node.this), expression=_double(node.expression), typed=True, safe=False))


def _sum_or_difference(node: exp.Expr) -> exp.Expr | None:
    """Days between two dates are a number; a date and an interval make a TIMESTAMP."""
    sides = (node.this, node.expression)
    if isinstance(node, exp.Sub) and all(kind(side) == exp.DType.DATE for side in sides):
        return cast(_call("datediff", *(side.copy() for side in sides)), "BIGINT")
    if not any(kind(side) == exp.DType.INTERVAL or side.find(exp.Interval) for side in sides):
        return None
    moments = [cast(side.copy(), "TIMESTAMP_NTZ") if kind(side) == exp.DType.DATE else side.copy() for side in sides]
    return type(node)(this=moments[0], expression=moments[1])


def _sum(node: exp.Expr) -> exp.Expr | None:
    """The sum of whole numbers is a HUGEINT, which a BIGINT would be too narrow for."""
    value = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
    if kind(value) not in words.WHOLE:
        return None
    value.replace(cast(value.copy(), "DECIMAL(28, 0)"))
    node.type = None
    return None


def _over_doubles(node: exp.Expr) -> exp.Expr:
    made = node.copy()
    for key in ("this", "expression"):
        value = made.args.get(key)
        if isinstance(value, exp.Distinct):
            value.set("expressions", [_double(one) for one in value.expressions])
        elif isinstance(value, exp.Expr):
            made.set(key, _double(value))
    return made


def _logarithm(node: exp.Expr) -> exp.Expr:
    """Of what has none DuckDB says so, and Spark gives null."""
    base, value = (node.this, node.expression) if node.expression else (None, node.this)
    made: exp.Expr
    if isinstance(node, exp.Ln):
        made = exp.Ln(this=_double(value))
    elif base is None or base.name == "10":
        made = _call("log10", _double(value))
    else:
        made = _call("log2", _double(value)) if base.name == "2" else _call("log", _double(base), _double(value))
    return _guarded(exp.LTE(this=_double(value), expression=_zero()), "there is no logarithm of 0 or less", made)


def _root(node: exp.Expr) -> exp.Expr:
    value = _double(node.this)
    negative = exp.LT(this=value.copy(), expression=_zero())
    return _guarded(negative, "there is no square root of a negative number", exp.Sqrt(this=value))


def _guarded(wrong: exp.Expr, said: str, made: exp.Expr) -> exp.Expr:
    raised = cast(_call("raise_error", exp.Literal.string(said)), "DOUBLE")
    return exp.Case(ifs=[exp.If(this=wrong, true=raised)], default=made)


def _zero() -> exp.Expr:
    return cast(exp.Literal.number(0), "DOUBLE")


def _rounded(node: exp.Expr) -> exp.Expr | None:
    """Half away from zero, of the number as it is kept and not as it is written."""
    if kind(node.this) not in words.DOUBLES:
        return None
    places = node.args.get("decimals")
    value = _double(node.this)
    factor = _call("power", cast(exp.Literal.number(10), "DOUBLE"), _double(places)) if places else None
    scaled = exp.Mul(this=value.copy(), expression=factor.copy()) if factor else value.copy()
    whole = _away(scaled)
    return exp.Paren(this=exp.Div(this=whole, expression=factor, typed=True) if factor else whole)


def _away(value: exp.Expr) -> exp.Expr:
    """The whole number next to a DOUBLE, as a DOUBLE: `rint` would take the even one of two, `round` reads digits."""
    half = cast(exp.Literal.number("0.5"), "DOUBLE")
    up = _whole(exp.Floor, exp.Add(this=exp.Abs(this=exp.Paren(this=value.copy())), expression=half))
    return exp.Mul(this=exp.Sign(this=exp.Paren(this=value.copy())), expression=up)


def _whole(function: type[exp.Expr], value: exp.Expr) -> exp.Expr:
    """A DOUBLE without its fraction, as a DOUBLE: Spark gives a BIGINT, which most are too large for, and 0 for NaN."""
    small = exp.LT(this=exp.Abs(this=exp.Paren(this=value.copy())), expression=cast(_NO_FRACTION.copy(), "DOUBLE"))
    return exp.Case(ifs=[exp.If(this=small, true=cast(function(this=value.copy()), "DOUBLE"))], default=value.copy())


def _cut(node: exp.Expr) -> exp.Expr | None:
    return _whole(type(node), node.this) if kind(node.this) in words.DOUBLES else None


def _truncated_number(node: exp.Expr) -> exp.Expr:
    if kind(node.this) in words.WHOLE:
        return _given(node)
    if kind(node.this) not in words.DOUBLES:
        return cast(cast(node.this.copy(), "BIGINT"), "DECIMAL(38, 0)")
    up = _whole(exp.Floor, exp.Abs(this=node.this.copy()))
    return exp.Paren(this=exp.Mul(this=exp.Sign(this=node.this.copy()), expression=up))


def _signed(node: exp.Expr) -> exp.Expr:
    made: exp.Expr = exp.Sign(this=node.this.copy())
    if kind(node.this) in words.DOUBLES:
        made = exp.Case(ifs=[exp.If(this=_call("isnan", node.this.copy()), true=_zero())], default=made)
    return cast(made, "TINYINT")


def _counted(node: exp.Expr) -> exp.Expr:
    """DuckDB sums up: of nothing there is no count."""
    return exp.Sum(this=cast(cast(node.this.copy(), "INT"), "DECIMAL(28, 0)"))


def _seconds(node: exp.Expr) -> exp.Expr:
    return _extract("EPOCH", node.this)


def _decimal(value: exp.Expr, kept: exp.DataType) -> exp.Expr:
    """A DOUBLE as a decimal, rounded as it is kept and not as it is written; what is no number is told."""
    scale = int(kept.expressions[1].name) if len(kept.expressions) == 2 else 0
    factor = _call("power", cast(exp.Literal.number(10), "DOUBLE"), exp.Literal.number(scale))
    scaled = _away(exp.Mul(this=_double(value), expression=factor))
    step = cast(exp.Literal.number(f"1e-{scale}"), f"DECIMAL({max(scale, 1)}, {scale})")
    made = exp.Mul(this=cast(scaled, "DECIMAL(38, 0)"), expression=step) if scale else scaled
    finite = exp.LT(this=exp.Abs(this=_double(value)), expression=cast(exp.Literal.number("1e38"), "DOUBLE"))
    raised = exp.Cast(this=_call("raise_error", exp.Literal.string("a DOUBLE fits no DECIMAL")), to=kept.copy())
    return exp.Case(
        ifs=[exp.If(this=exp.Not(this=exp.Paren(this=finite)), true=raised)],
        default=exp.Cast(this=exp.Paren(this=made), to=kept.copy()),
    )


def _retyped(node: exp.Expr) -> exp.Expr | None:
    to = node.args["to"]
    spelled = "DECIMAL(18,3)" if to.sql("duckdb") == "DECIMAL" else to.sql("duckdb")
    kept = types.held(spelled)
    if kept is None:
        return None
    if to.this == exp.DType.UUID:
        return _uuid(node.this)
    is_written = isinstance(bare(node.this), exp.Literal) and "e" not in bare(node.this).name.lower()
    if to.this == exp.DType.DECIMAL and kind(node.this) in words.DOUBLES and not is_written:
        return _decimal(node.this, kept)
    return exp.Cast(this=_before(node.this, to), to=kept)


def _uuid(value: exp.Expr) -> exp.Expr:
    """A UUID is a text here: one as DuckDB writes it, or none at all."""
    text = cast(value.copy(), "STRING")
    fits = exp.Or(this=exp.Is(this=text, expression=exp.null()), expression=_call("rlike", text.copy(), _UUID.copy()))
    raised = cast(_call("raise_error", exp.Literal.string("a text is no UUID")), "STRING")
    return exp.Case(ifs=[exp.If(this=fits, true=exp.Lower(this=text.copy()))], default=raised)


def _before(value: exp.Expr, to: exp.DataType) -> exp.Expr:
    """A value as it has to be before it is cast: Spark cuts off where DuckDB rounds."""
    from_ = kind(value)
    if to.this in words.WHOLE and from_ in words.DOUBLES:
        return _call("rint", value.copy())  # to the even one of two, as DuckDB does it here
    if to.this in words.WHOLE and from_ == exp.DType.DECIMAL:
        return exp.Round(this=value.copy(), decimals=exp.Literal.number(0))
    return value.copy()


def _part(node: exp.Expr) -> exp.Expr:
    return _extract(words.PARTS[type(node)], node.this)


def _extracted(node: exp.Expr) -> exp.Expr:
    return _extract(str(node.this).upper(), node.expression)


def _extract(part: str, value: exp.Expr) -> exp.Expr:
    if part == "EPOCH":
        micros = _call("unix_micros", cast(value.copy(), "TIMESTAMP"))
        return exp.Paren(
            this=exp.Div(this=cast(micros, "DOUBLE"), expression=cast(exp.Literal.number(1_000_000), "DOUBLE"))
        )
    if part in _DAY_NUMBERS:
        # Sunday is 0 in DuckDB and 1 for dayofweek; Monday is 1 in DuckDB and 0 for weekday.
        found, step = _call(_DAY_NUMBERS[part], value.copy()), exp.Literal.number(1)
        made = exp.Add if part == "ISODOW" else exp.Sub
        return cast(exp.Paren(this=made(this=found, expression=step)), "BIGINT")
    return cast(_call(words.TOLD[part], value.copy()), "BIGINT")


def _truncated(node: exp.Expr) -> exp.Expr:
    unit = str(node.args.get("unit") or "").strip("'").lower()
    zoned = kind(node.this) == exp.DType.TIMESTAMPTZ
    found = _call("date_trunc", exp.Literal.string(unit), cast(node.this.copy(), "TIMESTAMP"))
    made = found if zoned else cast(found, "TIMESTAMP_NTZ")
    made.type = exp.DataType.build("TIMESTAMPTZ" if zoned else "TIMESTAMP", dialect="duckdb")
    return made


def _days(node: exp.Expr) -> exp.Expr:
    return cast(_call("datediff", node.this.copy(), node.expression.copy()), "BIGINT")


def _shown(node: exp.Expr) -> exp.Expr:
    pattern = node.args["format"].name
    for theirs, ours in _FORMATS.items():
        pattern = pattern.replace(theirs, ours)
    return _call("date_format", node.this.copy(), exp.Literal.string(pattern))


def _in_zone(node: exp.Expr) -> exp.Expr:
    zone, moment = node.args["zone"].copy(), cast(node.this.copy(), "TIMESTAMP")
    if kind(node.this) == exp.DType.TIMESTAMPTZ:
        return cast(_call("from_utc_timestamp", moment, zone), "TIMESTAMP_NTZ")
    return _call("to_utc_timestamp", moment, zone)


def _share(node: exp.Expr) -> exp.Expr:
    share = node.args.get("expression") or exp.Literal.number("0.5")
    return _call("percentile", _double(node.this), _double(share))


def _given(node: exp.Expr) -> exp.Expr:
    value: exp.Expr = node.this
    return value.copy()


def _any(node: exp.Expr) -> exp.Expr:
    """DuckDB gives one that is there, if there is one."""
    return _call("any_value", node.this.copy(), exp.true())


def _as_text(value: exp.Expr) -> exp.Expr:
    return value.copy() if kind(value) in _TEXTS else cast(value.copy(), "STRING")


def _joined(node: exp.Expr) -> exp.Expr:
    made = node.copy()
    made.set("expressions", [_as_text(one) for one in node.expressions])
    return made


def _piped(node: exp.Expr) -> exp.Expr:
    return exp.DPipe(this=_as_text(node.this), expression=_as_text(node.expression))


def _liked(node: exp.Expr) -> exp.Expr | None:
    if isinstance(node.parent, exp.Escape):
        return None
    return exp.Escape(this=node.copy(), expression=exp.Literal.string(_NO_ESCAPE))


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
    **dict.fromkeys(words.PARTS, _part),
    **dict.fromkeys(words.MATHS | words.SPREADS, _over_doubles),
    exp.Add: _sum_or_difference,
    exp.Anonymous: _plain,
    exp.AnyValue: _any,
    exp.AtTimeZone: _in_zone,
    exp.Cast: _retyped,
    exp.Ceil: _cut,
    exp.Concat: _joined,
    exp.ConcatWs: _joined,
    exp.CountIf: _counted,
    exp.DPipe: _piped,
    exp.DateDiff: _days,
    exp.DateTrunc: _truncated,
    exp.Div: _quotient,
    exp.Extract: _extracted,
    exp.Floor: _cut,
    exp.ILike: _liked,
    exp.IgnoreNulls: _given,
    exp.Like: _liked,
    exp.Ln: _logarithm,
    exp.Log: _logarithm,
    exp.Median: _share,
    exp.PercentileCont: _share,
    exp.Round: _rounded,
    exp.Sign: _signed,
    exp.Sqrt: _root,
    exp.Sub: _sum_or_difference,
    exp.Sum: _sum,
    exp.TimeToStr: _shown,
    exp.TimeToUnix: _seconds,
    exp.TimestampTrunc: _truncated,
    exp.Trunc: _truncated_number,
}
