"""What was measured of one period's rows of a dataset: the vocabulary of metrics, and the values they have. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Scale(StrEnum):
    """What a metric's numbers are, and so which change of them is worth a word."""

    COUNT = "count"  # of rows, values or bytes: 0 and up, changes are judged in proportion
    SHARE = "share"  # 0 to 1
    LEVEL = "level"  # in the column's own unit; a moment as seconds since 1970 in UTC
    LENGTH = "length"  # characters
    SECONDS = "seconds"  # from the moment the batch's own period begins; below 0 is before it


class Metric(StrEnum):
    """Everything that is measured, of a whole batch or of one column; a name never changes its meaning."""

    ROWS = "rows"
    BYTES = "bytes"
    COLUMNS = "columns"
    DUPLICATE_SHARE = "duplicate_share"

    NULL_SHARE = "null_share"
    MISFIT_SHARE = "misfit_share"
    DISTINCT = "distinct"
    DISTINCT_SHARE = "distinct_share"
    TOP_SHARE = "top_share"

    MINIMUM = "min"
    MAXIMUM = "max"
    MEAN = "mean"
    STDDEV = "stddev"
    Q01 = "q01"
    Q05 = "q05"
    Q25 = "q25"
    MEDIAN = "median"
    Q75 = "q75"
    Q95 = "q95"
    Q99 = "q99"
    ZERO_SHARE = "zero_share"
    NEGATIVE_SHARE = "negative_share"
    WHOLE_SHARE = "whole_share"
    DECIMALS = "decimals_length"
    INFINITE_SHARE = "infinite_share"

    BLANK_SHARE = "blank_share"
    PADDED_SHARE = "padded_share"
    UPPER_SHARE = "upper_share"
    LOWER_SHARE = "lower_share"
    FOREIGN_SHARE = "foreign_share"
    MIN_LENGTH = "min_length"
    MEAN_LENGTH = "mean_length"
    MAX_LENGTH = "max_length"

    FUTURE_SHARE = "future_share"
    WITHIN_SHARE = "within_share"
    MIDNIGHT_SHARE = "midnight_share"
    MIN_OFFSET = "min_offset"
    Q05_OFFSET = "q05_offset"
    MEDIAN_OFFSET = "median_offset"
    Q95_OFFSET = "q95_offset"
    MAX_OFFSET = "max_offset"


OF_A_BATCH = (Metric.ROWS, Metric.BYTES, Metric.COLUMNS, Metric.DUPLICATE_SHARE)

SCALES: Mapping[Metric, Scale] = {
    **dict.fromkeys(Metric, Scale.LEVEL),
    **{metric: Scale.SHARE for metric in Metric if metric.endswith("_share")},
    **{metric: Scale.LENGTH for metric in Metric if metric.endswith("_length")},
    **{metric: Scale.SECONDS for metric in Metric if metric.endswith("_offset")},
    **dict.fromkeys((Metric.ROWS, Metric.BYTES, Metric.COLUMNS, Metric.DISTINCT), Scale.COUNT),
}

WORDS: Mapping[Metric, str] = {
    Metric.ROWS: "rows",
    Metric.BYTES: "bytes",
    Metric.COLUMNS: "columns",
    Metric.DUPLICATE_SHARE: "share of rows that repeat another row",
    Metric.NULL_SHARE: "share of NULLs",
    Metric.MISFIT_SHARE: "share of values that do not fit the type",
    Metric.DISTINCT: "different values",
    Metric.DISTINCT_SHARE: "different values per value",
    Metric.TOP_SHARE: "share of the most frequent value",
    Metric.MINIMUM: "least value",
    Metric.MAXIMUM: "greatest value",
    Metric.MEAN: "mean",
    Metric.STDDEV: "standard deviation",
    Metric.Q01: "1 % quantile",
    Metric.Q05: "5 % quantile",
    Metric.Q25: "25 % quantile",
    Metric.MEDIAN: "median",
    Metric.Q75: "75 % quantile",
    Metric.Q95: "95 % quantile",
    Metric.Q99: "99 % quantile",
    Metric.ZERO_SHARE: "share of zeros",
    Metric.NEGATIVE_SHARE: "share of negative values",
    Metric.WHOLE_SHARE: "share of whole numbers",
    Metric.DECIMALS: "mean number of decimals",
    Metric.INFINITE_SHARE: "share of values that are not finite",
    Metric.BLANK_SHARE: "share of blank texts",
    Metric.PADDED_SHARE: "share of texts with white space around them",
    Metric.UPPER_SHARE: "share of texts in capitals",
    Metric.LOWER_SHARE: "share of texts in small letters",
    Metric.FOREIGN_SHARE: "share of texts with characters outside ASCII",
    Metric.MIN_LENGTH: "length of the shortest text",
    Metric.MEAN_LENGTH: "mean length",
    Metric.MAX_LENGTH: "length of the longest text",
    Metric.FUTURE_SHARE: "share of moments after the period",
    Metric.WITHIN_SHARE: "share of moments within the period",
    Metric.MIDNIGHT_SHARE: "share of moments at midnight",
    Metric.MIN_OFFSET: "earliest moment after the period's beginning",
    Metric.Q05_OFFSET: "moment by which 5 % have come, after the period's beginning",
    Metric.MEDIAN_OFFSET: "middle moment after the period's beginning",
    Metric.Q95_OFFSET: "moment by which 95 % have come, after the period's beginning",
    Metric.MAX_OFFSET: "latest moment after the period's beginning",
}


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A value as it is shown, or a pattern such as `Aa9-9`, and how many rows have it."""

    text: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class ColumnProfile:
    """One column of a batch.

    `metrics` holds what could be measured: a metric that is not there has no value, for there were no values. `top` and
    `patterns` are the most frequent, first the most frequent; they are counted among `counted` values, all of them in
    a batch of ordinary size. `is_whole` says that `top` holds every value there is. `sketch` keeps some distinct values
    by their hash: those of the least hashes, with the rows that have them; below the hash `sketched_below` none is left
    out.
    """

    name: str
    type: str
    metrics: Mapping[Metric, float] = field(default_factory=dict)
    minimum: str = ""
    maximum: str = ""
    counted: int = 0
    top: tuple[Counted, ...] = ()
    is_whole: bool = False
    patterns: tuple[Counted, ...] = ()
    sketch: Mapping[int, int] = field(default_factory=dict)
    sketched_below: int = 0

    def value(self, metric: Metric) -> float | None:
        return self.metrics.get(metric)


class Tie(StrEnum):
    """What may hold between two columns, row by row."""

    CORRELATED = "correlated"  # the correlation of ranks or values, -1 to 1
    ORDERED = "ordered"  # share of rows in which the left is not greater than the right
    EQUAL = "equal"  # share of rows in which both are the same
    DETERMINES = "determines"  # pairs of values per value of the left: 1 where the left determines the right


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two columns that are measured together."""

    left: str
    right: str
    tie: Tie


@dataclass(frozen=True, kw_only=True)
class Hold:
    """What may hold in every row: `left` determines `right`; without a right one, no two rows have the same `left`."""

    left: tuple[str, ...]
    right: str = ""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One batch: the rows of one period of a dataset, or all of them where it has no periods.

    `content` is a hash that is the same for the same rows in whatever order; it is empty where there are no rows.
    `sketch` keeps some of the rows by their hash, as a column keeps values. `holds` says by how much each was
    contradicted: 0 is by no row. `numbers` are what the dataset's own metrics gave, by their names.
    """

    period: str
    rows: int
    columns: tuple[ColumnProfile, ...]
    metrics: Mapping[Metric, float] = field(default_factory=dict)
    content: str = ""
    sketch: Mapping[int, int] = field(default_factory=dict)
    sketched_below: int = 0
    pairs: Mapping[Pair, float] = field(default_factory=dict)
    holds: Mapping[Hold, float] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)

    def column(self, name: str) -> ColumnProfile | None:
        return next((column for column in self.columns if column.name == name), None)

    def series(self) -> Iterator[tuple[str, Metric, float]]:
        """Every number of the profile with its column, the empty text for the batch's own."""
        yield from (("", metric, value) for metric, value in self.metrics.items())
        for column in self.columns:
            yield from ((column.name, metric, value) for metric, value in column.metrics.items())
