"""Checks in words, for forms, alerts and reports."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from pipelines_app.compiler.check_kinds import ANOMALIES, measured_by
from pipelines_app.compiler.definition import CheckSpec, Tolerance

_MOST_SHOWN = 6


def sentence(spec: CheckSpec) -> str:
    """What a check promises, such as `carrier is never empty`."""
    said = _said(spec)
    if spec.where:
        said = f"{said}, where {spec.where}"
    return f"{said}{_but(spec.tolerance)}"


def _said(spec: CheckSpec) -> str:
    if spec.kind in _SENTENCES:
        return _SENTENCES[spec.kind](spec)
    if spec.kind in ANOMALIES:
        only = {"higher": "not higher than", "lower": "not lower than"}.get(str(spec.arguments.get("only")), "as")
        return f"{subject(spec)} is {only} usual"
    return f"{subject(spec)} is {limits(spec)}"


def subject(spec: CheckSpec) -> str:
    """The number that a check holds against bounds, such as `the mean of delay`."""
    if "sql" in spec.arguments and not spec.name.startswith("metric_sql"):
        return spec.name
    noun = _NUMBERS[measured_by(spec.kind)]
    return noun.format(column=listed(spec.columns), **{key: number(value) for key, value in spec.arguments.items()})


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


def _other_rows(spec: CheckSpec) -> str:
    return f"there are as many rows as in {spec.arguments['dataset']}{_times(spec)}"


def _times(spec: CheckSpec) -> str:
    factor = spec.arguments.get("factor", 1)
    return f", times {number(factor)}" if factor != 1 else ""


def _of_other(spec: CheckSpec) -> str:
    to = spec.arguments.get("to") or spec.columns
    return f"{subject(spec)} is that of {listed(to)} in {spec.arguments['dataset']}{_times(spec)}"


def _pattern(spec: CheckSpec) -> str:
    like = spec.arguments.get("like")
    return f"{_columns(spec)} is like {like}" if like else f"{_columns(spec)} matches {spec.arguments['pattern']}"


def _readable(spec: CheckSpec) -> str:
    written = f" written {spec.arguments['format']}" if spec.arguments.get("format") else ""
    kind = {"integer": "a whole number", "boolean": "true or false", "json": "JSON"}.get(str(spec.arguments["as"]))
    return f"{_columns(spec)} can be read as {kind or 'a ' + str(spec.arguments['as'])}{written}"


def _in_window(spec: CheckSpec) -> str:
    slack = [f"up to {spec.arguments[key]} {word}" for key, word in _SLACK if spec.arguments.get(key)]
    return f"{_columns(spec)} lies within the period{', or ' if slack else ''}{' and '.join(slack)}"


_SLACK = (("early", "before it"), ("late", "after it"))


def _increasing(spec: CheckSpec) -> str:
    rises = "rises" if spec.arguments.get("strictly") else "does not fall"
    return f"{_columns(spec)} {rises} from row to row by {listed(spec.arguments['by'])}"


def _segments(spec: CheckSpec) -> str:
    most = float(str(spec.arguments.get("max", 0.5)))
    return f"no {_columns(spec)} has lost more than {most:.3g} of its usual share of the rows"


def _pair(spec: CheckSpec) -> str:
    return f"{spec.columns[0]} {spec.arguments['operator']} {spec.columns[1]} in every row"


def _sums(spec: CheckSpec) -> str:
    margin = spec.arguments.get("margin")
    near = f", give or take {number(margin)}" if margin else ""
    return f"{' + '.join(spec.columns)} is {number(spec.arguments['equals'])} in every row{near}"


def _references(spec: CheckSpec) -> str:
    to = spec.arguments.get("to") or spec.columns
    return f"every {_columns(spec)} is a {listed(to)} of {spec.arguments['dataset']}"


def _columns_match(spec: CheckSpec) -> str:
    order = ", in this order" if spec.arguments.get("ordered") else ""
    exactly = "there are the columns" if spec.arguments.get("more") else "the columns are exactly"
    return f"{exactly} {listed(spec.columns)}{order}"


_SENTENCES: Mapping[str, Callable[[CheckSpec], str]] = {
    "not_null": lambda spec: f"{_columns(spec)} is never empty",
    "unique": lambda spec: f"{_columns(spec)} is different in every row",
    "compound_unique": lambda spec: f"{_columns(spec)} together are different in every row",
    "in_set": lambda spec: f"{_columns(spec)} is one of {listed(spec.arguments['values'])}",
    "between": lambda spec: f"{_columns(spec)} is {limits(spec)}",
    "not_in_set": lambda spec: f"{_columns(spec)} is none of {listed(spec.arguments['values'])}",
    "length_between": lambda spec: f"{_columns(spec)} is {limits(spec)} characters long",
    "parseable_as": _readable,
    "increasing": _increasing,
    "timestamp_within_batch_window": _in_window,
    "consistent_casing": lambda spec: f"{_columns(spec)} is always written in the same capitals",
    "pair_compare": _pair,
    "pair_equal": lambda spec: f"{' and '.join(spec.columns)} are equal",
    "sum_equals": _sums,
    "row_count_equals": _other_rows,
    "aggregate_equals_other": _of_other,
    "not_same_as_previous": lambda spec: "the content is not that of the version before",
    "data_for_every": lambda spec: f"there are rows for every {spec.arguments['part']} by {_columns(spec)}",
    "dimension_anomaly": _segments,
    "matches_pattern": _pattern,
    "row_count_between": lambda spec: f"the number of rows is {limits(spec)}",
    "references": _references,
    "custom_sql": lambda spec: f"the query {spec.name!r} finds no row",
    "expression_is_true": lambda spec: f"{' '.join(str(spec.arguments['expression']).split())} in every row",
    "freshness_within": lambda spec: f"the latest {_columns(spec)} is at most {spec.arguments['within']} old",
    "columns_match": _columns_match,
    "column_type_is": lambda spec: f"{_columns(spec)} is of type {spec.arguments['type']}",
}

# The numbers that are held against bounds, or against what they usually are.
_NUMBERS: Mapping[str, str] = {
    "row_count_between": "the number of rows",
    "duplicate_rows_below": "the share of rows that are there twice",
    "metric_sql": "the number of the query",
    "null_rate_between": "the share of empty {column}",
    "blank_rate_below": "the share of blank {column}",
    "sentinel_rate_below": "the share of {column} that stands for no value",
    "unique_ratio_between": "the share of different values of {column}",
    "new_value_rate_below": "the share of rows with a {column} that was not there before",
    "min_between": "the least {column}",
    "max_between": "the greatest {column}",
    "mean_between": "the mean of {column}",
    "median_between": "the median of {column}",
    "quantile_between": "the {q} quantile of {column}",
    "stddev_between": "the standard deviation of {column}",
    "sum_between": "the sum of {column}",
    "zero_rate": "the share of zeros in {column}",
    "negative_rate": "the share of negative {column}",
    "distinct_count_between": "the number of different {column}",
    "top_value_share": "the share of the most frequent {column}",
    "drift_below": "the distance of {column} from the values before",
    "aggregate_equals_other": "the {aggregate} of {column}",
}
