"""What analysts' SQL may be made of: kinds of nodes, functions and types. What is not listed is refused."""

from dataclasses import dataclass

from sqlglot import exp


@dataclass(frozen=True, kw_only=True)
class Words:
    """What SQL of one dialect may be made of; functions are those that the parser's library has no node for, too."""

    nodes: frozenset[type[exp.Expr]]
    functions: frozenset[str]
    types: frozenset[exp.DType]


_STRUCTURE = """
Select From Join Where Group Having Qualify Order Ordered Limit Offset Fetch Distinct With CTE Subquery TableAlias
Alias Aliases Union Except Intersect SetOperation Values Tuple Table Lateral Unnest Window WindowSpec WindowFrame
WithinGroup Filter IgnoreNulls RespectNulls Cube Rollup GroupingSets HavingMax Column Identifier Star Dot Var Literal
RawString National Boolean Null Placeholder Paren Interval IntervalSpan DataType DataTypeParam ColumnDef Cast TryCast
Case If Bracket Slice Lambda Kwarg PropertyEQ Comprehension JSONPath JSONPathRoot JSONPathKey JSONPathSubscript
JSONPathWildcard JSONPathSlice Collate AtTimeZone Any All Exists And Or Xor Not EQ NEQ GT GTE LT LTE Is In Between
Like ILike SimilarTo Escape Glob RegexpLike RegexpILike NullSafeEQ NullSafeNEQ Add Sub Mul Div IntDiv Mod Pow Neg
DPipe BitwiseAnd BitwiseOr BitwiseXor BitwiseNot BitwiseLeftShift BitwiseRightShift ArrayContainsAll ArrayContainedBy
ArrayOverlaps JSONExtract JSONExtractScalar SafeDivide PivotAlias Hint TimeUnit WeekStart Year Month Day Week Quarter
Hour Minute Second
"""

_FUNCTIONS = """
Abs Acos Acosh AnyValue ApproxDistinct ApproxQuantile ApproxTopK ArgMax ArgMin Array ArrayAgg ArrayAppend ArrayConcat
ArrayContains ArrayDistinct ArrayFilter ArrayIntersect ArrayMax ArrayMin ArrayPosition ArrayPrepend ArrayReverse
ArraySize ArraySlice ArraySort ArrayToString Ascii Asin Asinh Atan Atan2 Atanh Avg BitLength BitwiseAndAgg
BitwiseOrAgg BitwiseXorAgg Cbrt Ceil Chr Coalesce Concat ConcatWs Contains Corr Cos Cosh CosineDistance Cot Count
CountIf CovarPop CovarSamp CumeDist CurrentDate CurrentTime CurrentTimestamp Date DateAdd DateBin DateDiff
DateFromParts DateSub DateTrunc DayOfMonth DayOfWeek DayOfWeekIso DayOfYear Dayname Decode Degrees DenseRank Encode
EndsWith EuclideanDistance Exp Explode Extract Factorial First FirstValue Flatten Floor Format FromBase64
GenerateSeries Getbit Greatest GroupConcat Hex IsInf IsNan JSONArray JSONArrayAgg JSONKeys JSONObject JSONType
JarowinklerSimilarity Kurtosis Lag Last LastDay LastValue Lead Least Left Length Levenshtein Ln Localtimestamp Log
LogicalAnd LogicalOr Lower MD5 Map MapFromEntries MapKeys Max Median Min Mode Monthname NthValue Ntile Nullif Overlay
Pad ParseJSON PercentRank PercentileCont PercentileDisc Pi Quantile Radians Rand Rank Reduce RegexpExtract
RegexpExtractAll RegexpFullMatch RegexpReplace RegexpSplit RegrAvgx RegrAvgy RegrCount RegrIntercept RegrR2 RegrSlope
RegrSxx RegrSxy RegrSyy Repeat Replace Reverse Right Round RowNumber SHA SHA2 Sign Sin Sinh Skewness Split SplitPart
Sqrt StartsWith Stddev StddevPop StddevSamp StrPosition StrToTime Struct StructExtract Substring Sum Tan Tanh
TimeFromParts TimeToStr TimeToUnix TimestampFromParts TimestampTrunc ToBase64 ToDays ToMap Transform Translate Trim
Trunc Typeof Unhex Unicode UnixToTime Upper Uuid Variance VariancePop WeekOfYear
"""

# Functions sqlglot has no node for: by DuckDB's own names.
_PLAIN_FUNCTIONS = """
age arg_max_null arg_min_null array_aggregate array_apply array_cosine_similarity array_cross_product
array_distance array_extract array_has_any array_indexof array_inner_product array_pop_back array_pop_front
array_push_back array_push_front array_reduce array_resize array_select array_transform array_unique array_value
array_where array_zip bar base64 bin bit_count cardinality century count_star damerau_levenshtein date_part
date_sub datepart datesub days_in_month decade divide element_at entropy epoch_ns epoch_us equi_width_bins era
even fdiv fmod format_bytes from_binary fsum favg gamma gcd generate_subscripts geomean geometric_mean grade_up
greatest_common_divisor hamming hash histogram histogram_exact isfinite isoyear jaccard jaro_similarity
json_array_length json_contains json_exists json_extract json_extract_string json_group_array json_group_object
json_merge_patch json_quote json_structure json_transform json_valid json_value julian kahan_sum kurtosis_pop lcm
least_common_multiple left_grapheme length_grapheme lgamma list_aggr list_aggregate list_any_value list_apply
list_approx_count_distinct list_avg list_bit_and list_bit_or list_bit_xor list_bool_and list_bool_or list_cat
list_cosine_similarity list_count list_dot_product list_element list_entropy list_extract list_filter list_first
list_grade_up list_has_all list_histogram list_indexof list_inner_product list_intersect list_kurtosis list_last
list_mad list_median list_mode list_pack list_position list_product list_reduce list_resize list_reverse
list_reverse_sort list_select list_sem list_skewness list_slice list_sort list_stddev_pop list_stddev_samp
list_string_agg list_sum list_transform list_unique list_var_pop list_var_samp list_where list_zip mad
make_timestamp_ms make_timestamp_ns make_timestamptz map_concat map_contains map_contains_entry map_contains_value
map_entries map_extract map_extract_value map_values md5_number mean microsecond millennium millisecond mismatches
multiply nanosecond nextafter nfc_normalize now octet_length ord parse_dirname parse_dirpath parse_filename
parse_path prefix printf product regexp_escape regexp_split_to_array reservoir_quantile right_grapheme round_even
roundbankers row row_to_json sem set_bit signbit strip_accents strlen struct_concat struct_contains
struct_extract_at struct_has struct_insert struct_keys struct_pack struct_position struct_update struct_values
substring_grapheme subtract suffix sumkahan timezone timezone_hour timezone_minute to_base to_binary to_centuries
to_decades to_hours to_json to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters
to_seconds to_weeks to_years transaction_timestamp try_strptime unbin url_decode url_encode uuidv4 uuidv7 wavg
weekday weighted_avg yearweek list_grade_up array_sort array_reverse_sort array_aggr get_current_timestamp today
current_localtimestamp
"""
PLAIN_FUNCTIONS = frozenset(_PLAIN_FUNCTIONS.split())

# The same answer twice is not to be had from these.
_UNSTEADY_FUNCTIONS = """
now random uuid gen_random_uuid uuidv4 uuidv7 today get_current_timestamp transaction_timestamp
current_localtimestamp age reservoir_quantile
"""
UNSTEADY_FUNCTIONS = frozenset(_UNSTEADY_FUNCTIONS.split())
UNSTEADY_NODES: tuple[type[exp.Expr], ...] = (
    exp.CurrentDate,
    exp.CurrentTime,
    exp.CurrentTimestamp,
    exp.Localtimestamp,
    exp.Rand,
    exp.Uuid,
)

_TYPES = """
BOOLEAN TINYINT SMALLINT INT BIGINT INT128 UTINYINT USMALLINT UINT UBIGINT UINT128 FLOAT DOUBLE DECIMAL VARCHAR TEXT
CHAR NCHAR NVARCHAR DATE TIME TIMETZ TIMESTAMP TIMESTAMPTZ TIMESTAMPNTZ TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS DATETIME
INTERVAL ARRAY LIST STRUCT MAP JSON UUID BIGDECIMAL
"""


def classes(words: str) -> frozenset[type[exp.Expr]]:
    """The node classes of these names; what this release of the parser does not know is no risk and is left out."""
    return frozenset(getattr(exp, word) for word in words.split() if hasattr(exp, word))


def types(words: str) -> frozenset[exp.DType]:
    """The types of these names, in the same way."""
    return frozenset(getattr(exp.DType, word) for word in words.split() if hasattr(exp.DType, word))


TYPES = types(_TYPES)
FUNCTION_NODES = classes(_FUNCTIONS)
NODES = classes(_STRUCTURE) | FUNCTION_NODES | {exp.Anonymous}
FUNCTION_NAMES = PLAIN_FUNCTIONS | {
    name.lower() for node in FUNCTION_NODES if issubclass(node, exp.Func) for name in node.sql_names()
}
WORDS = Words(nodes=NODES, functions=FUNCTION_NAMES, types=TYPES)
