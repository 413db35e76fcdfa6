"""Names that other tools have for checks: read as the standard ones, and written back as these."""

from collections.abc import Mapping

Entry = Mapping[str, object]

_PLAIN: Mapping[str, str] = {
    "accepted_values": "in_set",
    "relationships": "references",
    "expect_column_values_to_not_be_null": "not_null",
    "expect_column_values_to_be_unique": "unique",
    "expect_compound_columns_to_be_unique": "compound_unique",
    "expect_column_values_to_be_in_set": "in_set",
    "expect_column_values_to_not_be_in_set": "not_in_set",
    "expect_column_values_to_be_between": "between",
    "expect_column_value_lengths_to_be_between": "length_between",
    "expect_table_row_count_to_be_between": "row_count_between",
    "expect_column_min_to_be_between": "min_between",
    "expect_column_max_to_be_between": "max_between",
    "expect_column_mean_to_be_between": "mean_between",
    "expect_column_median_to_be_between": "median_between",
    "expect_column_stdev_to_be_between": "stddev_between",
    "expect_column_sum_to_be_between": "sum_between",
    "expect_column_unique_value_count_to_be_between": "distinct_count_between",
    "expect_column_proportion_of_unique_values_to_be_between": "unique_ratio_between",
    "expect_table_columns_to_match_set": "columns_match",
}
_KEYS: Mapping[str, str] = {
    "value_set": "values",
    "min_value": "min",
    "max_value": "max",
    "column_list": "columns",
    "column_set": "columns",
}


def standard(kind: str, body: object) -> tuple[str, object]:
    """The standard name of a check and what it takes there; those that have one already stay as they are."""
    if kind not in _PLAIN:
        return kind, body
    return _PLAIN[kind], _taken(kind, body) if isinstance(body, Mapping) else body


def _taken(kind: str, body: Entry) -> Entry:
    if kind == "relationships":  # `to` is the dataset there, and `field` its column
        told = {key: value for key, value in body.items() if key not in ("to", "field")}
        named = {"dataset": body.get("to"), "to": body.get("field")}
        return {**told, **{key: value for key, value in named.items() if value is not None}}
    told = {_KEYS.get(key, key): value for key, value in body.items() if key != "mostly"}
    mostly = body.get("mostly")
    if isinstance(mostly, int | float) and not isinstance(mostly, bool):
        return {**told, "tolerance": round(1 - mostly, 9)}
    return told if mostly is None else {**told, "mostly": mostly}
