"""Checks as queries: one aggregate over a dataset where one scan is enough, and one query each where it is not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlglot import exp

from pipelines_app.compiler import check_founds, check_numbers, check_references, statements, types
from pipelines_app.compiler.check_kinds import ANOMALIES, compares, measured_by
from pipelines_app.compiler.check_past import NOTHING, Past
from pipelines_app.compiler.check_rows import VIOLATIONS, both, column, violation_of, where
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
    other: str = ""


@dataclass(frozen=True, kw_only=True)
class Measures:
    """The statements that measure the checks of a dataset (`statements` for Engine.measure), and how to read them."""

    dataset: str
    columns: tuple[Column, ...]
    as_of: datetime
    specs: tuple[CheckSpec, ...]
    statements: tuple[exp.Query, ...]
    readings: tuple[Reading, ...]
    past: Past = NOTHING


@dataclass
class _Scan:
    """The one aggregate query as it grows."""

    selected: list[exp.Expr] = field(default_factory=list)

    def add(self, value: exp.Expr, name: str) -> str:
        self.selected.append(exp.alias_(value, name, quoted=True))
        return name


def measure(
    specs: Sequence[CheckSpec], dataset: str, columns: Sequence[Column], as_of: datetime, past: Past = NOTHING
) -> Measures:
    """The statements for these checks, fewest scans first; `as_of` is the moment freshness is counted from."""
    scan = _Scan()
    scan.add(exp.Count(this=exp.Star()), ROWS)
    own: list[exp.Query] = []
    readings = []
    for position, asked in enumerate(specs):
        spec = as_measured(asked)
        query = _own_query(spec, dataset, columns, past)
        total = _total(spec, position, scan)
        if query is not None:
            own.append(query)
            readings.append(Reading(statement=len(own), bad="bad", total=total, seen="seen", other="other"))
        elif compares(spec.kind):
            readings.append(Reading(statement=0, total=total))
        else:
            bad = _count_bad(spec, position, scan, columns, past)
            readings.append(Reading(statement=0, bad=bad, total=total, seen=_seen(spec, position, scan, columns)))
    first = exp.select(*scan.selected).from_(check_references.table(dataset))
    return Measures(
        dataset=dataset,
        columns=tuple(columns),
        as_of=as_of,
        specs=tuple(specs),
        statements=(first, *own),
        readings=tuple(readings),
        past=past,
    )


def as_measured(spec: CheckSpec) -> CheckSpec:
    """The check by which a check is measured: an anomaly is measured as what holds the same number against bounds."""
    return replace(spec, kind=measured_by(spec.kind)) if spec.kind in ANOMALIES else spec


def _total(spec: CheckSpec, position: int, scan: _Scan) -> str:
    if not spec.where:
        return ROWS
    return scan.add(_filtered(where(spec)), f"total_{position}")


def _count_bad(spec: CheckSpec, position: int, scan: _Scan, columns: Sequence[Column], past: Past) -> str:
    violation = violation_of(spec, columns, past)
    return scan.add(_filtered(both(violation, where(spec))), f"bad_{position}") if violation is not None else ""


def _filtered(condition: exp.Expr | None) -> exp.Expr:
    counted = exp.Count(this=exp.Star())
    return exp.Filter(this=counted, expression=exp.Where(this=condition)) if condition else counted


def _seen(spec: CheckSpec, position: int, scan: _Scan, columns: Sequence[Column]) -> str:
    """The value worth telling: the furthest out, or the latest."""
    value = _extreme(spec, {one.name.lower(): one.type for one in columns})
    if value is None:
        return ""
    condition = where(spec)
    if condition is not None and spec.kind in ("freshness_within", "expression_is_true", "between"):
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
    return check_numbers.aggregate(spec)


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


def _own_query(spec: CheckSpec, dataset: str, columns: Sequence[Column], past: Past) -> exp.Query | None:
    """The query that measures a check where that takes more than one scan's aggregate."""
    if compares(spec.kind) and not past.before:
        return None
    found = check_founds.found(spec, dataset, columns, past)
    return found.counted() if found is not None else check_numbers.own_number(spec, dataset, columns, past)


def sample_query(asked: CheckSpec, dataset: str, columns: Sequence[Column], past: Past = NOTHING) -> exp.Query | None:
    """Up to ten rows that break a promise, or None where no single row does."""
    spec = as_measured(asked)
    if compares(spec.kind) and not past.before:
        return None
    found = check_founds.found(spec, dataset, columns, past)
    if found is not None:
        return found.query.limit(SAMPLE_ROWS)
    condition = both(violation_of(spec, columns, past), where(spec))
    if condition is None or (spec.kind not in VIOLATIONS and spec.kind != "timestamp_within_batch_window"):
        return None
    return exp.select("*").from_(check_references.table(dataset)).where(condition).limit(SAMPLE_ROWS)


def age_seconds(as_of: datetime, latest: float) -> float:
    """How old the latest moment is; a time without a zone counts as UTC."""
    return (as_of - datetime.fromtimestamp(latest, UTC)).total_seconds()
