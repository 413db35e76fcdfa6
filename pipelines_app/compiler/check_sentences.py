"""Checks in words, for forms, alerts and reports."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from pipelines_app.compiler.definition import CheckSpec, Tolerance

_MOST_SHOWN = 6


def sentence(spec: CheckSpec) -> str:
    """What a check promises, such as `carrier is never empty`."""
    said = _SENTENCES[spec.kind](spec)
    if spec.where:
        said = f"{said}, where {spec.where}"
    return f"{said}{_but(spec.tolerance)}"


def _but(tolerance: Tolerance) -> str:
    parts = []
    if tolerance.count:
        parts.append("1 row" if tolerance.count == 1 else f"{tolerance.count:,} rows")
    if tolerance.share:
        parts.append(
            f"{tolerance.share:.4g} of the rows" if tolerance.share < 0.01 else f"{tolerance.share:.3g} of them"
        )
    return f" (but for {' or '.join(parts)})" if parts else ""


def listed(items: object) -> str:
    """A few values of a list, and how many more there are."""
    values = [str(item) for item in items] if isinstance(items, tuple | list) else [str(items)]
    shown = ", ".join(values[:_MOST_SHOWN])
    return shown if len(values) <= _MOST_SHOWN else f"{shown} and {len(values) - _MOST_SHOWN} more"


def limits(spec: CheckSpec) -> str:
    """`at least 1`, `at most 2` or `between 1 and 2`."""
    low, high = spec.arguments.get("min"), spec.arguments.get("max")
    if low is None:
        return f"at most {number(high)}"
    return f"at least {number(low)}" if high is None else f"between {number(low)} and {number(high)}"


def number(value: object) -> str:
    """A value for people: thousands apart, and no more digits than say something."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{float(value):,.4g}"


def _columns(spec: CheckSpec) -> str:
    return listed(spec.columns)


def _references(spec: CheckSpec) -> str:
    to = spec.arguments.get("to") or spec.columns
    return f"every {_columns(spec)} is a {listed(to)} of {spec.arguments['dataset']}"


def _columns_match(spec: CheckSpec) -> str:
    order = ", in this order" if spec.arguments.get("ordered") else ""
    return f"the columns are exactly {listed(spec.columns)}{order}"


_SENTENCES: Mapping[str, Callable[[CheckSpec], str]] = {
    "not_null": lambda spec: f"{_columns(spec)} is never empty",
    "unique": lambda spec: f"{_columns(spec)} is different in every row",
    "compound_unique": lambda spec: f"{_columns(spec)} together are different in every row",
    "in_set": lambda spec: f"{_columns(spec)} is one of {listed(spec.arguments['values'])}",
    "between": lambda spec: f"{_columns(spec)} is {limits(spec)}",
    "matches_pattern": lambda spec: f"{_columns(spec)} matches {spec.arguments['pattern']}",
    "row_count_between": lambda spec: f"the number of rows is {limits(spec)}",
    "references": _references,
    "custom_sql": lambda spec: f"the query {spec.name!r} finds no row",
    "expression_is_true": lambda spec: f"{' '.join(str(spec.arguments['expression']).split())} in every row",
    "freshness_within": lambda spec: f"the latest {_columns(spec)} is at most {spec.arguments['within']} old",
    "columns_match": _columns_match,
    "column_type_is": lambda spec: f"{_columns(spec)} is of type {spec.arguments['type']}",
}
