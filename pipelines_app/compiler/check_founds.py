"""The rows, keys or gaps at fault where finding them takes a query of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from pipelines_app.compiler import periods, statements
from pipelines_app.compiler.check_numbers import CHECKED, filled, rows_of
from pipelines_app.compiler.check_past import Past
from pipelines_app.compiler.check_references import table
from pipelines_app.compiler.check_rows import both, column, given, literal, moment, where
from pipelines_app.compiler.definition import CheckSpec, Column

_SPELLED_OTHERWISE = """
SELECT subject, rows_of_it FROM (
  SELECT subject, COUNT(*) AS rows_of_it,
    ROW_NUMBER() OVER (PARTITION BY LOWER(subject) ORDER BY COUNT(*) DESC, subject) AS place
  FROM checked WHERE NOT subject IS NULL GROUP BY subject
) AS spelled WHERE place > 1 ORDER BY rows_of_it DESC, subject
"""
_NEW = """
SELECT subject, COUNT(*) AS rows_of_it FROM checked
WHERE NOT subject IS NULL AND NOT EXISTS (SELECT 1 FROM seen_before AS old WHERE old.subject = checked.subject)
GROUP BY subject ORDER BY rows_of_it DESC, subject
"""
_LOST = """
SELECT old.subject, old.rows_of_it AS rows_before, COALESCE(new.rows_of_it, 0) AS rows_now
FROM (
  SELECT subject, COUNT(*) AS rows_of_it, COUNT(*) * 1.0 / SUM(COUNT(*)) OVER () AS share
  FROM seen_before GROUP BY subject
) AS old
LEFT JOIN (
  SELECT subject, COUNT(*) AS rows_of_it, COUNT(*) * 1.0 / SUM(COUNT(*)) OVER () AS share FROM checked GROUP BY subject
) AS new ON old.subject IS NOT DISTINCT FROM new.subject
WHERE old.share >= 0.01 AND COALESCE(new.share, 0) < old.share * 0.5 ORDER BY rows_before DESC
"""
_PRESENT = "SELECT DISTINCT DATE_TRUNC('hour', subject) AS part FROM checked WHERE NOT subject IS NULL"
_FROM_FIRST_TO_LAST = """
SELECT UNNEST(GENERATE_SERIES(DATE_TRUNC('hour', MIN(subject)), MAX(subject), INTERVAL '1' HOUR)) AS part FROM checked
"""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is at fault, and the column that says how many rows each stands for; empty: one row each."""

    query: exp.Query
    rows: str = ""

    def counted(self) -> exp.Query:
        """How many rows are at fault."""
        inner = self.query.copy()
        inner.set("order", None)
        number: exp.Expr = exp.Count(this=exp.Star())
        if self.rows:
            number = exp.Coalesce(this=exp.Sum(this=column(self.rows)), expressions=[exp.Literal.number(0)])
        return exp.select(exp.alias_(exp.cast(number, "BIGINT"), "bad", quoted=True)).from_(inner.subquery("found"))


def found(spec: CheckSpec, dataset: str, columns: Sequence[Column], past: Past) -> Found | None:
    """What is at fault with a check that looks at more than one row; None for every other."""
    rule = _FOUND.get(spec.kind)
    return rule(spec, dataset, columns, past) if rule else None


def _doubled_keys(spec: CheckSpec, dataset: str, columns: Sequence[Column], past: Past) -> Found:
    """The keys that several rows have, and how many have each; a key with an empty part is equal to no other."""
    keys = [column(name) for name in spec.columns]
    counted = exp.Count(this=exp.Star())
    query = exp.select(*keys, exp.alias_(counted, "rows_of_key", quoted=True)).from_(table(dataset))
    query = query.where(both(*(given(name) for name in spec.columns), where(spec))).group_by(*keys)
    query = query.having(exp.GT(this=counted.copy(), expression=literal(1)))
    return Found(query=query.order_by(_most("rows_of_key")), rows="rows_of_key")


def _most(name: str) -> exp.Ordered:
    return exp.Ordered(this=column(name), desc=True, nulls_first=False)


def _repeated_rows(spec: CheckSpec, dataset: str, columns: Sequence[Column], past: Past) -> Found:
    """Whole rows that are there more than once, and how many of each are too many."""
    keys = [column(one.name) for one in columns]
    more = exp.Sub(this=exp.Count(this=exp.Star()), expression=literal(1))
    query = exp.select(*keys, exp.alias_(more, "copies", quoted=True)).from_(table(dataset))
    condition = where(spec)
    query = query.where(condition) if condition is not None else query
    query = query.group_by(*(key.copy() for key in keys)).having(exp.GT(this=more.copy(), expression=literal(0)))
    return Found(query=query.order_by(_most("copies")), rows="copies")


def _astray(spec: CheckSpec, dataset: str, columns: Sequence[Column], past: Past) -> Found:
    """Rows whose reference leads nowhere."""
    to = spec.arguments.get("to") or spec.columns
    pairs = zip(spec.columns, to if isinstance(to, tuple) else spec.columns, strict=True)
    same = [
        exp.EQ(this=exp.column(str(theirs), table="other", quoted=True), expression=_checked(ours))
        for ours, theirs in pairs
    ]
    other = exp.alias_(table(str(spec.arguments["dataset"])), "other", table=True, quoted=True)
    there = exp.Exists(this=exp.select(literal(1)).from_(other).where(exp.and_(*same)))
    full = [exp.Not(this=exp.Is(this=_checked(name), expression=exp.Null())) for name in spec.columns]
    rows = exp.alias_(table(dataset), CHECKED, table=True, quoted=True)
    return Found(query=exp.select("*").from_(rows).where(both(*full, exp.Not(this=there), where(spec))))


def _checked(name: str) -> exp.Column:
    return exp.column(name, table=CHECKED, quoted=True)


def _asked(spec: CheckSpec, dataset: str, columns: Sequence[Column], past: Past) -> Found:
    rows = statements.parse(str(spec.arguments["sql"])).subquery("asked")
    return Found(query=exp.select("*").from_(rows))


def _spelled_otherwise(spec: CheckSpec, dataset: str, columns: Sequence[Column], past: Past) -> Found:
    return Found(query=filled(_SPELLED_OTHERWISE, spec, dataset, past), rows="rows_of_it")


def _new_values(spec: CheckSpec, dataset: str, columns: Sequence[Column], past: Past) -> Found:
    return Found(query=filled(_NEW, spec, dataset, past), rows="rows_of_it")


def _lost_segments(spec: CheckSpec, dataset: str, columns: Sequence[Column], past: Past) -> Found:
    least, most = spec.arguments.get("least", 0.01), spec.arguments.get("max", 0.5)
    query = filled(_LOST, spec, dataset, past)
    condition = query.find(exp.Where)
    known = {"0.01": least, "0.5": 1 - float(str(most))}
    for node in list(condition.find_all(exp.Literal)) if condition else []:
        if node.this in known:
            node.replace(literal(known[node.this]))
    return Found(query=query)


def _falls(spec: CheckSpec, dataset: str, columns: Sequence[Column], past: Past) -> Found:
    """Rows whose value is below that of the row before."""
    by = spec.arguments["by"]
    order = [column(str(name)) for name in by] if isinstance(by, tuple) else []
    subject, rest = spec.columns[0], [one for one in order if one.name != spec.columns[0]]
    ordered = exp.Order(expressions=[exp.Ordered(this=one.copy(), nulls_first=False) for one in order])
    before = exp.Window(this=exp.Lag(this=column(subject)), order=ordered)
    rows = exp.select(*rest, column(subject), exp.alias_(before, "row_before", quoted=True)).from_(
        exp.alias_(rows_of(spec, dataset), CHECKED, table=True, quoted=True)
    )
    falls = exp.LTE if spec.arguments.get("strictly") else exp.LT
    condition = falls(this=column(subject), expression=column("row_before"))
    return Found(query=exp.select("*").from_(rows.subquery("in_order")).where(condition))


def _missing_parts(spec: CheckSpec, dataset: str, columns: Sequence[Column], past: Past) -> Found:
    """The hours, days or months of the period without any row; without a period, those between the first and last."""
    part = str(spec.arguments["part"])
    expected = filled(_FROM_FIRST_TO_LAST, spec, dataset, past)
    if past.period:
        first = periods.local_start(past.kind, past.period)
        end = periods.local_start(past.kind, periods.following(past.kind, past.period))
        step = exp.Interval(this=exp.Literal.string("1"), unit=exp.var(part.upper()))
        last = exp.Sub(this=moment(end), expression=exp.Interval(this=exp.Literal.string("1"), unit=exp.var("SECOND")))
        series = exp.GenerateSeries(start=moment(first), end=last, step=step)
        expected = exp.select(exp.alias_(exp.Explode(this=series), "part"))
    present = _in(part, filled(_PRESENT, spec, dataset, past))
    there = exp.select("part").from_(present.subquery("present"))
    wanted = exp.select(exp.alias_(exp.cast(exp.column("part"), "TIMESTAMP"), "part")).from_(
        _in(part, expected).subquery("expected")
    )
    missing = exp.Not(this=exp.In(this=exp.column("part"), query=there.subquery()))
    return Found(query=exp.select("part").from_(wanted.subquery("wanted")).where(missing).order_by("part"))


def _in(part: str, query: exp.Query) -> exp.Query:
    """The same by another part of time than hours, for columns of any kind of moments."""
    for node in list(query.find_all(exp.TimestampTrunc, exp.DateTrunc)):
        subject = exp.cast(node.this.copy(), "TIMESTAMP")
        node.replace(exp.TimestampTrunc(this=subject, unit=exp.var(part.upper())))
    for step in list(query.find_all(exp.Interval)):
        if step.unit and step.unit.name.upper() == "HOUR":
            step.set("unit", exp.var(part.upper()))
    return query


_Rule = Callable[[CheckSpec, str, Sequence[Column], Past], Found]
_FOUND: Mapping[str, _Rule] = {
    "unique": _doubled_keys,
    "compound_unique": _doubled_keys,
    "duplicate_rows_below": _repeated_rows,
    "references": _astray,
    "custom_sql": _asked,
    "consistent_casing": _spelled_otherwise,
    "new_value_rate_below": _new_values,
    "dimension_anomaly": _lost_segments,
    "increasing": _falls,
    "data_for_every": _missing_parts,
}
