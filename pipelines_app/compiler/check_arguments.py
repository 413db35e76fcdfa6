"""The arguments of checks: how each is read from a document, and what must hold between them."""

import re
from collections.abc import Callable, Mapping

import re2

from pipelines_app.compiler import gate, names, statements, types
from pipelines_app.compiler.check_kinds import AGGREGATES, KINDS, OPERATORS, PARTS, READ_AS
from pipelines_app.compiler.reading import Reader, step_into
from pipelines_app.errors import StatementRefused

_DURATION = re.compile(r"(\d{1,6})\s*(m|h|d)")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400}


def agree(kind: str, columns: tuple[str, ...], arguments: Mapping[str, object], reader: Reader) -> None:
    """What must hold between arguments."""
    _bounds_agree(kind, arguments, reader)
    to = arguments.get("to")
    if isinstance(to, tuple) and len(to) != len(columns):
        reader.fault("to", f"names {len(to)} columns for {len(columns)}")
    if kind == "matches_pattern" and len(arguments) != 1:
        reader.fault("pattern", "give a pattern, or what it is like, and not both")


def _bounds_agree(kind: str, arguments: Mapping[str, object], reader: Reader) -> None:
    low, high = arguments.get("min"), arguments.get("max")
    if {"min", "max"} <= set(KINDS[kind].arguments) and low is None and high is None:
        reader.fault("min", "give min, max or both")
    elif low is not None and high is not None and _is_above(low, high):
        reader.fault("min", f"min {low} is above max {high}")
    if kind in _ANY_BOUND:
        return
    for key in {"min", "max", "least"} & arguments.keys():
        _number_fault(kind, key, arguments[key], reader)


def _number_fault(kind: str, key: str, value: object, reader: Reader) -> None:
    if kind in _SHARES and not (isinstance(value, int | float) and 0 <= value <= 1):
        reader.fault(key, "must be a share from 0 to 1, such as 0.01")
    elif isinstance(value, str):
        reader.fault(key, "must be a number")


# Bounds that may be a moment as well, or a number in quotes.
_ANY_BOUND = frozenset({"between", "row_count_between"})
_SHARES = frozenset({name for name in KINDS if name.endswith(("_below", "_rate", "_share"))}) | {
    "null_rate_between",
    "unique_ratio_between",
    "dimension_anomaly",
}


def _is_above(low: object, high: object) -> bool:
    if isinstance(low, int | float) and isinstance(high, int | float):
        return low > high
    return isinstance(low, str) and isinstance(high, str) and low > high


def _bound(reader: Reader, key: str) -> object:
    value = reader.entries[key]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        reader.fault(key, "must be a number, or a date or time in quotes")
    return value


def _values(reader: Reader, key: str) -> tuple[object, ...]:
    value = reader.entries[key]
    if not isinstance(value, list | tuple) or not value:
        reader.fault(key, "must be a list with at least one value")
        return ()
    if not all(isinstance(item, str | int | float) for item in value):
        reader.fault(key, "may hold texts, numbers, true and false")
    return tuple(value)


def _pattern(reader: Reader, key: str) -> str:
    pattern = reader.text(key)
    quiet = re2.Options()
    quiet.log_errors = False
    try:
        re2.compile(pattern, options=quiet)
    except re2.error as error:
        reader.fault(key, f"{pattern!r} is not a regular expression (RE2): {_said(error)}")
    return pattern


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _query(reader: Reader, key: str) -> str:
    return _admitted(reader, key, lambda sql: gate.admit(statements.parse(sql)))


def condition(reader: Reader, key: str) -> str:
    return _admitted(reader, key, lambda sql: gate.admit_condition(statements.parse_condition(sql)))


def _admitted(reader: Reader, key: str, admit: Callable[[str], None]) -> str:
    sql = reader.text(key)
    try:
        admit(sql)
    except StatementRefused as refused:
        reader.problems.append(refused.at(step_into(reader.path, key)))
    return sql


def _within(reader: Reader, key: str) -> str:
    value = reader.text(key)
    if seconds(value) <= 0:
        reader.fault(key, f"{value!r} is not a length of time; write 30m, 24h or 7d")
    return value


def seconds(within: str) -> int:
    """The seconds of `30m`, `24h` or `7d`; 0 where it is none of these."""
    match = _DURATION.fullmatch(within.strip())
    return int(match[1]) * _SECONDS[match[2]] if match else 0


def _type(reader: Reader, key: str) -> str:
    text = reader.checked(key, types.fault)
    return types.normalise(text) or text


def _number(reader: Reader, key: str) -> float:
    value = reader.entries[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        reader.fault(key, "must be a number, not below 0")
        return 0.0
    return value


def _share(reader: Reader, key: str) -> float:
    value = _number(reader, key)
    if value > 1:
        reader.fault(key, "must lie between 0 and 1")
    return value


def _one_of(allowed: tuple[str, ...]) -> Callable[[Reader, str], str]:
    def read(reader: Reader, key: str) -> str:
        value = reader.text(key)
        if value not in allowed:
            near = names.nearest(value, allowed)
            reader.fault(key, f"{value!r} is not one of {', '.join(allowed)}", suggestion=near)
        return value

    return read


ARGUMENTS: Mapping[str, Callable[[Reader, str], object]] = {
    "values": _values,
    "min": _bound,
    "max": _bound,
    "pattern": _pattern,
    "dataset": lambda reader, key: reader.text(key),
    "to": lambda reader, key: reader.texts(key),
    "sql": _query,
    "expression": condition,
    "within": _within,
    "ordered": lambda reader, key: reader.flag(key, False),
    "more": lambda reader, key: reader.flag(key, False),
    "strictly": lambda reader, key: reader.flag(key, False),
    "type": _type,
    "like": lambda reader, key: reader.text(key),
    "format": lambda reader, key: reader.text(key),
    "by": lambda reader, key: reader.texts(key),
    "early": _within,
    "late": _within,
    "factor": _number,
    "margin": _number,
    "least": _number,
    "q": _share,
    "equals": _bound,
    "as": _one_of(READ_AS),
    "part": _one_of(PARTS),
    "operator": _one_of(OPERATORS),
    "aggregate": _one_of(AGGREGATES),
    "only": _one_of(("higher", "lower")),
}
