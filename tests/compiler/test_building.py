"""Merges and histories: the same whatever comes when, and the same as plain Python says."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from random import Random

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from pipelines_app.compiler import building, materialising
from pipelines_app.compiler.building import Shape
from pipelines_app.compiler.definition import Column, Deletes, Keeping, Materialisation, PeriodKind

DUCKDB = duckdb.connect()
DAYS = [f"2024-01-0{day}" for day in range(1, 7)]
GIVEN = tuple(
    Column(name=name, type=kind)
    for name, kind in (("id", "INTEGER"), ("v", "VARCHAR"), ("note", "VARCHAR"), ("gone", "BOOLEAN"))
)


def shape(kind: Materialisation, *, given: Sequence[Column] = GIVEN, **keeping: object) -> Shape:
    settled = materialising.settled(Keeping(key=("id",), **keeping), given)
    columns = materialising.columns(kind, settled, given, PeriodKind.DAY)
    return Shape(kind=kind, keeping=settled, columns=columns, given=tuple(given), period=PeriodKind.DAY)


def standing(name: str, columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> exp.CTE:
    """Rows that stand under the name of a relation, without a file."""
    literals = [exp.Tuple(expressions=[exp.convert(value) for value in row]) for row in rows]
    wanted = [
        exp.cast(exp.column(f"c{at}"), one.type, dialect="duckdb").as_(one.name, quoted=True)
        for at, one in enumerate(columns)
    ]
    nothing = exp.Tuple(expressions=[exp.null() for _ in columns])
    values = exp.values(
        [tuple(one.expressions) for one in literals or [nothing]],
        alias="r",
        columns=[f"c{at}" for at in range(len(columns))],
    )
    query = exp.select(*wanted).from_(values)
    return query if literals else query.where(exp.false())


def over(query: exp.Query, **named: exp.Query) -> exp.Query:
    """A query over relations that stand beside it."""
    query = query.copy()
    for table in list(query.find_all(exp.Table)):
        if table.db == "loopline":
            table.replace(named[table.name].subquery(table.alias or table.name))
    return query


def ask(query: exp.Query) -> list[tuple[object, ...]]:
    """The rows of a query in some steady order, moments as text."""
    found = DUCKDB.execute(query.sql("duckdb")).fetchall()
    return sorted((tuple(str(one) if isinstance(one, date) else one for one in row) for row in found), key=repr)


values = st.sampled_from(["a", "b", None])
increments = st.dictionaries(
    st.integers(1, 3), st.tuples(values, values, st.sampled_from([False, False, True, None])), max_size=3
)
histories = st.dictionaries(st.sampled_from(DAYS), increments, max_size=6)
few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def brought(history: dict) -> list[tuple[object, ...]]:
    return [(key, *row, period, 1) for period, rows in history.items() for key, row in rows.items()]


@few
@given(history=histories)
def test_a_merge_is_what_updating_a_dictionary_gives(history: dict) -> None:
    made = shape(Materialisation.MERGE, deleted="gone")
    expected: dict[int, tuple[object, ...]] = {}
    for period in sorted(history):
        for key, (v, note, gone) in history[period].items():
            expected.pop(key, None)
            if not gone:
                expected[key] = (key, v, note)
    rows = standing("increments", made.marked, brought(history))
    folded = ask(over(building.folded(made), increments=rows))
    assert folded == sorted(expected.values(), key=repr)
    if history:
        *before, last = sorted(history)
        earlier = standing("increments", made.marked, brought({one: history[one] for one in before}))
        current = over(building.folded(made), increments=earlier)
        new = standing("brought", made.marked, brought({last: history[last]}))
        assert ask(over(building.merged(made), current=current, brought=new)) == folded


def reference(history: dict, *, tracked: Sequence[int], close: bool) -> list[tuple[object, ...]]:
    """Every stretch of every key, told row by row."""
    found = []
    for key in {key for rows in history.values() for key in rows}:
        row, since = None, ""
        for day in sorted(history):
            seen = history[day].get(key)
            if seen is None and not close:
                continue
            goes_on = row is not None and seen is not None and all(row[at] == seen[at] for at in tracked)
            if row is not None and not goes_on:
                found.append((key, *row, since, day, False))
            row, since = seen, since if goes_on else day
        if row is not None:
            found.append((key, *row, since, None, True))
    return sorted(found, key=repr)


@few
@given(history=histories, deletes=st.sampled_from(Deletes), only=st.booleans(), order=st.randoms())
def test_a_history_is_what_plain_python_says_in_whatever_order_its_periods_came(
    history: dict, deletes: Deletes, only: bool, order: Random
) -> None:
    made = shape(Materialisation.SCD2, deletes=deletes, tracked=("v",) if only else ())
    rows = brought(history)
    order.shuffle(rows)
    expected = reference(history, tracked=[0] if only else [0, 1, 2], close=deletes is Deletes.CLOSE)
    query = over(building.history(made, sorted(history)), increments=standing("increments", made.marked, rows))
    assert ask(query) == expected


@few
@given(history=histories, order=st.randoms())
def test_what_is_effective_from_a_column_is_ordered_by_it(history: dict, order: Random) -> None:
    dated = (*GIVEN, Column(name="since", type="DATE"))
    made = shape(Materialisation.SCD2, given=dated, effective="since")
    came = order.sample(DAYS, len(DAYS))
    rows = [(key, *row, day, came[DAYS.index(day)], 1) for day, found in history.items() for key, row in found.items()]
    expected = reference(history, tracked=[0, 1, 2], close=False)
    query = over(building.history(made, ()), increments=standing("increments", made.marked, rows))
    assert ask(query) == expected


@pytest.mark.parametrize(
    ("kind", "period", "since"),
    [
        (PeriodKind.HOUR, "2024-01-01T05", "2024-01-01 05:00:00"),
        (PeriodKind.DAY, "2024-01-01", "2024-01-01"),
        (PeriodKind.MONTH, "2024-01", "2024-01-01"),
    ],
)
def test_a_history_begins_with_its_period(kind: PeriodKind, period: str, since: str) -> None:
    made = replace(shape(Materialisation.SCD2, deletes=Deletes.CLOSE), period=kind)
    columns = materialising.columns(made.kind, made.keeping, GIVEN, kind)
    made = replace(made, columns=columns)
    rows = standing("increments", made.marked, [(1, "a", None, None, period, 1)])
    assert ask(over(building.history(made, [period]), increments=rows)) == [(1, "a", None, None, since, None, True)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(1, "a"), (2, "a")], ""),
        ([(7, "a"), (7, "b"), (8, "a")], "the key (id) is there more than once in the new rows: id=7 2 times"),
        ([(None, "a")], "1 of the new rows have no id: the key of a row must be known"),
        (
            [(n % 5, "a") for n in range(15)],
            "the key (id) is there more than once in the new rows: id=0 3 times, id=1 3 times, id=2 3 times and others",
        ),
    ],
)
def test_keys_that_are_none_are_named(rows: list[tuple[object, ...]], said: str) -> None:
    made = shape(Materialisation.MERGE)
    new = standing("brought", made.marked, [(*row, None, None, "2024-01-01", 1) for row in rows])
    assert building.said_unfit(made, ask(over(building.unfit(made), brought=new))) == said
