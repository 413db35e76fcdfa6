"""More ways to damage a batch, the quieter ones: less of it is wrong, or wrong only beside another column."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from bench.parts.damages import (
    NONE,
    Damage,
    Damaged,
    cells,
    filled,
    is_number,
    moments,
    numbers,
    texts,
    times,
    to,
    values,
    whole,
)
from bench.parts.tables import Batch

Change = Callable[[str, random.Random], str]


def _few(batch: Batch) -> list[int]:
    """The columns with few values, of which each comes often."""
    found = []
    for place in filled(batch):
        held = Counter(values(batch, place))
        if 2 <= len(held) <= 12 and min(len(batch.rows), 40) > 2 * len(held):
            found.append(place)
    return found


def _keys(batch: Batch) -> list[int]:
    """The columns in which no value comes twice."""
    return [place for place in filled(batch) if len(set(values(batch, place))) == len(batch.rows) > 1]


def _of(places: Callable[[Batch], list[int]], change: Callable[[list[str], random.Random], list[str]]) -> Damage:
    """Change a column as a whole."""

    def damage(batch: Batch, before: Batch, chance: random.Random) -> Damaged:
        able = places(batch)
        if not able:
            return None
        place = chance.choice(able)
        changed = change([row[place] for row in batch.rows], chance)
        rows = [[*row[:place], value, *row[place + 1 :]] for row, value in zip(batch.rows, changed, strict=True)]
        return None if rows == batch.rows else (Batch(header=batch.header, rows=rows), batch.header[place])

    return damage


def _moved(held: list[str], chance: random.Random) -> list[str]:
    """One standard deviation up."""
    found = [float(one) for one in held if one not in NONE]
    middle = sum(found) / len(found)
    spread = (sum((one - middle) ** 2 for one in found) / len(found)) ** 0.5
    return [one if one in NONE else _written(float(one) + 1.5 * spread, one) for one in held]


def _written(value: float, like: str) -> str:
    """A number with as many decimals as another."""
    return f"{value:.{len(like.partition('.')[2])}f}"


def _clipped(held: list[str], chance: random.Random) -> list[str]:
    found = sorted(float(one) for one in held if one not in NONE)
    most = found[len(found) * 6 // 10]
    return [one if one in NONE or float(one) <= most else _written(most, one) for one in held]


def _merged(held: list[str], chance: random.Random) -> list[str]:
    """The second most frequent value is written as the most frequent."""
    (first, _), (second, _) = Counter(one for one in held if one not in NONE).most_common(2)
    return [first if one == second else one for one in held]


def _swapped_values(held: list[str], chance: random.Random) -> list[str]:
    names = list(dict.fromkeys(one for one in sorted(held) if one not in NONE))
    other = dict(zip(names, [*names[1:], names[0]], strict=True))
    return [other.get(one, one) for one in held]


def _upper(held: list[str], chance: random.Random) -> list[str]:
    changed = [one.upper() for one in held]
    return changed if changed != held else [one.lower() for one in held]


def _stale_column(batch: Batch, before: Batch, chance: random.Random) -> Damaged:
    """A column of moments that is still yesterday's."""
    able = moments(batch)
    if not able or not before.rows:
        return None
    place = chance.choice(able)
    held = [row[place] for row in before.rows]
    rows = [[*row[:place], held[n % len(held)], *row[place + 1 :]] for n, row in enumerate(batch.rows)]
    return None if rows == batch.rows else (Batch(header=batch.header, rows=rows), batch.header[place])


def _null_in_group(batch: Batch, before: Batch, chance: random.Random) -> Damaged:
    """All values of a column are missing in the rows of the second most frequent value of another."""
    groups, able = _few(batch), filled(batch)
    if not groups or len(able) < 2:
        return None
    group = chance.choice(groups)
    place = chance.choice([one for one in able if one != group])
    ranked = Counter(values(batch, group)).most_common(2)
    if len(ranked) < 2:
        return None
    rows = [[*row[:place], "", *row[place + 1 :]] if row[group] == ranked[1][0] else list(row) for row in batch.rows]
    return Batch(header=batch.header, rows=rows), batch.header[place]


def _late_hours_missing(batch: Batch, before: Batch, chance: random.Random) -> Damaged:
    """The file ends two thirds into the day."""
    able = [place for place in moments(batch) if len(values(batch, place)[0]) > 10]
    if not able:
        return None
    ordered = sorted(batch.rows, key=lambda row: row[able[0]])
    return Batch(header=batch.header, rows=ordered[: len(ordered) * 2 // 3]), ""


def _day_and_month(text: str, chance: random.Random) -> str:
    return text if int(text[8:10]) > 12 else f"{text[:5]}{text[8:10]}-{text[5:7]}{text[10:]}"


def _epoch(text: str, chance: random.Random) -> str:
    return f"{datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp():.0f}"


def _thousands(text: str, chance: random.Random) -> str:
    return f"{float(text) * 1000:,.0f}" if abs(float(text)) < 1000 else f"{float(text):,.2f}"


def _old_keys(batch: Batch, before: Batch, chance: random.Random) -> Damaged:
    """Keys that were given out before."""
    able = [place for place in _keys(batch) if not all(map(is_number, values(batch, place)))] or _keys(batch)
    old = {row[able[0]] for row in before.rows} - {row[able[0]] for row in batch.rows} if able else set()
    if len(old) < 5:
        return None
    return cells(lambda _: able[:1], 0.5, lambda text, chance: chance.choice(sorted(old)))(batch, before, chance)


def _with_some(share: float) -> Damage:
    """A share of the rows is there twice."""
    return whole(lambda rows, before, chance: [*rows, *chance.sample(rows, max(1, round(share * len(rows))))])


def _some_of(share: float) -> Damage:
    """A share of the rows, by chance."""
    return whole(lambda rows, before, chance: chance.sample(rows, max(1, round(share * len(rows)))))


MORE: Mapping[str, Damage] = {
    "5 % null": cells(filled, 0.05, to("")),
    "20 % null": cells(filled, 0.2, to("")),
    "N/A in words for 10 %": cells(filled, 0.1, to("unknown")),
    "0 for 15 %": cells(numbers, 0.15, to("0")),
    "Fahrenheit": cells(numbers, 1, lambda text, chance: _written(float(text) * 1.8 + 32, text)),
    "x 100": cells(numbers, 1, times(100)),
    "x 1000 for 10 %": cells(numbers, 0.1, times(1000)),
    "sign for 15 %": cells(numbers, 0.15, times(-1)),
    "1.5 deviations up": _of(numbers, _moved),
    "clipped": _of(numbers, _clipped),
    "whole numbers": cells(numbers, 1, lambda text, chance: f"{float(text):.0f}"),
    "hundreds": cells(numbers, 1, lambda text, chance: f"{round(float(text), -2):.0f}"),
    "thousands separators": cells(numbers, 1, _thousands),
    "currency sign": cells(numbers, 1, lambda text, chance: f"${text}"),
    "values merged": _of(_few, _merged),
    "values swapped": _of(_few, _swapped_values),
    "all capitals": _of(texts, _upper),
    "prefix": cells(texts, 1, lambda text, chance: f"x-{text}"),
    "quotes": cells(texts, 0.3, lambda text, chance: f"'{text}'"),
    "markup": cells(texts, 0.1, lambda text, chance: f"<b>{text}</b>&amp;"),
    "white space for 5 %": cells(texts, 0.05, lambda text, chance: f"{text} "),
    "texts by half": cells(texts, 0.5, lambda text, chance: text[: max(1, len(text) // 2)]),
    "an hour later": cells(moments, 1, lambda text, chance: _hours(text, 1)),
    "a year later": cells(
        moments, 1, lambda text, chance: f"{int(text[:4]) + 1}{text[4:].replace('-02-29', '-02-28')}"
    ),
    "day and month": cells(moments, 1, _day_and_month),
    "seconds since 1970": cells(moments, 1, _epoch),
    "yesterday's moments": _stale_column,
    "null in a group": _null_in_group,
    "late hours missing": _late_hours_missing,
    "old keys": _old_keys,
    "5 % twice": _with_some(0.05),
    "half twice": _with_some(0.5),
    "40 % of the rows": _some_of(0.4),
    "three times": whole(lambda rows, before, chance: [*rows, *rows, *rows]),
    "a third of yesterday": whole(lambda rows, before, chance: [*rows, *before[: len(before) // 3]]),
}


def _hours(text: str, hours: int) -> str:
    """A moment some hours later; a day as it is."""
    if len(text) <= 10:
        return text
    stamp = datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() + 3600 * hours
    zone = datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo
    return datetime.fromtimestamp(stamp, zone).isoformat(sep=text[10]).replace("+00:00", "Z")
