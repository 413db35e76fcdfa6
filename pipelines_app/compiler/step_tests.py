"""`tests:` of a step: rows of what it reads, and the rows it has to give; read, written back, and put into queries."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from pipelines_app.compiler import binding, building, inlining, names, statements
from pipelines_app.compiler.compiled import CompiledStep
from pipelines_app.compiler.definition import BUILT, Column, PeriodKind, StepTest
from pipelines_app.compiler.reading import Reader, described, step_into
from pipelines_app.errors import Problem

KEYS = ("name", "given", "expect", "parameters", "period", "order")
MOST_TESTS = 100
MOST_ROWS = 200
MOST_COLUMNS = 500
LONGEST_NAME = 200


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows as a test writes them, with the columns that it names; what a row does not name is empty."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One test as two queries: what the step gives of the columns that are compared, and what is expected."""

    columns: tuple[Column, ...]
    given: exp.Query
    expected: exp.Query


def parse(reader: Reader, dataset: str) -> tuple[StepTest, ...]:
    """The tests of a step; their names must differ."""
    listed = reader.listed("tests")
    if len(listed) > MOST_TESTS:
        reader.fault("tests", f"a step may have {MOST_TESTS} tests")
        return ()
    found: dict[str, StepTest] = {}
    for path, entry in listed:
        if not isinstance(entry, Mapping):
            reader.problems.append(Problem(path=path, message=f"a test is a mapping, not {described(entry)}"))
            continue
        test = _test(Reader(entry, path, reader.problems), dataset)
        if test.name in found:
            message = f"there is another test named {test.name!r}; give this one a name of its own"
            reader.problems.append(Problem(path=path, message=message))
        found[test.name] = test
    return tuple(found.values())


def _test(reader: Reader, dataset: str) -> StepTest:
    reader.only(*KEYS)
    name = reader.text("name", required=True)
    if len(name) > LONGEST_NAME:
        reader.fault("name", f"has up to {LONGEST_NAME} characters")
    given = reader.section("given")
    if given is None and not reader.has("given"):
        reader.fault("given", "given is missing: rows of what the step reads, by dataset; {} for none")
    expect = reader.entries.get("expect")
    if isinstance(expect, Mapping) and list(expect) == [dataset]:
        expect = expect[dataset]
    _judge(expect, step_into(reader.path, "expect"), reader.problems)
    for name_, rows in given.entries.items() if given else ():
        _judge(rows, step_into(given.path if given else "", str(name_)), reader.problems)
    chosen = reader.section("parameters")
    return StepTest(
        name=name,
        given={str(key): rows for key, rows in given.entries.items()} if given else {},
        expect=expect,
        parameters=dict(chosen.entries) if chosen else {},
        period=reader.text("period"),
        order=reader.flag("order", False),
    )


def _judge(written: object, path: str, problems: list[Problem]) -> None:
    """Note what keeps something from being rows."""
    message = ""
    if isinstance(written, str):
        message = "" if written.strip() else "rows as CSV begin with a line that names the columns"
    elif not isinstance(written, list | tuple):
        message = f"must be rows, each a mapping of columns to values, or a CSV text, not {described(written)}"
    elif odd := next((row for row in written if not isinstance(row, Mapping)), None):
        message = f"a row is a mapping of columns to values, not {described(odd)}"
    if not message:
        rows = rows_of(written)
        if len(rows.rows) > MOST_ROWS or len(rows.columns) > MOST_COLUMNS:
            message = f"a test has up to {MOST_ROWS} rows of {MOST_COLUMNS} columns in a place"
    if message:
        problems.append(Problem(path=path, message=message))


def rows_of(written: object) -> Rows:
    """What is written, as rows."""
    if isinstance(written, str):
        lines = list(csv.reader(io.StringIO(written.strip() + "\n"), skipinitialspace=True))
        width = len(lines[0])
        values = [[cell if cell != "" else None for cell in (*line, *[""] * width)[:width]] for line in lines[1:]]
        return Rows(columns=tuple(lines[0]), rows=tuple(tuple(row) for row in values if any(row) or width > 1))
    entries = [row for row in written if isinstance(row, Mapping)] if isinstance(written, list | tuple) else []
    columns = tuple(dict.fromkeys(str(name) for row in entries for name in row))
    return Rows(columns=columns, rows=tuple(tuple(row.get(name) for name in columns) for row in entries))


def dump(test: StepTest) -> dict[str, object]:
    """A test's entry, as it was written."""
    entry: dict[str, object] = {"name": test.name, "given": _plain(test.given), "expect": _plain(test.expect)}
    if test.parameters:
        entry["parameters"] = _plain(test.parameters)
    if test.period:
        entry["period"] = test.period
    return entry | ({"order": True} if test.order else {})


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def faults(test: StepTest, step: CompiledStep, reads: Mapping[str, Sequence[Column]], path: str) -> list[Problem]:
    """What of a test does not go with its step: datasets that it does not read, columns that are not there."""
    found = []
    for dataset, written in test.given.items():
        place = step_into(step_into(path, "given"), dataset)
        if dataset not in reads:
            message = f"{step.dataset} does not read {dataset}{names.hint(dataset, reads)}"
            found.append(Problem(path=place, message=message))
        else:
            found += _unknown(written, reads[dataset], dataset, place)
    found += _unknown(test.expect, step.columns, step.dataset, step_into(path, "expect"))
    if test.period and not binding.is_period(step.period, test.period):
        kind = f"runs by {step.period}" if step.period is not PeriodKind.NONE else "does not run by period"
        found.append(Problem(path=step_into(path, "period"), message=f"{step.dataset} {kind}: {test.period!r} is none"))
    return found


def _unknown(written: object, columns: Sequence[Column], dataset: str, path: str) -> list[Problem]:
    known = {column.name.lower(): column.name for column in columns}
    return [
        Problem(path=path, message=f"{dataset} has no column {name!r}{names.hint(name, known.values())}")
        for name in rows_of(written).columns
        if name.lower() not in known
    ]


def case(test: StepTest, step: CompiledStep, query: exp.Query, reads: Mapping[str, Sequence[Column]]) -> Case:
    """A test as queries; `query` is that of the step."""
    period = test.period or binding.SAMPLES.get(step.period, "")
    if step.period is not PeriodKind.NONE:
        query = binding.bind_period(query, step.period, period)
    held = {name: _standing(rows_of(test.given.get(name, ())), columns) for name, columns in reads.items()}
    made = inlining.over(query, held)
    if step.materialise in BUILT:
        made = building.alone(step, made, period)
    expected = rows_of(test.expect)
    named = {name.lower() for name in expected.columns}
    columns = tuple(column for column in step.columns if column.name.lower() in named or not named)
    wanted = [_typed(exp.column(one.name, quoted=True), one.type).as_(one.name, quoted=True) for one in columns]
    return Case(
        columns=columns, given=exp.select(*wanted).from_(made.subquery("q")), expected=_standing(expected, columns)
    )


def _standing(written: Rows, columns: Sequence[Column]) -> exp.Query:
    """Rows as a query that gives these columns."""
    places = {name.lower(): place for place, name in enumerate(written.columns)}
    safe = [f"c{number}" for number in range(len(columns))]
    if not written.rows:
        nothing = [_typed(exp.null(), column.type).as_(column.name, quoted=True) for column in columns]
        return exp.select(*nothing).where(exp.false())
    rows = [
        tuple(_typed(_literal(row, places.get(column.name.lower())), column.type) for column in columns)
        for row in written.rows
    ]
    named = [exp.column(alias).as_(column.name, quoted=True) for alias, column in zip(safe, columns, strict=True)]
    return exp.select(*named).from_(exp.values(rows, alias="r", columns=safe))


def _literal(row: Sequence[object], place: int | None) -> exp.Expr:
    value = row[place] if place is not None else None
    if isinstance(value, Mapping | list | tuple):
        return exp.Literal.string(json.dumps(_plain(value)))
    return exp.convert(value)


def _typed(value: exp.Expr, kind: str) -> exp.Expr:
    return exp.Cast(this=value, to=exp.DataType.build(kind, dialect=statements.DIALECT))
