"""What a text file seems to be, from its first lines: pure functions over a sample, used only to propose a contract."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence

from pipelines_app.compiler.definition import Format

DELIMITERS = (",", "\t", ";", "|")
SAMPLED = 200
PARQUET = "PAR1"
VALUE = re.compile(r"^\s*[-+]?[\d.,:/\-T Z]*\d[\d.,:/\-T Z%]*\s*$")


def kind(start: str, declared: Format) -> Format:
    """The format the first bytes speak for; what was declared where they say nothing."""
    if start.startswith(PARQUET):
        return Format.PARQUET
    if start.lstrip().startswith("{"):
        return Format.JSONL
    if declared in (Format.PARQUET, Format.JSONL):
        return Format.CSV
    return declared


def records(start: str, delimiter: str) -> list[list[str]]:
    """The first records that are not blank; the last is left out, for the sample may cut it."""
    lines = start.splitlines(keepends=True)
    whole = lines[:-1] if len(lines) > 1 and not start.endswith(("\n", "\r")) and len(lines) > SAMPLED else lines
    reader = csv.reader(io.StringIO("".join(whole[: SAMPLED * 2]), newline=""), delimiter=delimiter)
    found: list[list[str]] = []
    try:
        for record in reader:
            if record:
                found.append(record)
            if len(found) == SAMPLED:
                break
    except csv.Error:
        return found
    return found


def delimiter(start: str) -> str:
    """The delimiter that cuts most records into the same number of values, and into the most."""
    return max(DELIMITERS, key=lambda candidate: _evenness(records(start, candidate)))


def _evenness(found: Sequence[Sequence[str]]) -> tuple[float, int]:
    if not found:
        return (0.0, 0)
    width, times = Counter(len(record) for record in found).most_common(1)[0]
    return (times / len(found) if width > 1 else 0.0, width)


def has_header(found: Sequence[Sequence[str]]) -> bool:
    """Whether the first record names the columns: no numbers or dates in it, and names that differ, or values below."""
    first = [cell.strip() for cell in found[0]]
    if any(VALUE.match(cell) for cell in first):
        return False
    named = all(first) and len(set(first)) == len(first)
    return named or any(VALUE.match(cell) for record in found[1:] for cell in record)


def names(first: Sequence[str], *, header: bool) -> tuple[str, ...]:
    """A name for every column: the header's, or its position where there is none."""
    cells = [cell.strip() if header else "" for cell in first]
    return tuple(cell or f"column_{number}" for number, cell in enumerate(cells, start=1))
