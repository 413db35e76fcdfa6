"""One table of values, many pipelines: each row is one, each column is something that the template asks for."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines_app.compiler import names, typed
from pipelines_app.compiler.templating import Template
from pipelines_app.definitions.files import File
from pipelines_app.errors import DefinitionInvalid, Problem

PIPELINE = "pipeline"
OWN = (PIPELINE, "team", "description")
MOST_ROWS = 1_000
MOST_BYTES = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Table:
    """The names of the columns, and the rows, each a text for every column."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with a table: the row (from 1, 0 for the header or the whole), the column if it is one, and why."""

    row: int
    column: str
    message: str


def read(text: str) -> Table:
    """A table from CSV, with commas, semicolons or tabs; raises DefinitionInvalid where it is none."""
    if len(text.encode(errors="surrogatepass")) > MOST_BYTES:
        raise _refused("", f"the table is longer than {MOST_BYTES:,} bytes")
    first = text.lstrip("\ufeff").partition("\n")[0]
    delimiter = max("\t;,", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise _refused("", f"this is no table: {error}") from error
    kept = [[cell.strip() for cell in line] for line in lines if any(cell.strip() for cell in line)]
    if len(kept) < 2:
        raise _refused("", "a table has a line with the names of its columns, and a line for each pipeline")
    header, rows = kept[0], kept[1:]
    if len(rows) > MOST_ROWS:
        raise _refused("", f"a table has up to {MOST_ROWS:,} rows, not {len(rows):,}")
    _refuse_ragged(header, rows)
    width = len(header)
    return Table(header=tuple(header), rows=tuple((*row, *[""] * (width - len(row))) for row in rows))


def _refuse_ragged(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    problems = [
        Problem(path=f"row {place}", message=f"has {len(row)} cells, and the header names {len(header)} columns")
        for place, row in enumerate(rows, start=1)
        if len(row) > len(header)
    ]
    if problems:
        raise DefinitionInvalid(problems)


def _refused(path: str, message: str) -> DefinitionInvalid:
    return DefinitionInvalid([Problem(path=path, message=message)])


def files(table: Table, template: Template, *, team: str) -> list[File]:
    """The rows as definitions, named `row 1` and so on; an empty cell leaves the default of the template.

    Raises DefinitionInvalid for columns that the template does not ask for.
    """
    _refuse_header(table, template)
    return [_file(place, table.header, row, template, team) for place, row in enumerate(table.rows, start=1)]


def _refuse_header(table: Table, template: Template) -> None:
    known = [*OWN, *(one.name for one in template.asked)]
    problems = []
    for name in table.header:
        if name not in known:
            near = names.nearest(name, known)
            message = f"{template.name} has no parameter {name!r}" + (f"; did you mean {near}?" if near else "")
            problems.append(Problem(path=f"header: {name}", message=message, suggestion=near))
        elif table.header.count(name) > 1:
            problems.append(Problem(path=f"header: {name}", message="this column is here twice"))
    if PIPELINE not in table.header:
        problems.append(Problem(path=f"header: {PIPELINE}", message="name the pipelines in a column `pipeline`"))
    if problems:
        raise DefinitionInvalid(list({problem.path: problem for problem in problems}.values()))


def _file(place: int, header: Sequence[str], row: Sequence[str], template: Template, team: str) -> File:
    cells = {name: cell for name, cell in zip(header, row, strict=True) if cell}
    asked = template.by_name
    values = {name: typed.value(asked[name].parameter, cell) for name, cell in cells.items() if name in asked}
    document: dict[str, object] = {"pipeline": cells.get(PIPELINE, ""), "team": cells.get("team", team)}
    if "description" in cells:
        document["description"] = cells["description"]
    return File(name=f"row {place}", content={**document, "template": {"name": template.name, "values": values}})


def faults(problems: Sequence[Problem]) -> list[Fault]:
    """The faults of a plan made from a table, each by its row and column."""
    return [_fault(problem) for problem in problems]


def _fault(problem: Problem) -> Fault:
    where, _, path = problem.path.partition(": ")
    column = path.removeprefix("template.values.").partition("[")[0]
    if where == "header":
        return Fault(row=0, column=path, message=problem.message)
    number = where.removeprefix("row ")
    if not where.startswith("row ") or not number.isdigit():
        message = f"{problem.path}: {problem.message}" if problem.path else problem.message
        return Fault(row=0, column="", message=message)
    known = path.startswith("template.values.") or path in OWN
    return Fault(row=int(number), column=column if known else "", message=problem.message)
