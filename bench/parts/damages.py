"""Ways to damage a batch. Each gives the damaged batch and the column at fault ("" where it is the whole batch)."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from bench.parts.tables import Batch

NONE = ("", "NA")
Damaged = tuple[Batch, str] | None
Damage = Callable[[Batch, Batch, random.Random], Damaged]


def values(batch: Batch, place: int) -> list[str]:
    return [row[place] for row in batch.rows if row[place] not in NONE]


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def numbers(batch: Batch) -> list[int]:
    """The columns of numbers that are not the same in all rows, nor mostly zero."""
    found = []
    for place in range(len(batch.header)):
        held = values(batch, place)
        if len(set(held)) > 5 and all(map(is_number, held)) and sum(float(one) != 0 for one in held) > len(held) / 2:
            found.append(place)
    return found


def texts(batch: Batch) -> list[int]:
    return [
        place
        for place in range(len(batch.header))
        if any(one.isalpha() for text in values(batch, place)[:50] for one in text) and not _moments_of(batch, place)
    ]


def _moments_of(batch: Batch, place: int) -> bool:
    held = values(batch, place)[:20]
    return bool(held) and all(one[:4].isdigit() and one[4:5] == one[7:8] == "-" for one in held)


def moments(batch: Batch) -> list[int]:
    return [place for place in range(len(batch.header)) if _moments_of(batch, place)]


def filled(batch: Batch) -> list[int]:
    return [place for place in range(len(batch.header)) if len(values(batch, place)) > len(batch.rows) / 2]


def cells(places: Callable[[Batch], list[int]], share: float, change: Callable[[str, random.Random], str]) -> Damage:
    """Change a share of the values of one column."""

    def damage(batch: Batch, before: Batch, chance: random.Random) -> Damaged:
        able = places(batch)
        if not able:
            return None
        place = chance.choice(able)
        held = [number for number, row in enumerate(batch.rows) if row[place] not in NONE]
        rows = [list(row) for row in batch.rows]
        for number in chance.sample(held, max(1, round(share * len(held)))):
            rows[number][place] = change(rows[number][place], chance)
        if rows == batch.rows:
            return None
        return Batch(header=batch.header, rows=rows), batch.header[place]

    return damage


def whole(change: Callable[[list[list[str]], list[list[str]], random.Random], list[list[str]]]) -> Damage:
    """Change the rows as a whole."""

    def damage(batch: Batch, before: Batch, chance: random.Random) -> Damaged:
        return Batch(header=batch.header, rows=change([list(row) for row in batch.rows], before.rows, chance)), ""

    return damage


def times(factor: float) -> Callable[[str, random.Random], str]:
    return lambda text, chance: f"{float(text) * factor:.10g}"


def to(value: str) -> Callable[[str, random.Random], str]:
    return lambda text, chance: value


def _typo(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text))
    return text[:place] + chance.choice("qxzj") + text[place + 1 :]


def later(hours: float) -> Callable[[str, random.Random], str]:
    def moved(text: str, chance: random.Random) -> str:
        if len(text) <= 10:
            return (
                text if abs(hours) < 24 else (datetime.fromisoformat(text) + timedelta(hours=hours)).date().isoformat()
            )
        at = datetime.fromisoformat(text.replace("Z", "+00:00")) + timedelta(hours=hours)
        return at.isoformat(sep=text[10]).replace("+00:00", "Z")

    return moved


def _day_first(text: str, chance: random.Random) -> str:
    return f"{text[8:10]}/{text[5:7]}/{text[:4]}{text[10:]}"


def _mojibake(text: str, chance: random.Random) -> str:
    return (text + "é").encode().decode("latin-1")


def _swapped(batch: Batch, before: Batch, chance: random.Random) -> Damaged:
    able = [place for place in filled(batch) if len(set(values(batch, place))) > 3]
    if len(able) < 2:
        return None
    left, right = chance.sample(able, 2)
    rows = [list(row) for row in batch.rows]
    for row in rows:
        row[left], row[right] = row[right], row[left]
    return Batch(header=batch.header, rows=rows), batch.header[left]


def header(change: Callable[[list[str], list[list[str]], int], tuple[list[str], list[list[str]], str]]) -> Damage:
    def damage(batch: Batch, before: Batch, chance: random.Random) -> Damaged:
        place = chance.randrange(len(batch.header))
        header, rows, column = change(list(batch.header), [list(row) for row in batch.rows], place)
        return Batch(header=header, rows=rows), column

    return damage


def _renamed(header: list[str], rows: list[list[str]], place: int) -> tuple[list[str], list[list[str]], str]:
    old, header[place] = header[place], f"{header[place]}_new"
    return header, rows, old


def _dropped(header: list[str], rows: list[list[str]], place: int) -> tuple[list[str], list[list[str]], str]:
    old = header.pop(place)
    return header, [row[:place] + row[place + 1 :] for row in rows], old


def _added(header: list[str], rows: list[list[str]], place: int) -> tuple[list[str], list[list[str]], str]:
    return [*header, "extra"], [[*row, "1"] for row in rows], "extra"


def _missing_category(batch: Batch, before: Batch, chance: random.Random) -> Damaged:
    able = [place for place in texts(batch) if 2 <= len(set(values(batch, place))) <= 20]
    if not able:
        return None
    place = chance.choice(able)
    held = values(batch, place)
    gone = max(sorted(set(held)), key=held.count)
    return Batch(header=batch.header, rows=[row for row in batch.rows if row[place] != gone]), batch.header[place]


def _collided(batch: Batch, before: Batch, chance: random.Random) -> Damaged:
    able = [place for place in filled(batch) if len(set(values(batch, place))) == len(batch.rows)]
    if not able:
        return None
    some = sorted({row[able[0]] for row in batch.rows})[: max(1, len(batch.rows) // 50)]
    return cells(lambda _: able[:1], 0.1, lambda text, chance: chance.choice(some))(batch, before, chance)


def _shuffled(rows: Sequence[list[str]], before: Sequence[list[str]], chance: random.Random) -> list[list[str]]:
    return [*rows, *chance.sample(list(rows), len(rows) // 10 or 1)]


KINDS: Mapping[str, Damage] = {
    "10 % null": cells(filled, 0.1, to("")),
    "half null": cells(filled, 0.5, to("")),
    "all null": cells(filled, 1, to("")),
    "x 1000": cells(numbers, 1, times(1000)),
    "x 1.609": cells(numbers, 1, times(1.609)),
    "x 0.01": cells(numbers, 1, times(0.01)),
    "sign": cells(numbers, 1, times(-1)),
    "1 % outliers": cells(numbers, 0.01, times(1000)),
    "-1 for 5 %": cells(numbers, 0.05, to("-1")),
    "9999 for 5 %": cells(numbers, 0.05, to("9999")),
    "decimal comma": cells(numbers, 1, lambda text, chance: text.replace(".", ",") if "." in text else f"{text},5"),
    "text for 10 %": cells(numbers, 0.1, to("n.a.?")),
    "constant": cells(numbers, 1, to("7")),
    "typos in 5 %": cells(texts, 0.05, _typo),
    "case": cells(texts, 0.5, lambda text, chance: text.swapcase()),
    "white space": cells(texts, 0.3, lambda text, chance: f" {text} "),
    "mojibake": cells(texts, 0.2, _mojibake),
    "cut texts": cells(texts, 1, lambda text, chance: text[:1]),
    "new category": cells(texts, 0.1, to("Unheard-of")),
    "time zone": cells(moments, 1, later(-5)),
    "a day late": cells(moments, 1, later(24)),
    "future dates": cells(moments, 0.05, later(24 * 400)),
    "1970-01-01": cells(moments, 0.05, lambda text, chance: "1970-01-01" + text[10:]),
    "date format": cells(moments, 1, _day_first),
    "swapped columns": _swapped,
    "duplicates": whole(_shuffled),
    "half the rows": whole(lambda rows, before, chance: rows[: len(rows) // 2]),
    "a tenth of the rows": whole(lambda rows, before, chance: rows[: len(rows) // 10 or 1]),
    "yesterday's as well": whole(lambda rows, before, chance: [*rows, *before]),
    "yesterday's file": whole(lambda rows, before, chance: list(before)),
    "twice": whole(lambda rows, before, chance: [*rows, *rows]),
    "no rows": whole(lambda rows, before, chance: []),
    "missing category": _missing_category,
    "colliding keys": _collided,
    "renamed": header(_renamed),
    "dropped": header(_dropped),
    "added": header(_added),
}
