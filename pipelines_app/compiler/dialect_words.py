"""What SQL in an engine's own dialect may be made of, beside what all SQL may: listed, and nothing else.

Names are those for which the parser's library has no node. What reads files, settings, catalogues or other sessions,
what sleeps, writes or locks, and what gives another answer to each worker is on no list.
"""

from collections.abc import Mapping

from pipelines_app.compiler import vocabulary
from pipelines_app.compiler.vocabulary import Words, classes

_POSTGRES_NODES = """
ArrayRemove ExplodingGenerateSeries Grouping Initcap JSONBExtract JSONBExtractScalar JSONBObjectAgg JSONObjectAgg
JustifyDays JustifyHours JustifyInterval MakeInterval Normalize RegexpCount RegexpInstr RegexpSubstr SHA2Digest
StrToDate StringToArray ToNumber WidthBucket
"""
_POSTGRES_FUNCTIONS = """
age array_lower array_ndims array_positions array_replace array_upper cardinality erf erfc every gcd isfinite
json_build_object json_typeof jsonb_agg jsonb_array_length jsonb_build_object jsonb_extract_path_text
jsonb_path_exists jsonb_path_query_first jsonb_pretty jsonb_set jsonb_strip_nulls jsonb_typeof lcm make_date
min_scale num_nonnulls num_nulls octet_length regexp_match regexp_split_to_array row_to_json scale similarity timezone
to_json to_jsonb trim_array trim_scale unistr
"""
_SPARK_NODES = """
AddMonths ArrayCompact ArrayExcept ArrayRemove ArrayUniqueAgg ArraysZip BitwiseCount DateFromUnixDate EqualNull
FromTimeZone Grouping GroupingId Initcap Inline JSONFormat MakeInterval MonthsBetween Nanvl NextDay Nvl2 Posexplode
RegexpCount RegexpInstr RegexpSubstr Rint SafeAdd SafeMultiply SafeSubtract Soundex Space StrToMap StrToUnix
SubstringIndex TimeStrToTime TsOrDsAdd TsOrDsToDate UnixDate UnixToStr VarMap WidthBucket
"""
_SPARK_FUNCTIONS = """
array_union arrays_overlap bround cardinality conv crc32 e every expm1 format_number gcd hypot isnotnull
isnull lcm log1p luhn_check make_date map_concat map_entries map_filter mask octet_length pmod some timestamp_millis
timestamp_seconds try_avg try_sum try_to_number try_to_timestamp weekday xxhash64 zip_with
"""
# The same function by another name: what is written with the one may come out with the other.
_POSTGRES_SAME = """
btrim ceiling char_length character_length date_part mod now regexp_like strpos substr variance pow
"""
_SPARK_SAME = """
array_agg array_size char_length character_length current_date curdate date_sub ifnull instr log10 log2 mod named_struct
nvl position pow reduce regexp_like sha1 signum string_agg substr to_unix_timestamp unix_date ceiling
"""


def _words(nodes: str, functions: str, without: str = "") -> Words:
    return Words(
        nodes=(vocabulary.NODES | classes(nodes)) - classes(without),
        functions=frozenset(functions.split()),
        types=vocabulary.TYPES | vocabulary.types("JSONB"),
    )


WORDS: Mapping[str, Words] = {
    "postgres": _words(_POSTGRES_NODES, _POSTGRES_FUNCTIONS),
    # A list of all numbers up to one lies in the memory of a worker.
    "spark": _words(_SPARK_NODES, _SPARK_FUNCTIONS, without="GenerateSeries"),
}
SAME: Mapping[str, frozenset[str]] = {
    "postgres": frozenset(_POSTGRES_SAME.split()),
    "spark": frozenset(_SPARK_SAME.split()),
}
