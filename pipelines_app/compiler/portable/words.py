"""What means the same on PostgreSQL as on DuckDB once it is rewritten, and why the rest does not."""

from sqlglot import exp

_STRUCTURE = """
Select From Join Where Group Having Qualify Order Ordered Limit Offset Fetch Distinct With CTE Subquery TableAlias
Alias Union Except Intersect Values Tuple Table Lateral Window WindowSpec WithinGroup Filter Column Identifier Star
Literal Boolean Null Placeholder Paren Interval IntervalSpan DataType DataTypeParam Cast Case If AtTimeZone Any All
Exists IgnoreNulls And Or Not EQ NEQ GT GTE LT LTE Is In Between Like ILike Escape NullSafeEQ NullSafeNEQ Add Sub Mul
Div IntDiv Mod Pow Neg DPipe Var Cube Rollup GroupingSets Xor
"""
_FUNCTIONS = """
Abs Acos Asin Atan Atan2 AnyValue Avg Cbrt Ceil Coalesce Concat ConcatWs Cos Cot Count CountIf CovarPop CovarSamp
CumeDist CurrentDate CurrentTimestamp DateAdd DateDiff DateSub DateTrunc Day DayOfMonth DayOfWeek DayOfWeekIso
DayOfYear Degrees DenseRank Exp Extract FirstValue Floor Greatest GroupConcat Hour Lag LastValue Lead Least Left
Length Ln Log LogicalAnd LogicalOr Lower MD5 Max Median Min Minute Month NthValue Ntile Nullif Pad PercentRank
PercentileCont Pi Quarter Radians Rand Rank RegexpFullMatch DateFromParts Repeat Replace Right Round RowNumber Second
Sign Sin SplitPart Sqrt StartsWith Stddev StddevPop StddevSamp StrPosition Substring Sum Tan TimeToStr TimeToUnix
TimestampTrunc Translate Trim Trunc Upper Uuid Variance VariancePop Week WeekOfYear Year
"""


def _classes(words: str) -> frozenset[type[exp.Expr]]:
    return frozenset(getattr(exp, word) for word in words.split() if hasattr(exp, word))


NODES = _classes(_STRUCTURE) | _classes(_FUNCTIONS)
# By DuckDB's own names: what the parser's library has no node for.
PLAIN = frozenset({"epoch", "now", "today", "date_part", "datepart", "mean"})

_NESTED = "PostgreSQL has no lists, structs, maps and lambdas such as these"
_PATTERN = "its patterns are of another kind and can run for ever; use LIKE, starts_with or split_part"
_ORDERED = "it has no such aggregate; take the row with row_number() OVER (... ORDER BY ...) = 1"
REASONS: dict[type[exp.Expr], str] = {
    exp.TryCast: "it would fail where TRY_CAST gives null; keep what fits with a CASE and then CAST",
    **dict.fromkeys(
        _classes("Array ArrayAgg Bracket Struct Map Lambda Slice Comprehension Unnest Explode PropertyEQ Dot"), _NESTED
    ),
    **dict.fromkeys(
        _classes("RegexpLike RegexpILike RegexpExtract RegexpExtractAll RegexpReplace RegexpSplit SimilarTo Glob"),
        _PATTERN,
    ),
    **dict.fromkeys(_classes("ArgMax ArgMin First Last Mode"), _ORDERED),
    **dict.fromkeys(
        _classes("ApproxDistinct ApproxQuantile ApproxTopK"), "it has no estimates; count(DISTINCT ...) is exact"
    ),
    **dict.fromkeys(_classes("JSONExtract JSONExtractScalar JSONArray JSONObject JSONKeys"), "its JSON differs"),
    exp.Corr: "it gives null where DuckDB gives NaN",
    exp.GenerateSeries: "its series count otherwise (range leaves the end out)",
    exp.StrToTime: "it reads times by other rules and lets wrong ones pass; CAST a text in ISO form",
    exp.Reverse: "it turns characters around where DuckDB turns what is seen as one",
}

DOUBLES = frozenset({exp.DType.DOUBLE, exp.DType.FLOAT})
# Casting to these would hold more than DuckDB's do: what overflows there would pass here.
NARROW = frozenset(
    {
        exp.DType.TINYINT,
        exp.DType.UTINYINT,
        exp.DType.USMALLINT,
        exp.DType.UINT,
        exp.DType.UBIGINT,
        exp.DType.UINT128,
    }
)
WHOLE = NARROW | {exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT, exp.DType.INT128}
PARTS: dict[type[exp.Expr], str] = {
    exp.Year: "YEAR",
    exp.Month: "MONTH",
    exp.Day: "DAY",
    exp.DayOfMonth: "DAY",
    exp.Quarter: "QUARTER",
    exp.Hour: "HOUR",
    exp.Minute: "MINUTE",
    exp.Second: "SECOND",
    exp.Week: "WEEK",
    exp.WeekOfYear: "WEEK",
    exp.DayOfYear: "DOY",
    exp.DayOfWeek: "DOW",
    exp.DayOfWeekIso: "ISODOW",
}
EXTRACTED = frozenset(PARTS.values()) | {"EPOCH", "ISOYEAR", "DECADE", "CENTURY", "DAYOFYEAR", "DAYOFWEEK"}
TRUNCATED = frozenset({"HOUR", "MINUTE", "SECOND", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"})
MATHS = _classes("Sqrt Exp Ln Log Pow Sin Cos Tan Asin Acos Atan Atan2 Cot Cbrt Degrees Radians")
SPREADS = _classes("Avg Stddev StddevPop StddevSamp Variance VariancePop CovarPop CovarSamp")
LONGEST_NAME = 63
