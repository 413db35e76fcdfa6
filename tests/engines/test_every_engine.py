"""One contract for every engine: the same values in, the same values out, whole or not at all."""

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipelines_app.compiler.definition import Column, Format, Source
from pipelines_app.engines.base import Audit, Engine, Limits, Place, Relation, Table
from pipelines_app.errors import EngineError
from tests.engines.conftest import LIMITS, columns_of, sql

SLOW = "SELECT count(*) AS n FROM raw.many AS a, raw.many AS b, raw.many AS c WHERE a.i * b.i + c.i = 7"


@dataclass(frozen=True)
class Bench:
    """An engine, and a new place of it whenever one is asked for."""

    engine: Engine
    place: Callable[[str], Place]

    def make(self, text: str, *inputs: Relation, name: str = "mart.made", **types: str) -> Relation:
        columns = columns_of(**types)
        written = self.engine.materialise(sql(text), inputs, columns, self.place(name), LIMITS)
        return Relation(name=name, columns=columns, files=(written.path,))

    def rows(self, text: str, *inputs: Relation) -> tuple[tuple[object, ...], ...]:
        return self.engine.preview(sql(text), inputs, rows=2_000, limits=LIMITS).rows


@pytest.fixture(params=["duckdb", "postgres", pytest.param("spark", marks=pytest.mark.spark)])
def bench(request: pytest.FixtureRequest, into: Path) -> Iterator[Bench]:
    made: list[Place] = []

    def place(name: str) -> Place:
        number = uuid.uuid4().hex[:12]
        short = name.replace(".", "_")
        made.append(Table(schema="team_1", name=f"{short}__{number}") if is_postgres else into / number)
        return made[-1]

    is_postgres = request.param == "postgres"
    engine = request.getfixturevalue("engine" if request.param == "duckdb" else request.param)
    yield Bench(engine, place)
    engine.drop(made)


@pytest.fixture
def orders(bench: Bench) -> Relation:
    """Four orders of three people, one without an amount."""
    return bench.make(
        """
        SELECT * FROM (VALUES
            (1, 'ann', 10.50, DATE '2024-01-01'), (2, 'bob', 20.00, DATE '2024-01-01'),
            (3, 'ann', NULL, DATE '2024-01-02'), (4, '', 5.25, DATE '2024-01-03')
        ) AS v(id, who, amount, day)
        """,
        name="raw.orders",
        id="BIGINT",
        who="VARCHAR",
        amount="DECIMAL(18,2)",
        day="DATE",
    )


def test_several_questions_are_answered_in_one_session_and_a_wrong_one_is_told(bench, orders):
    asked = [sql("SELECT max(amount) AS most, count(*) AS n FROM raw.orders"), sql("SELECT 1 AS one WHERE false")]
    found = bench.engine.ask(asked, [orders], LIMITS)
    assert [answer.rows for answer in found] == [(("20.00", 4),), ()]
    with pytest.raises(EngineError) as refused:
        bench.engine.ask([*asked, sql("SELECT nothing FROM raw.orders")], [orders], LIMITS)
    assert refused.value.kind == EngineError.STATEMENT


def test_a_query_becomes_a_version_with_the_declared_columns_in_order(bench, orders):
    columns = columns_of(people="BIGINT", day="DATE")
    query = sql("SELECT day, count(DISTINCT who) AS people FROM raw.orders GROUP BY day")
    place = bench.place("mart.daily")
    written = bench.engine.materialise(query, [orders], columns, place, LIMITS)
    assert (written.rows, written.columns, written.path) == (3, columns, place)
    assert written.bytes > 0
    daily = Relation(name="mart.daily", columns=columns, files=(place,))
    answer = bench.engine.preview(sql("SELECT * FROM mart.daily ORDER BY day"), [daily], rows=10, limits=LIMITS)
    assert answer.columns == columns
    assert answer.rows == ((2, "2024-01-01"), (1, "2024-01-02"), (1, "2024-01-03"))


def test_equal_content_has_an_equal_fingerprint_in_whatever_order_it_was_written(bench, orders):
    def fingerprint(text: str) -> str:
        columns = columns_of(id="BIGINT", who="VARCHAR")
        return bench.engine.materialise(sql(text), [orders], columns, bench.place("x"), LIMITS).fingerprint

    up = fingerprint("SELECT id, who FROM raw.orders ORDER BY id")
    assert up == fingerprint("SELECT id, who FROM raw.orders ORDER BY id DESC")
    assert up != fingerprint("SELECT id, who FROM raw.orders WHERE id > 1")
    assert up != fingerprint("SELECT id, nullif(who, '') AS who FROM raw.orders")


VALUES = [
    ("BOOLEAN", "TRUE", True),
    ("TINYINT", "CAST(-128 AS SMALLINT)", -128),
    ("UINTEGER", "4294967295", 4294967295),
    ("BIGINT", "9223372036854775807", "9223372036854775807"),
    ("UBIGINT", "CAST('18446744073709551615' AS DECIMAL(20, 0))", "18446744073709551615"),
    ("DOUBLE", "CAST('nan' AS DOUBLE)", "nan"),
    ("DOUBLE", "CAST('-inf' AS DOUBLE)", "-inf"),
    ("DOUBLE", "CAST('0.1' AS DOUBLE)", 0.1),
    (
        "DECIMAL(38,2)",
        "CAST('123456789012345678901234567890.01' AS DECIMAL(38, 2))",
        "123456789012345678901234567890.01",
    ),
    ("DECIMAL(5,2)", "1.5", "1.50"),
    ("VARCHAR", "''", ""),
    ("VARCHAR", "'a\"b,c\nd \\x é 𝄞'", 'a"b,c\nd \\x é 𝄞'),
    ("DATE", "DATE '0001-01-01'", "0001-01-01"),
    ("TIME", "CAST('23:59:59.999999' AS TIME)", "23:59:59.999999"),
    ("TIMESTAMP", "TIMESTAMP '2024-02-29 05:06:07.123456'", "2024-02-29T05:06:07.123456"),
    ("TIMESTAMPTZ", "CAST('2024-03-10 02:30:00-05' AS TIMESTAMPTZ)", "2024-03-10T07:30:00+00:00"),
    ("UUID", "CAST('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' AS UUID)", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
]


@pytest.mark.parametrize(("type_", "text", "expected"), VALUES, ids=[f"{one[0]} {one[1][:20]}" for one in VALUES])
def test_every_value_comes_back_as_it_went_in_and_null_as_null(bench, type_, text, expected):
    made = bench.make(f"SELECT {text} AS v UNION ALL SELECT NULL", v=type_)
    found = bench.rows("SELECT v FROM mart.made ORDER BY v NULLS LAST", made)
    assert found == ((expected,), (None,))


def test_values_cross_from_files_into_the_warehouse_and_back_unchanged(engine, postgres, into):
    columns = tuple(Column(name=f"V {number}", type=one[0]) for number, one in enumerate(VALUES))
    selected = ", ".join(f'CAST({one[1]} AS {one[0]}) AS "V {number}"' for number, one in enumerate(VALUES))
    nothing = ", ".join("NULL" for _ in VALUES)
    there = engine.materialise(sql(f"SELECT {selected} UNION ALL SELECT {nothing}"), [], columns, into / "a", LIMITS)
    whole = Relation(name="raw.kinds", columns=columns, files=(there.path,))
    place = Table(schema="team_1", name=f"crossing__{uuid.uuid4().hex[:12]}")
    everything = sql("SELECT * FROM raw.kinds")
    brought = postgres.materialise(everything, [whole], columns, place, LIMITS)
    back = postgres.fetch(replace(whole, files=(brought.path,)), into / "b", LIMITS)
    assert (back.rows, back.fingerprint) == (2, there.fingerprint)
    assert bench_rows(engine, everything, whole) == bench_rows(postgres, everything, replace(whole, files=(place,)))
    postgres.drop([place])


def bench_rows(engine: Engine, query, relation: Relation) -> list[tuple[object, ...]]:
    return sorted(engine.preview(query, [relation], rows=10, limits=LIMITS).rows, key=str)


def test_names_may_be_any_names(bench, orders):
    odd = columns_of(**{"a \"b'": "BIGINT", "SELECT": "VARCHAR", "é;--": "DATE"})
    query = sql('SELECT id AS "a ""b\'", who AS "SELECT", day AS "é;--" FROM raw.orders')
    written = bench.engine.materialise(query, [orders], odd, bench.place("mart.odd"), LIMITS)
    made = Relation(name="mart.odd", columns=odd, files=(written.path,))
    answer = bench.engine.preview(sql('SELECT * FROM mart.odd ORDER BY "a ""b\'"'), [made], rows=1, limits=LIMITS)
    assert [column.name for column in answer.columns] == [column.name for column in odd]
    assert answer.rows == ((1, "ann", "2024-01-01"),)


def test_a_dataset_without_parts_is_empty_and_typed(bench, orders):
    empty = replace(orders, files=())
    assert bench.rows("SELECT sum(amount) AS total, count(*) AS n FROM raw.orders", empty) == ((None, 0),)
    assert bench.make("SELECT * FROM raw.orders", empty, id="BIGINT", day="DATE").files
    assert bench.engine.explain(sql("SELECT id, day FROM raw.orders"), [orders]) == columns_of(id="BIGINT", day="DATE")


def test_a_dataset_of_many_parts_reads_as_one_with_nulls_from_before_a_column_was_there(bench):
    old = bench.make("SELECT 1 AS a", name="raw.grown", a="BIGINT")
    new = bench.make("SELECT 2 AS a, 'x' AS b", name="raw.grown", a="BIGINT", b="VARCHAR")
    newer = bench.make("SELECT 3 AS a, '' AS b", name="raw.grown", a="BIGINT", b="VARCHAR")
    both = replace(new, files=(*new.files, *newer.files), earlier=(old,))
    assert bench.rows("SELECT * FROM raw.grown ORDER BY a", both) == ((1, None), (2, "x"), (3, ""))


def test_parts_from_before_a_type_changed_are_read_in_the_declared_type_or_refused_by_name(bench):
    new = bench.make("SELECT 9007199254740993 AS v", name="raw.typed", v="BIGINT")
    text = bench.make("SELECT '9' AS v UNION ALL SELECT NULL", name="raw.typed", v="VARCHAR")
    unfit = bench.make("SELECT 'nine' AS v", name="raw.typed", v="VARCHAR")
    query = "SELECT v FROM raw.typed ORDER BY v NULLS FIRST"
    assert bench.rows(query, replace(new, earlier=(text,))) == ((None,), (9,), ("9007199254740993",))
    with pytest.raises(EngineError, match="nine") as refused:
        bench.rows(query, replace(new, earlier=(unfit,)))
    assert refused.value.kind == EngineError.STATEMENT


def test_fifteen_hundred_columns_are_kept(bench):
    names = [f"c{number}" for number in range(1_500)]
    text = ", ".join(f"CAST({number} AS INTEGER) AS {name}" for number, name in enumerate(names))
    wide = bench.make(f"SELECT {text}", **dict.fromkeys(names, "INTEGER"))
    assert bench.rows("SELECT c0, c1499 FROM mart.made", wide) == ((0, 1499),)


def test_an_audit_looks_at_the_output_before_anybody_reads_it(bench, orders):
    astray = "SELECT count(*) AS n FROM mart.who w WHERE NOT EXISTS (SELECT 1 FROM raw.orders o WHERE o.who = w.who)"
    counted = sql("SELECT count(*) AS n FROM mart.who")
    asked = Audit(dataset="mart.who", statements=(counted, sql(astray)), others=(orders,))
    query = sql("SELECT DISTINCT who FROM raw.orders")
    place = bench.place("mart.who")
    written = bench.engine.materialise(query, [orders], columns_of(who="VARCHAR"), place, LIMITS, asked)
    assert [answer.rows for answer in written.answers] == [((3,),), ((0,),)]


def test_an_arriving_file_is_read_by_its_contract_into_a_version(bench, into):
    (into / "arrived").write_bytes(b"id,who,seen\n1,ann,2024-01-01 05:06:07+02\n2,,\nx,bob,\n")
    columns = columns_of(id="INTEGER", who="VARCHAR", seen="TIMESTAMPTZ")
    source = Source(dataset="raw.people", format=Format.CSV, columns=columns)
    loaded = bench.engine.load({"people.csv": into / "arrived"}, source, bench.place("raw.people"), LIMITS)
    assert (loaded.written.rows, loaded.rejected, loaded.rejects[0].line) == (2, 1, 4)
    people = Relation(name="raw.people", columns=columns, files=(loaded.written.path,))
    assert bench.rows("SELECT id, seen FROM raw.people ORDER BY id", people) == (
        (1, "2024-01-01T03:06:07+00:00"),
        (2, None),
    )


def test_rows_are_exported_with_nothing_that_a_spreadsheet_would_compute(bench, orders, into):
    query = sql("SELECT id, CASE WHEN id = 1 THEN '=1+1' ELSE who END AS who, amount FROM raw.orders ORDER BY id")
    written = bench.engine.export(query, [orders], format=Format.CSV, into=into / "export", limits=LIMITS)
    assert written.path.read_text().splitlines()[:2] == ["id,who,amount", "1,'=1+1,10.50"]


WRONG = [
    ("SELECT CAST(who AS BIGINT) AS n FROM raw.orders", "ann"),
    ("SELECT 9223372036854775807 + id AS n FROM raw.orders", "verflow|out of range"),
    ("SELECT nope AS n FROM raw.orders", "nope"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[text for text, _ in WRONG])
def test_a_wrong_statement_is_explained_and_leaves_nothing_behind(bench, orders, text, said):
    place = bench.place("mart.never")
    with pytest.raises(EngineError, match=said) as caught:
        bench.engine.materialise(sql(text), [orders], columns_of(n="BIGINT"), place, LIMITS)
    assert caught.value.kind == EngineError.STATEMENT
    assert not caught.value.is_worth_retrying
    assert "__" not in caught.value.message
    assert not _is_there(bench, place)


def _is_there(bench: Bench, place: Place) -> bool:
    if isinstance(place, Path):
        return place.exists()
    read = Relation(name="mart.never", columns=columns_of(n="BIGINT"), files=(place,))
    try:
        bench.rows("SELECT n FROM mart.never", read)
    except EngineError:
        return False
    return True


@pytest.fixture
def many(bench: Bench) -> Relation:
    digits = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
    text = f"WITH x AS ({digits}) SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d AS i FROM x a, x b, x c, x e"
    return bench.make(text, name="raw.many", i="BIGINT")


def test_work_that_is_cancelled_ends_within_five_seconds_and_leaves_nothing(bench, many):
    place, asked = bench.place("mart.never"), threading.Event()
    beats = iter([True])  # and no more after the first, when it works already
    caught: list[EngineError] = []

    def is_wanted() -> bool:
        wanted = next(beats, False)
        if not wanted:
            asked.set()
        return wanted

    limits = Limits(seconds=60.0, heartbeat=is_wanted)

    def work() -> None:
        try:
            bench.engine.materialise(sql(SLOW), [many], columns_of(n="BIGINT"), place, limits)
        except EngineError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert asked.wait(30)
    thread.join(timeout=5)
    assert not thread.is_alive()
    assert [error.kind for error in caught] == [EngineError.KILLED]
    assert not _is_there(bench, place)


def test_work_that_takes_too_long_ends_by_itself(bench, many):
    with pytest.raises(EngineError) as caught:
        bench.engine.preview(sql(SLOW), [many], rows=1, limits=Limits(seconds=0.5))
    assert caught.value.kind == EngineError.DEADLINE


def test_two_versions_are_written_at_once_and_neither_sees_the_other(bench, orders):
    made: list[Relation] = []

    def write(number: int) -> None:
        text = f"SELECT id + {number} AS id FROM raw.orders"
        made.append(bench.make(text, orders, name=f"mart.v{number}", id="BIGINT"))

    threads = [threading.Thread(target=write, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    sums = {one.name: bench.rows(f"SELECT sum(id) AS s FROM {one.name}", one) for one in made}
    assert sums == {f"mart.v{number}": ((str(10 + 4 * number),),) for number in range(3)}


def test_what_is_dropped_is_gone_and_may_be_dropped_again(bench, orders):
    bench.engine.drop(orders.files)
    bench.engine.drop(orders.files)
    with pytest.raises(EngineError):
        bench.rows("SELECT id FROM raw.orders", orders)


def test_what_is_kept_as_a_query_is_read_over_what_it_was_made_from(bench, orders):
    other = bench.make("SELECT 9 AS id, 'zoe' AS who", name="raw.orders", id="BIGINT", who="VARCHAR")
    query = sql("SELECT who, count(*) AS n FROM raw.orders AS o GROUP BY who")
    view = Relation(name="mart.by_who", columns=columns_of(who="VARCHAR", n="BIGINT"), query=query, reads=(orders,))
    text = "SELECT v.who, v.n, o.id FROM mart.by_who v CROSS JOIN raw.orders o ORDER BY v.who"
    assert bench.rows(text, view, other) == (("", 1, 9), ("ann", 2, 9), ("bob", 1, 9))
