"""How a file's faults are said to the person who sent it."""

import difflib
from collections.abc import Collection, Sequence

from pipelines_app.errors import EngineError

WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "INT")
NOUNS = {
    "DOUBLE": "a number",
    "FLOAT": "a number",
    "REAL": "a number",
    "BOOLEAN": "true or false",
    "DATE": "a date (YYYY-MM-DD)",
    "TIMESTAMP": "a date and time (YYYY-MM-DD HH:MM:SS)",
    "TIMESTAMP WITH TIME ZONE": "a date and time with its zone",
    "TIME": "a time of day (HH:MM:SS)",
    "UUID": "a UUID",
    "JSON": "JSON",
}
PLURALS = {
    "a whole number": "whole numbers",
    "a number": "numbers",
    "true or false": "true or false",
    "a date (YYYY-MM-DD)": "dates",
    "a date and time (YYYY-MM-DD HH:MM:SS)": "dates with a time",
    "a time of day (HH:MM:SS)": "times of day",
}
SHOWN = 80


def noun(type_: str) -> str:
    """What a value of a type is, in words: `a whole number`."""
    upper = type_.upper()
    if upper in WHOLE:
        return "a whole number"
    if upper.startswith("DECIMAL"):
        return f"a number that fits {upper}"
    return NOUNS.get(upper, f"a value of type {upper}")


def nouns(type_: str) -> str:
    """The plural of `noun`, where a sentence counts: `14 of 5,000 rows are not dates`."""
    return PLURALS.get(noun(type_), f"of type {type_}")


def shown(text: str) -> str:
    """A text short enough for a sentence."""
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def header_faults(file: str, found: Sequence[str], wanted: Sequence[str]) -> EngineError | None:
    """Say which columns a file lacks, has too many or twice; None when it has exactly the wanted ones in any order."""
    missing = [column for column in wanted if column not in found]
    extra = [column for column in found if column not in wanted]
    twice = sorted({column for column in found if found.count(column) > 1})
    said = [
        *(f"column '{column}' is missing{_nearest(column, extra, 'the file has')}" for column in missing),
        *(f"column '{shown(column)}' is not declared{_nearest(column, missing, 'declared is')}" for column in extra),
        *(f"column '{shown(column)}' comes twice" for column in twice),
    ]
    if not said:
        return None
    return EngineError(
        f"{file}: {'; '.join(said)}.",
        kind=EngineError.SOURCE,
        todo="Send the file with the declared columns, or change the source's columns.",
    )


def _nearest(column: str, among: Collection[str], introduction: str) -> str:
    folded = {candidate.casefold().strip(): candidate for candidate in among}
    close = difflib.get_close_matches(column.casefold().strip(), list(folded), n=1)
    return f" ({introduction} '{folded[close[0]]}')" if close else ""
