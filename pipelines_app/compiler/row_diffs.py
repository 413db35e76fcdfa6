"""How the rows that came differ from those that were expected, in lines that an analyst reads."""

import json
from collections import Counter
from collections.abc import Sequence

Row = tuple[object, ...]
MOST_LINES = 10
LONGEST_VALUE = 60


def told(expected: Sequence[Row], came: Sequence[Row], columns: Sequence[str], *, key: Sequence[str] = ()) -> list[str]:
    """Every difference: rows that are missing, rows nobody expected, and rows of one key in which a value differs."""
    wanted, seen = Counter(map(_plain, expected)), Counter(map(_plain, came))
    missing = _of(expected, wanted - seen)
    unexpected = _of(came, seen - wanted)
    lines = []
    for row in list(missing):
        other = _like(row, unexpected, [columns.index(name) for name in key])
        if other is not None:
            missing.remove(row)
            unexpected.remove(other)
            lines.append(_different(row, other, columns, key))
    lines += [f"missing: {_row(row, columns)}" for row in missing]
    lines += [f"unexpected: {_row(row, columns)}" for row in unexpected]
    more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], *([f"and {more} more"] if more > 0 else [])]


def out_of_order(expected: Sequence[Row], came: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """The first place at which the same rows come in another order."""
    for place, (row, other) in enumerate(zip(expected, came, strict=False), start=1):
        if _plain(row) != _plain(other):
            return [f"the order differs: row {place} is {_row(other, columns)}, expected {_row(row, columns)}"]
    return []


def _of(rows: Sequence[Row], left: Counter[Row]) -> list[Row]:
    """The rows that are counted as left over, in their order."""
    counted = Counter(left)
    found = []
    for row in rows:
        plain = _plain(row)
        if counted[plain] > 0:
            counted[plain] -= 1
            found.append(row)
    return found


def _like(row: Row, others: Sequence[Row], key: Sequence[int]) -> Row | None:
    """The row that stands in its place: that of its key, or without one the one most like it."""
    plain = _plain(row)
    if key:
        return next((other for other in others if all(_plain(other)[at] == plain[at] for at in key)), None)
    alike = [(sum(a == b for a, b in zip(plain, _plain(other), strict=True)), other) for other in others]
    best, other = max(alike, key=lambda pair: pair[0], default=(0, None))
    return other if 2 * best >= len(row) and best else None


def _different(row: Row, other: Row, columns: Sequence[str], key: Sequence[str]) -> str:
    pairs = list(zip(columns, row, other, strict=True))
    differs = [(name, a, b) for name, a, b in pairs if _plain((a,)) != _plain((b,))]
    same = [(name, a) for name, a, b in pairs if (name in key if key else _plain((a,)) == _plain((b,)))]
    where = ", ".join(f"{name}={_value(value)}" for name, value in same)
    return f"different: {where}: " + ", ".join(f"{n} is {_value(b)}, expected {_value(a)}" for n, a, b in differs)


def _row(row: Row, columns: Sequence[str]) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in zip(columns, row, strict=True))


def _value(value: object) -> str:
    if value is None:
        return "empty"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def _plain(row: Row) -> Row:
    """A row as it is compared: numbers to twelve digits, nested values as text."""
    return tuple(_comparable(value) for value in row)


def _comparable(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.12g}")
    return json.dumps(value, sort_keys=True) if isinstance(value, list | dict) else value
