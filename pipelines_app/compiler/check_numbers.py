"""The one number of a check that is held against bounds: as an aggregate of the scan, or by a query of its own."""

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from pipelines_app.compiler import statements, types
from pipelines_app.compiler.check_past import Past
from pipelines_app.compiler.check_references import table
from pipelines_app.compiler.check_rows import column, where
from pipelines_app.compiler.definition import CheckSpec, Column

# Of a column `subject`.
_AGGREGATES = {
    "min_between": "MIN(subject)",
    "max_between": "MAX(subject)",
    "mean_between": "AVG(subject)",
    "median_between": "MEDIAN(subject)",
    "stddev_between": "STDDEV_SAMP(subject)",
    "sum_between": "SUM(subject)",
    "distinct_count_between": "COUNT(DISTINCT subject)",
    "unique_ratio_between": "COUNT(DISTINCT subject) * 1.0 / NULLIF(COUNT(subject), 0)",
}
_OF_OTHER = {
    "sum": "SUM(subject)",
    "count": "COUNT(subject)",
    "min": "MIN(subject)",
    "max": "MAX(subject)",
    "mean": "AVG(subject)",
    "distinct": "COUNT(DISTINCT subject)",
}
# Over `checked`, the rows a check is about, and `seen_before`, what readers see.
_TOP_SHARE = """
SELECT MAX(n) * 1.0 / SUM(n) AS seen
FROM (SELECT COUNT(*) AS n FROM checked WHERE NOT subject IS NULL GROUP BY subject) AS counted
"""
_APART = """
SELECT MAX(ABS(now_share - before_share)) AS seen FROM (
  SELECT SUM(is_now) * 1.0 / NULLIF((SELECT COUNT(subject) FROM checked), 0) AS now_share,
    SUM(1 - is_now) * 1.0 / NULLIF((SELECT COUNT(subject) FROM seen_before), 0) AS before_share
  FROM (
    SELECT subject, 1 AS is_now FROM checked UNION ALL SELECT subject, 0 AS is_now FROM seen_before
  ) AS both_of_them WHERE NOT subject IS NULL GROUP BY subject
) AS shares
"""
_KOLMOGOROV = """
SELECT MAX(ABS(now_share - before_share)) AS seen FROM (
  SELECT SUM(SUM(is_now)) OVER (ORDER BY subject) * 1.0
      / NULLIF((SELECT COUNT(subject) FROM checked), 0) AS now_share,
    SUM(SUM(1 - is_now)) OVER (ORDER BY subject) * 1.0
      / NULLIF((SELECT COUNT(subject) FROM seen_before), 0) AS before_share
  FROM (
    SELECT subject, 1 AS is_now FROM checked UNION ALL SELECT subject, 0 AS is_now FROM seen_before
  ) AS both_of_them WHERE NOT subject IS NULL GROUP BY subject
) AS shares
"""
SUBJECT, CHECKED, SEEN_BEFORE = "subject", "checked", "seen_before"


def aggregate(spec: CheckSpec) -> exp.Expr | None:
    """The number as an aggregate over the rows a check is about; None where it takes a query of its own."""
    text = _AGGREGATES.get(spec.kind)
    if spec.kind == "quantile_between":
        found: exp.Expr = exp.PercentileCont(this=column(SUBJECT), expression=exp.convert(spec.arguments["q"]))
    elif text is not None:
        found = statements.parse_condition(text)
    else:
        return None
    return about(found, _chosen(spec))


def _chosen(spec: CheckSpec) -> exp.Expr:
    """The column a check is about, empty for rows it is not about."""
    condition = where(spec)
    if condition is None:
        return column(spec.columns[0])
    return exp.Case(ifs=[exp.If(this=condition, true=column(spec.columns[0]))])


def about(tree: exp.Expr, subject: exp.Expr) -> exp.Expr:
    """A tree with something in the place of the column `subject`."""

    def put(node: exp.Expr) -> exp.Expr:
        return subject.copy() if isinstance(node, exp.Column) and node.name == SUBJECT and not node.table else node

    return tree.transform(put)


def filled(text: str, spec: CheckSpec, dataset: str, past: Past) -> exp.Query:
    """A query over `checked` and `seen_before`, about the column of a check."""
    tree = statements.parse(text)
    places = {CHECKED: rows_of(spec, dataset), SEEN_BEFORE: table(past.before or dataset)}
    for node in list(tree.find_all(exp.Table)):
        if node.name in places:
            node.replace(exp.alias_(places[node.name].copy(), node.alias or node.name, table=True, quoted=True))
    for named in list(tree.find_all(exp.Column)):
        if named.name == SUBJECT:
            named.replace(exp.column(spec.columns[0], table=named.table or None, quoted=True))
    return tree


def rows_of(spec: CheckSpec, dataset: str) -> exp.Expr:
    """The rows that a check is about."""
    condition = where(spec)
    if condition is None:
        return table(dataset)
    return exp.select("*").from_(table(dataset)).where(condition).subquery()


def own_number(spec: CheckSpec, dataset: str, columns: Sequence[Column], past: Past) -> exp.Query | None:
    """The query that gives a check's number as `seen`, where one aggregate of the scan does not."""
    rule = _OWN.get(spec.kind)
    return rule(spec, dataset, {one.name.lower(): one.type for one in columns}, past) if rule else None


def _top_share(spec: CheckSpec, dataset: str, _: Mapping[str, str], past: Past) -> exp.Query:
    return filled(_TOP_SHARE, spec, dataset, past)


def _drift(spec: CheckSpec, dataset: str, kinds: Mapping[str, str], past: Past) -> exp.Query:
    kind = kinds.get(spec.columns[0].lower(), "")
    in_order = types.is_number(kind) or kind in types.MOMENTS
    return filled(_KOLMOGOROV if in_order else _APART, spec, dataset, past)


def _metric(spec: CheckSpec, dataset: str, _: Mapping[str, str], past: Past) -> exp.Query:
    query = statements.parse(str(spec.arguments["sql"]))
    alias = exp.TableAlias(this=exp.to_identifier("found"), columns=[exp.to_identifier("number")])
    found = exp.Subquery(this=query, alias=alias)
    return exp.select(exp.alias_(exp.cast(exp.column("number", table="found"), "DOUBLE"), "seen")).from_(found)


def _rows_of_other(spec: CheckSpec, dataset: str, _: Mapping[str, str], past: Past) -> exp.Query:
    counted = exp.alias_(exp.Count(this=exp.Star()), "seen", quoted=True)
    return exp.select(counted).from_(table(str(spec.arguments["dataset"])))


def _of_other(spec: CheckSpec, dataset: str, _: Mapping[str, str], past: Past) -> exp.Query:
    text = _OF_OTHER[str(spec.arguments["aggregate"])]
    to = spec.arguments.get("to") or spec.columns
    theirs = column(str(to[0] if isinstance(to, tuple) else to))
    ours = about(statements.parse_condition(text), column(spec.columns[0]))
    other = exp.select(about(statements.parse_condition(text), theirs)).from_(table(str(spec.arguments["dataset"])))
    return exp.select(exp.alias_(ours, "seen", quoted=True), exp.alias_(other.subquery(), "other", quoted=True)).from_(
        exp.alias_(rows_of(spec, dataset), CHECKED, table=True, quoted=True)
    )


_Own = Callable[[CheckSpec, str, Mapping[str, str], Past], exp.Query]
_OWN: Mapping[str, _Own] = {
    "top_value_share": _top_share,
    "drift_below": _drift,
    "metric_sql": _metric,
    "row_count_equals": _rows_of_other,
    "aggregate_equals_other": _of_other,
}
