"""What means the same on Spark as on DuckDB once it is rewritten, and why the rest does not."""

from sqlglot import exp

from pipelines_app.compiler.portable import words

_OTHERWISE = frozenset(
    {
        exp.Acos,
        exp.Asin,
        exp.IntervalSpan,
        exp.Lateral,
        exp.Any,
        exp.All,
        exp.RegexpFullMatch,
        exp.DateAdd,
        exp.DateSub,
        exp.Xor,
    }
)
NODES = words.NODES - _OTHERWISE
PLAIN = words.PLAIN

_NESTED = "its lists, structs and lambdas follow other rules, and it drops the order of a list"
_PATTERN = "its patterns are of another kind and can run for ever; use LIKE, starts_with or split_part"
_REASONS = {
    _NESTED: "Array ArrayAgg List Bracket Struct Map Lambda Slice Comprehension Unnest Explode PropertyEQ Dot",
    _PATTERN: "RegexpLike RegexpILike RegexpExtract RegexpExtractAll RegexpReplace RegexpSplit SimilarTo Glob "
    "RegexpFullMatch",
    "it gives nothing or NaN there where DuckDB refuses": "Acos Asin",
    "it has no such aggregate; take the row with row_number() OVER (... ORDER BY ...) = 1": "ArgMax ArgMin First Last",
    "its estimates differ; count(DISTINCT ...) is exact": "ApproxDistinct ApproxQuantile ApproxTopK",
    "its JSON differs": "JSONExtract JSONExtractScalar JSONArray JSONObject JSONKeys",
    "it reads times by other rules; CAST a text in ISO form": "StrToTime StrToDate",
    "its series count otherwise (range leaves the end out)": "GenerateSeries",
    "write it with AND, OR and NOT": "Xor",
    "it would fail where TRY_CAST gives null; keep what fits with a CASE and then CAST": "TryCast",
}
REASONS: dict[type[exp.Expr], str] = {
    getattr(exp, name): said for said, names in _REASONS.items() for name in names.split() if hasattr(exp, name)
}
# Casting to these would hold more than DuckDB's do: what overflows there would pass here.
UNSIGNED = frozenset({exp.DType.UTINYINT, exp.DType.USMALLINT, exp.DType.UINT, exp.DType.UBIGINT, exp.DType.UINT128})
DOUBLES = words.DOUBLES
WHOLE = words.WHOLE
PARTS: dict[type[exp.Expr], str] = words.PARTS
# How Spark's functions tell the parts of a date.
TOLD = {
    "YEAR": "year",
    "MONTH": "month",
    "DAY": "day",
    "QUARTER": "quarter",
    "HOUR": "hour",
    "MINUTE": "minute",
    "SECOND": "second",
    "WEEK": "weekofyear",
    "DOY": "dayofyear",
    "DAYOFYEAR": "dayofyear",
}
EXTRACTED = frozenset(TOLD) | {"DOW", "DAYOFWEEK", "ISODOW", "EPOCH"}
TRUNCATED = words.TRUNCATED
MATHS = words.MATHS
SPREADS = words.SPREADS
