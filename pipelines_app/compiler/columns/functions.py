"""What is known of functions by name: which hide their input, gather rows, make rows, or choose."""

from sqlglot import exp

_MASKING_NODES: tuple[type[exp.Expr], ...] = tuple(
    getattr(exp, name)
    for name in (
        "ApproxDistinct",
        "Count",
        "CountIf",
        "FarmFingerprint",
        "HashAgg",
        "MD5",
        "MD5Digest",
        "MD5NumberLower64",
        "MD5NumberUpper64",
        "SHA",
        "SHA1Digest",
        "SHA2",
        "SHA2Digest",
        "StandardHash",
        "Encrypt",
    )
    if hasattr(exp, name)
)
# fmt: off
_MASKING = frozenset(
    {
        "anonymize", "cityhash64", "count", "crc32", "crypt", "digest", "encrypt", "fnv_hash", "hash", "hashbytes",
        "hmac", "mask", "mask_first_n", "mask_hash", "mask_last_n", "mask_show_first_n", "mask_show_last_n", "md5",
        "md5_hex", "murmur_hash", "murmurhash2_32", "murmurhash3_32", "redact", "sha", "sha1", "sha1_hex", "sha2",
        "sha224", "sha256", "sha384", "sha512", "siphash64", "xxh64", "xxhash32", "xxhash64",
    }
)
_AGGREGATING = frozenset(
    {
        "any_value", "approx_percentile", "arg_max", "arg_min", "argmax", "argmin", "bit_and", "bit_or", "bool_and",
        "bool_or", "collect_list", "collect_set", "every", "group_concat", "groupconcat", "groupuniqarray",
        "histogram", "json_arrayagg", "json_objectagg", "list", "listagg", "max_by", "min_by", "percentile",
        "percentile_approx", "string_agg", "stringagg", "sumif", "sumorzero", "uniq", "uniqexact", "wm_concat",
        "xmlagg",
    }
)
_MULTIPLYING_NODES: tuple[type[exp.Expr], ...] = (exp.Explode, exp.Inline, exp.Unnest, exp.UDTF)
_MULTIPLYING = frozenset(
    {
        "arrayjoin", "explode", "explode_outer", "flatten", "generate_series", "inline", "inline_outer",
        "json_array_elements", "json_array_elements_text", "json_each", "json_each_text", "json_tuple",
        "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_each", "jsonb_each_text", "posexplode",
        "posexplode_outer", "regexp_matches", "regexp_split_to_table", "stack", "string_to_table", "unnest",
    }
)
_MOVING = (exp.Lag, exp.Lead)
# fmt: on
_CHOOSING = frozenset({"iff", "nvl2", "if", "iif"})


def masks(node: exp.Expr) -> bool:
    """Whether what goes in cannot be read from what comes out."""
    return isinstance(node, _MASKING_NODES) or _name(node) in _MASKING


def aggregates(node: exp.Expr) -> bool:
    """Whether a function that the parser does not know makes one value of many rows."""
    return _name(node) in _AGGREGATING or isinstance(node, exp.AnonymousAggFunc)


def multiplies(node: exp.Expr) -> bool:
    """Whether it makes any number of rows of one."""
    return isinstance(node, _MULTIPLYING_NODES) or _name(node) in _MULTIPLYING


def moves_values(node: exp.Expr) -> bool:
    """Whether it takes the value of another row as it is."""
    return isinstance(node, _MOVING)


def looks_up(node: exp.Expr) -> bool:
    """Whether its first argument names a table in which the others are looked up."""
    return _name(node).startswith(("dictget", "dicthas", "joinget"))


def decides_first(node: exp.Expr) -> bool:
    """Whether its first argument says which of the others is taken."""
    return _name(node) in _CHOOSING and len(node.expressions) > 1


def _name(node: exp.Expr) -> str:
    return str(node.this).lower() if isinstance(node, exp.Anonymous) else ""
