"""Checks as queries: one aggregate over a dataset where one scan is enough, and one query each where it is not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlglot import exp

from pipelines_app.compiler import check_references, statements, types
from pipelines_app.compiler.definition import CheckSpec, Column

SAMPLE_ROWS = 10
ROWS = "rows"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Where a check's numbers stand in the answers: which statement, and under which names."""

    statement: int
    bad: str = ""
    total: str = ""
    seen: str = ""


@dataclass(frozen=True, kw_only=True)
class Measures:
    """The statements that measure the checks of a dataset (`statements` for Engine.measure), and how to read them."""

    dataset: str
    columns: tuple[Column, ...]
    as_of: datetime
    specs: tuple[CheckSpec, ...]
    statements: tuple[exp.Query, ...]
    readings: tuple[Reading, ...]


@dataclass
class _Scan:
    """The one aggregate query as it grows."""

    selected: list[exp.Expr] = field(default_factory=list)

    def add(self, value: exp.Expr, name: str) -> str:
        self.selected.append(exp.alias_(value, name, quoted=True))
        return name


def measure(specs: Sequence[CheckSpec], dataset: str, columns: Sequence[Column], as_of: datetime) -> Measures:
    """The statements for these checks, fewest scans first; `as_of` is the moment freshness is counted from."""
    scan = _Scan()
    scan.add(exp.Count(this=exp.Star()), ROWS)
    own: list[exp.Query] = []
    readings = []
    for position, spec in enumerate(specs):
        query = _own_query(spec, dataset)
        total = _total(spec, position, scan)
        if query is None:
            bad = _count_bad(spec, position, scan, columns)
            readings.append(Reading(statement=0, bad=bad, total=total, seen=_seen(spec, position, scan, columns)))
        else:
            own.append(query)
            readings.append(Reading(statement=len(own), bad="bad", total=total))
    first = exp.select(*scan.selected).from_(check_references.table(dataset))
    return Measures(
        dataset=dataset,
        columns=tuple(columns),
        as_of=as_of,
        specs=tuple(specs),
        statements=(first, *own),
        readings=tuple(readings),
    )


def _total(spec: CheckSpec, position: int, scan: _Scan) -> str:
    if not spec.where:
        return ROWS
    return scan.add(_filtered(_where(spec)), f"total_{position}")


def _count_bad(spec: CheckSpec, position: int, scan: _Scan, columns: Sequence[Column]) -> str:
    violation = violation_of(spec, columns)
    return scan.add(_filtered(_both(violation, _where(spec))), f"bad_{position}") if violation else ""


def _filtered(condition: exp.Expr | None) -> exp.Expr:
    counted = exp.Count(this=exp.Star())
    return exp.Filter(this=counted, expression=exp.Where(this=condition)) if condition else counted


def _where(spec: CheckSpec) -> exp.Expr | None:
    return statements.parse_condition(spec.where) if spec.where else None


def _both(*conditions: exp.Expr | None) -> exp.Expr | None:
    given = [condition.copy() for condition in conditions if condition is not None]
    return exp.and_(*given) if given else None


def column(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def literal(value: object) -> exp.Expr:
    """A value written in a check as a literal."""
    found: exp.Expr = exp.convert(value)
    return found


def _given(name: str) -> exp.Expr:
    return exp.Not(this=exp.Is(this=column(name), expression=exp.Null()))


def violation_of(spec: CheckSpec, columns: Sequence[Column]) -> exp.Expr | None:
    """The condition of a row that breaks a promise about single rows; an empty value breaks only not_null."""
    rule = _VIOLATIONS.get(spec.kind)
    return rule(spec, {column.name.lower(): column.type for column in columns}) if rule else None


def _not_null(spec: CheckSpec, _: Mapping[str, str]) -> exp.Expr:
    return exp.Is(this=column(spec.columns[0]), expression=exp.Null())


def _not_in_set(spec: CheckSpec, _: Mapping[str, str]) -> exp.Expr:
    values = spec.arguments["values"]
    literals = [literal(value) for value in values] if isinstance(values, tuple) else []
    return exp.Not(this=exp.In(this=column(spec.columns[0]), expressions=literals))


def _outside(spec: CheckSpec, kinds: Mapping[str, str]) -> exp.Expr:
    kind = kinds.get(spec.columns[0].lower(), "")
    low, high = (spec.arguments.get(key) for key in ("min", "max"))
    below = exp.LT(this=column(spec.columns[0]), expression=_bound(low, kind)) if low is not None else None
    above = exp.GT(this=column(spec.columns[0]), expression=_bound(high, kind)) if high is not None else None
    return exp.or_(*[side for side in (below, above) if side is not None])


def _bound(value: object, kind: str) -> exp.Expr:
    """A bound of the column's own type where it is written as a text: a date, a time."""
    bound = literal(value)
    return exp.cast(bound, kind, dialect=statements.DIALECT) if isinstance(value, str) and kind else bound


def _unlike(spec: CheckSpec, _: Mapping[str, str]) -> exp.Expr:
    matches = exp.RegexpFullMatch(
        this=exp.cast(column(spec.columns[0]), "VARCHAR"), expression=literal(spec.arguments["pattern"])
    )
    return exp.Not(this=matches)


def _untrue(spec: CheckSpec, _: Mapping[str, str]) -> exp.Expr:
    condition = statements.parse_condition(str(spec.arguments["expression"]))
    return exp.Not(this=exp.Paren(this=condition))


_VIOLATIONS: Mapping[str, Callable[[CheckSpec, Mapping[str, str]], exp.Expr]] = {
    "not_null": _not_null,
    "in_set": _not_in_set,
    "between": _outside,
    "matches_pattern": _unlike,
    "expression_is_true": _untrue,
}


def _seen(spec: CheckSpec, position: int, scan: _Scan, columns: Sequence[Column]) -> str:
    """The value worth telling: the furthest out, or the latest."""
    value = _extreme(spec, {one.name.lower(): one.type for one in columns})
    if value is None:
        return ""
    condition = _where(spec)
    if condition is not None:
        value = exp.Filter(this=value, expression=exp.Where(this=condition))
    if spec.kind == "freshness_within":
        value = exp.Anonymous(this="epoch", expressions=[value])
    return scan.add(value, f"seen_{position}")


def _extreme(spec: CheckSpec, kinds: Mapping[str, str]) -> exp.Expr | None:
    if spec.kind == "freshness_within":
        return exp.Max(this=column(spec.columns[0]))
    if spec.kind == "expression_is_true":
        compared = comparison(spec)
        return (_EXTREMES[type(compared)])(this=compared.this.copy()) if compared is not None else None
    if spec.kind == "between" and types.is_number(kinds.get(spec.columns[0].lower(), "")):
        low, high = spec.arguments.get("min"), spec.arguments.get("max")
        if low is None or high is None:
            return (exp.Max if low is None else exp.Min)(this=column(spec.columns[0]))
    return None


_EXTREMES: Mapping[type[exp.Expr], type[exp.Max] | type[exp.Min]] = {
    exp.LTE: exp.Max,
    exp.LT: exp.Max,
    exp.GTE: exp.Min,
    exp.GT: exp.Min,
}


def comparison(spec: CheckSpec) -> exp.Expr | None:
    """The expression of a check where it compares a column with a literal: then its extreme says how bad it is."""
    condition = statements.parse_condition(str(spec.arguments["expression"]))
    if type(condition) not in _EXTREMES or not isinstance(condition.this, exp.Column):
        return None
    right = condition.expression
    right = right.this if isinstance(right, exp.Neg) else right
    return condition if isinstance(right, exp.Literal) else None


def _own_query(spec: CheckSpec, dataset: str) -> exp.Query | None:
    """The query that counts a check's bad rows where that takes more than one scan's aggregate."""
    if spec.kind in ("unique", "compound_unique"):
        keys = _doubled_keys(spec, dataset).subquery("keys")
        rows = exp.Coalesce(this=exp.Sum(this=column("rows_of_key")), expressions=[exp.Literal.number(0)])
        return exp.select(exp.alias_(exp.cast(rows, "BIGINT"), "bad", quoted=True)).from_(keys)
    if spec.kind == "references":
        counted = exp.alias_(exp.Count(this=exp.Star()), "bad", quoted=True)
        return exp.select(counted).from_(_aliased(dataset)).where(_astray(spec))
    if spec.kind == "custom_sql":
        found = statements.parse(str(spec.arguments["sql"])).subquery("found")
        return exp.select(exp.alias_(exp.Count(this=exp.Star()), "bad", quoted=True)).from_(found)
    return None


def _aliased(dataset: str) -> exp.Expr:
    return exp.alias_(check_references.table(dataset), "checked", table=True, quoted=True)


def _doubled_keys(spec: CheckSpec, dataset: str) -> exp.Select:
    """The keys that several rows have, and how many have each; a key with an empty part is equal to no other."""
    keys = [column(name) for name in spec.columns]
    counted = exp.Count(this=exp.Star())
    query = exp.select(*keys, exp.alias_(counted, "rows_of_key", quoted=True)).from_(check_references.table(dataset))
    complete = _both(*(_given(name) for name in spec.columns), _where(spec))
    return query.where(complete).group_by(*keys).having(exp.GT(this=counted.copy(), expression=literal(1)))


def _astray(spec: CheckSpec) -> exp.Expr:
    """The condition of a row whose reference leads nowhere."""
    to = spec.arguments.get("to") or spec.columns
    pairs = zip(spec.columns, to if isinstance(to, tuple) else spec.columns, strict=True)
    same = [
        exp.EQ(this=exp.column(str(theirs), table="other", quoted=True), expression=_checked(ours))
        for ours, theirs in pairs
    ]
    other = exp.alias_(check_references.table(str(spec.arguments["dataset"])), "other", table=True, quoted=True)
    found = exp.Exists(this=exp.select(literal(1)).from_(other).where(exp.and_(*same)))
    given = [exp.Not(this=exp.Is(this=_checked(name), expression=exp.Null())) for name in spec.columns]
    astray = _both(*given, exp.Not(this=found), _where(spec))
    return astray if astray is not None else exp.true()


def _checked(name: str) -> exp.Column:
    return exp.column(name, table="checked", quoted=True)


def sample_query(spec: CheckSpec, dataset: str, columns: Sequence[Column]) -> exp.Query | None:
    """Up to ten rows that break a promise, or None where no single row does."""
    if spec.kind == "custom_sql":
        found = statements.parse(str(spec.arguments["sql"])).subquery("found")
        return exp.select("*").from_(found).limit(SAMPLE_ROWS)
    if spec.kind == "references":
        return exp.select("*").from_(_aliased(dataset)).where(_astray(spec)).limit(SAMPLE_ROWS)
    if spec.kind in ("unique", "compound_unique"):
        order = exp.Ordered(this=column("rows_of_key"), desc=True, nulls_first=False)
        return _doubled_keys(spec, dataset).order_by(order).limit(SAMPLE_ROWS)
    condition = _both(violation_of(spec, columns), _where(spec))
    if spec.kind not in _VIOLATIONS or condition is None:
        return None
    return exp.select("*").from_(check_references.table(dataset)).where(condition).limit(SAMPLE_ROWS)


def age_seconds(as_of: datetime, latest: float) -> float:
    """How old the latest moment is; a time without a zone counts as UTC."""
    return (as_of - datetime.fromtimestamp(latest, UTC)).total_seconds()
