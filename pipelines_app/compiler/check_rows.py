"""The condition of a row that breaks a promise about single rows; an empty value breaks none but those about empty."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlglot import exp

from pipelines_app.compiler import periods, statements, types
from pipelines_app.compiler.check_arguments import seconds
from pipelines_app.compiler.check_past import Past
from pipelines_app.compiler.definition import CheckSpec, Column

Kinds = Mapping[str, str]
TEXTS_FOR_NOTHING = ("", "-", "--", "?", ".", "n/a", "na", "#n/a", "nan", "nil", "none", "null", "unknown", "undefined")
NUMBERS_FOR_NOTHING = (-1e9, -999999, -99999, -9999, -999, -99, 99999, 999999, 9999999, 99999999)
DAYS_FOR_NOTHING = ("0001-01-01", "1900-01-01", "1970-01-01", "2999-12-31", "9999-12-31")


def column(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def literal(value: object) -> exp.Expr:
    """A value written in a check as a literal."""
    found: exp.Expr = exp.convert(value)
    return found


def moment(value: datetime) -> exp.Expr:
    """A moment of a wall clock as a literal."""
    return exp.cast(literal(value.isoformat(sep=" ")), "TIMESTAMP")


def where(spec: CheckSpec) -> exp.Expr | None:
    return statements.parse_condition(spec.where) if spec.where else None


def both(*conditions: exp.Expr | None) -> exp.Expr | None:
    given = [condition.copy() for condition in conditions if condition is not None]
    return exp.and_(*given) if given else None


def given(name: str) -> exp.Expr:
    return exp.Not(this=exp.Is(this=column(name), expression=exp.Null()))


def violation_of(spec: CheckSpec, columns: Sequence[Column], past: Past) -> exp.Expr | None:
    """The condition of a row that breaks a promise, or that counts for the share that is promised."""
    if spec.kind == "timestamp_within_batch_window":
        return _beyond_the_window(spec, past)
    rule = VIOLATIONS.get(spec.kind)
    return rule(spec, {column.name.lower(): column.type for column in columns}) if rule else None


def _subject(spec: CheckSpec) -> exp.Column:
    return column(spec.columns[0])


def _text(spec: CheckSpec) -> exp.Expr:
    return exp.cast(_subject(spec), "VARCHAR")


def _type(spec: CheckSpec, kinds: Kinds) -> str:
    return kinds.get(spec.columns[0].lower(), "")


def _is_null(spec: CheckSpec, _: Kinds) -> exp.Expr:
    return exp.Is(this=_subject(spec), expression=exp.Null())


def _in_set(spec: CheckSpec, _: Kinds) -> exp.Expr:
    values = spec.arguments["values"]
    literals = [literal(value) for value in values] if isinstance(values, tuple) else []
    return exp.In(this=_subject(spec), expressions=literals)


def _not_in_set(spec: CheckSpec, kinds: Kinds) -> exp.Expr:
    return exp.Not(this=_in_set(spec, kinds))


def _outside(spec: CheckSpec, kinds: Kinds) -> exp.Expr:
    return _beyond(_subject(spec), spec, _type(spec, kinds))


def _wrong_length(spec: CheckSpec, _: Kinds) -> exp.Expr:
    return _beyond(exp.Length(this=_text(spec)), spec, "")


def _beyond(value: exp.Expr, spec: CheckSpec, kind: str) -> exp.Expr:
    low, high = (spec.arguments.get(key) for key in ("min", "max"))
    below = exp.LT(this=value, expression=_bound(low, kind)) if low is not None else None
    above = exp.GT(this=value.copy(), expression=_bound(high, kind)) if high is not None else None
    return exp.or_(*[side for side in (below, above) if side is not None])


def _bound(value: object, kind: str) -> exp.Expr:
    """A bound of the column's own type where it is written as a text: a date, a time."""
    bound = literal(value)
    return exp.cast(bound, kind, dialect=statements.DIALECT) if isinstance(value, str) and kind else bound


def _unlike(spec: CheckSpec, _: Kinds) -> exp.Expr:
    if "like" in spec.arguments:
        return exp.Not(this=exp.Like(this=_text(spec), expression=literal(spec.arguments["like"])))
    return exp.Not(this=exp.RegexpFullMatch(this=_text(spec), expression=literal(spec.arguments["pattern"])))


def _untrue(spec: CheckSpec, _: Kinds) -> exp.Expr:
    condition = statements.parse_condition(str(spec.arguments["expression"]))
    return exp.Not(this=exp.Paren(this=condition))


_TYPES_READ = {
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
}


def _unreadable(spec: CheckSpec, _: Kinds) -> exp.Expr:
    wanted, layout = str(spec.arguments["as"]), spec.arguments.get("format")
    if wanted == "json":
        return exp.Not(this=exp.Anonymous(this="json_valid", expressions=[_text(spec)]))
    read: exp.Expr = exp.TryCast(this=_text(spec), to=exp.DataType.build(_TYPES_READ[wanted], dialect="duckdb"))
    if layout:
        read = exp.Anonymous(this="try_strptime", expressions=[_text(spec), literal(layout)])
    return exp.and_(given(spec.columns[0]), exp.Is(this=read, expression=exp.Null()))


def _blank(spec: CheckSpec, _: Kinds) -> exp.Expr:
    return exp.EQ(this=exp.Trim(this=_text(spec)), expression=literal(""))


def _stands_for_nothing(spec: CheckSpec, kinds: Kinds) -> exp.Expr:
    if spec.arguments.get("values"):
        return _in_set(spec, kinds)
    kind = _type(spec, kinds)
    if types.is_number(kind):
        return exp.In(this=_subject(spec), expressions=[literal(value) for value in NUMBERS_FOR_NOTHING])
    if kind in types.MOMENTS:
        days = [exp.cast(literal(day), "DATE") for day in DAYS_FOR_NOTHING]
        return exp.In(this=exp.cast(_subject(spec), "DATE"), expressions=days)
    words = [literal(word) for word in TEXTS_FOR_NOTHING]
    return exp.In(this=exp.Lower(this=exp.Trim(this=_text(spec))), expressions=words)


def _zero(spec: CheckSpec, _: Kinds) -> exp.Expr:
    return exp.EQ(this=_subject(spec), expression=literal(0))


def _negative(spec: CheckSpec, _: Kinds) -> exp.Expr:
    return exp.LT(this=_subject(spec), expression=literal(0))


_COMPARED: Mapping[str, type[exp.Binary]] = {
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
    "!=": exp.NEQ,
}


def _compares_badly(spec: CheckSpec, _: Kinds) -> exp.Expr:
    left, right = (column(name) for name in spec.columns)
    return exp.Not(this=_COMPARED[str(spec.arguments["operator"])](this=left, expression=right))


def _unequal(spec: CheckSpec, _: Kinds) -> exp.Expr:
    left, right = (column(name) for name in spec.columns)
    return exp.NEQ(this=left, expression=right)


def _adds_up_to_another(spec: CheckSpec, _: Kinds) -> exp.Expr:
    total: exp.Expr = _subject(spec)
    for name in spec.columns[1:]:
        total = exp.Add(this=total, expression=column(name))
    wanted = spec.arguments["equals"]
    other = column(wanted) if isinstance(wanted, str) else literal(wanted)
    apart = exp.Abs(this=exp.Sub(this=total, expression=other))
    return exp.GT(this=apart, expression=literal(spec.arguments.get("margin", 1e-9)))


def _beyond_the_window(spec: CheckSpec, past: Past) -> exp.Expr | None:
    """A moment outside of the period that the rows came for, but for so long before and after it."""
    if not past.period:
        return None
    early, late = (seconds(str(spec.arguments.get(key, "0m"))) for key in ("early", "late"))
    first = periods.local_start(past.kind, past.period) - timedelta(seconds=early)
    end = periods.local_start(past.kind, periods.following(past.kind, past.period)) + timedelta(seconds=late)
    subject = exp.cast(_subject(spec), "TIMESTAMP")
    return exp.or_(
        exp.LT(this=subject, expression=moment(first)),
        exp.GTE(this=subject.copy(), expression=moment(end)),
    )


VIOLATIONS: Mapping[str, Callable[[CheckSpec, Kinds], exp.Expr]] = {
    "not_null": _is_null,
    "in_set": _not_in_set,
    "not_in_set": _in_set,
    "between": _outside,
    "length_between": _wrong_length,
    "matches_pattern": _unlike,
    "parseable_as": _unreadable,
    "expression_is_true": _untrue,
    "pair_compare": _compares_badly,
    "pair_equal": _unequal,
    "sum_equals": _adds_up_to_another,
    "null_rate_between": _is_null,
    "blank_rate_below": _blank,
    "sentinel_rate_below": _stands_for_nothing,
    "zero_rate": _zero,
    "negative_rate": _negative,
}
