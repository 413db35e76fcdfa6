"""The catalogue of checks: what each kind is about, the arguments it takes, and how it is offered in words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class About(StrEnum):
    """Whether a kind is about each column, several together, one of them, two, or none."""

    NONE = "none"
    EACH = "each"
    TOGETHER = "together"
    ONE = "one"
    PAIR = "pair"


class Values(StrEnum):
    """Which values a kind can be about."""

    ANY = "any"
    NUMBERS = "numbers"
    MOMENTS = "moments"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of check: its columns, arguments and shorthand; a kind that is not tolerant holds or does not."""

    label: str
    columns: About = About.NONE
    values: Values = Values.ANY
    arguments: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    shorthand: str = "columns"
    tolerant: bool = True


BOUNDS = ("min", "max")


def _bounded(label: str, *arguments: str, values: Values = Values.NUMBERS, columns: About = About.ONE) -> Kind:
    """A kind that holds one number against a least and a greatest."""
    named = (*arguments, *BOUNDS)
    return Kind(label=label, columns=columns, values=values, arguments=named, required=arguments, tolerant=False)


def _rate(label: str, *arguments: str, columns: About = About.ONE) -> Kind:
    """A kind that holds a share of the rows against a greatest."""
    return Kind(label=label, columns=columns, arguments=("max", *arguments), required=("max",), tolerant=False)


_TABLE: Mapping[str, Kind] = {
    "row_count_between": _bounded("the number of rows lies between", columns=About.NONE),
    "row_count_equals": Kind(
        label="there are as many rows as in another dataset", arguments=("dataset", "factor"), required=("dataset",)
    ),
    "duplicate_rows_below": replace(_rate("few rows are there twice", columns=About.NONE), shorthand="max"),
    "not_same_as_previous": Kind(label="the content is not that of the version before", tolerant=False),
    "columns_match": Kind(
        label="the columns are exactly these",
        columns=About.TOGETHER,
        arguments=("ordered", "more"),
        tolerant=False,
    ),
    "column_type_is": Kind(
        label="a column has a type", columns=About.ONE, arguments=("type",), required=("type",), tolerant=False
    ),
    "freshness_within": Kind(
        label="the latest time is recent",
        columns=About.ONE,
        values=Values.MOMENTS,
        arguments=("within",),
        required=("within",),
        tolerant=False,
    ),
    "data_for_every": Kind(
        label="there are rows for every hour, day or month",
        columns=About.ONE,
        values=Values.MOMENTS,
        arguments=("part",),
        required=("part",),
    ),
    "custom_sql": Kind(label="a query finds no rows", arguments=("sql",), required=("sql",), shorthand="sql"),
    "metric_sql": Kind(
        label="a query gives a number between",
        arguments=("sql", *BOUNDS),
        required=("sql",),
        shorthand="sql",
        tolerant=False,
    ),
}
_COLUMN: Mapping[str, Kind] = {
    "not_null": Kind(label="is never empty", columns=About.EACH),
    "null_rate_between": _bounded("the share of empty values lies between", values=Values.ANY),
    "blank_rate_below": _rate("few values are blank"),
    "sentinel_rate_below": _rate("few values stand for no value, such as -999 or N/A", "values"),
    "unique": Kind(label="is different in every row", columns=About.TOGETHER),
    "compound_unique": Kind(label="are different together in every row", columns=About.TOGETHER),
    "unique_ratio_between": _bounded("the share of different values lies between", values=Values.ANY),
    "in_set": Kind(label="is one of some values", columns=About.ONE, arguments=("values",), required=("values",)),
    "not_in_set": Kind(label="is none of some values", columns=About.ONE, arguments=("values",), required=("values",)),
    "new_value_rate_below": _rate("few rows have a value that was not there before"),
    "matches_pattern": Kind(label="matches a pattern", columns=About.ONE, arguments=("pattern", "like")),
    "parseable_as": Kind(
        label="can be read as a date, number or JSON", columns=About.ONE, arguments=("as", "format"), required=("as",)
    ),
    "length_between": Kind(label="is so many characters long", columns=About.ONE, arguments=BOUNDS),
    "between": Kind(label="lies between two values", columns=About.ONE, arguments=BOUNDS),
    "increasing": Kind(
        label="does not fall from row to row", columns=About.ONE, arguments=("by", "strictly"), required=("by",)
    ),
    "timestamp_within_batch_window": Kind(
        label="lies within the period it came for",
        columns=About.ONE,
        values=Values.MOMENTS,
        arguments=("early", "late"),
    ),
    "consistent_casing": Kind(label="is always written in the same capitals", columns=About.ONE),
}
_DISTRIBUTION: Mapping[str, Kind] = {
    "min_between": _bounded("the least value lies between"),
    "max_between": _bounded("the greatest value lies between"),
    "mean_between": _bounded("the mean lies between"),
    "median_between": _bounded("the median lies between"),
    "quantile_between": _bounded("a quantile lies between", "q"),
    "stddev_between": _bounded("the standard deviation lies between"),
    "sum_between": _bounded("the sum lies between"),
    "zero_rate": _bounded("the share of zeros lies between"),
    "negative_rate": _bounded("the share of negative values lies between"),
    "distinct_count_between": _bounded("the number of different values lies between", values=Values.ANY),
    "top_value_share": _bounded("the share of the most frequent value lies between", values=Values.ANY),
    "drift_below": _rate("the values are spread as they were before"),
}
_ACROSS: Mapping[str, Kind] = {
    "references": Kind(
        label="exists in another dataset", columns=About.TOGETHER, arguments=("dataset", "to"), required=("dataset",)
    ),
    "pair_compare": Kind(
        label="one column compares with another",
        columns=About.PAIR,
        arguments=("operator",),
        required=("operator",),
    ),
    "pair_equal": Kind(label="two columns are equal", columns=About.PAIR),
    "sum_equals": Kind(
        label="columns add up to another",
        columns=About.TOGETHER,
        values=Values.NUMBERS,
        arguments=("equals", "margin"),
        required=("equals",),
    ),
    "expression_is_true": Kind(
        label="a condition holds in every row",
        arguments=("expression",),
        required=("expression",),
        shorthand="expression",
    ),
    "aggregate_equals_other": Kind(
        label="a sum or count is that of another dataset",
        columns=About.ONE,
        arguments=("aggregate", "dataset", "to", "factor"),
        required=("aggregate", "dataset"),
    ),
    "dimension_anomaly": Kind(
        label="no value has lost its rows", columns=About.ONE, arguments=("least", "max"), tolerant=False
    ),
}

# What an anomaly is measured by: the kind that holds the same number against bounds.
ANOMALIES: Mapping[str, str] = {
    f"{name.removesuffix('_between').removesuffix('_below')}_anomaly": name
    for name in (
        *("row_count_between", "null_rate_between", "blank_rate_below", "unique_ratio_between"),
        *("duplicate_rows_below", "new_value_rate_below", "metric_sql", *_DISTRIBUTION),
    )
}


def _anomaly(base: str) -> Kind:
    """The same number held against what it usually is."""
    kinds = {**_TABLE, **_COLUMN, **_DISTRIBUTION}
    shape = kinds[base]
    kept = tuple(key for key in shape.arguments if key not in BOUNDS)
    words = shape.label.removesuffix(" lies between").removesuffix(" between")
    return replace(
        shape,
        label=f"{_NOUNS.get(base, words)} is as usual",
        arguments=(*kept, "only"),
        required=tuple(key for key in shape.required if key not in BOUNDS),
        shorthand="sql" if base == "metric_sql" else "columns",
    )


_NOUNS = {
    "blank_rate_below": "the share of blank values",
    "duplicate_rows_below": "the share of rows that are there twice",
    "new_value_rate_below": "the share of rows with a value that was not there before",
    "drift_below": "the distance from the values before",
    "metric_sql": "the number that a query gives",
}
KINDS: Mapping[str, Kind] = {
    **_TABLE,
    **_COLUMN,
    **_DISTRIBUTION,
    **_ACROSS,
    **{name: _anomaly(base) for name, base in ANOMALIES.items()},
}
AGGREGATES = ("sum", "count", "min", "max", "mean", "distinct")
OPERATORS = ("<", "<=", ">", ">=", "!=")
PARTS = ("hour", "day", "month")
READ_AS = ("date", "timestamp", "integer", "number", "boolean", "json")
AGAINST_BEFORE = frozenset({"new_value_rate_below", "drift_below", "dimension_anomaly"})
ELSEWHERE = {
    "arrival_deadline": "by when data come is judged by the clock: write `arrival:` at the source, or under `sla:`",
}


def measured_by(kind: str) -> str:
    """The kind by which a kind is measured: its own, or that whose number an anomaly watches."""
    return ANOMALIES.get(kind, kind)


def compares(kind: str) -> bool:
    """Whether a kind looks at what readers see before the new version."""
    return measured_by(kind) in AGAINST_BEFORE
