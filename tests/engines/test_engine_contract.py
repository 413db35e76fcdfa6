"""What every engine promises: the same values in, the same values out, and errors a person can act on."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines_app.compiler.definition import Column, Format
from pipelines_app.engines.base import Engine, Limits, Relation
from pipelines_app.errors import EngineError
from tests.engines.conftest import LIMITS, columns_of, sql


def test_a_query_becomes_a_file_with_the_declared_columns_in_order(engine: Engine, orders: Relation, into: Path):
    columns = columns_of(people="BIGINT", day="DATE")
    query = sql("SELECT day, count(DISTINCT who) AS people FROM raw.orders GROUP BY day")
    written = engine.materialise(query, [orders], columns, into / "daily", LIMITS)
    assert (written.rows, written.columns, written.path) == (3, columns, into / "daily")
    assert written.bytes == (into / "daily").stat().st_size
    daily = Relation(name="mart.daily", columns=columns, files=(written.path,))
    answer = engine.preview(sql("SELECT * FROM mart.daily ORDER BY day"), [daily], rows=10, limits=LIMITS)
    assert answer.columns == columns
    assert answer.rows == ((2, "2024-01-01"), (1, "2024-01-02"), (1, "2024-01-03"))


def test_equal_content_has_an_equal_fingerprint_in_whatever_order_it_was_written(engine, orders, into):
    def fingerprint(text: str) -> str:
        return engine.materialise(
            sql(text), [orders], columns_of(id="BIGINT", who="VARCHAR"), into / "x", LIMITS
        ).fingerprint

    up = fingerprint("SELECT id, who FROM raw.orders ORDER BY id")
    assert up == fingerprint("SELECT id, who FROM raw.orders ORDER BY id DESC")
    assert up != fingerprint("SELECT id, who FROM raw.orders WHERE id > 1")
    assert up != fingerprint("SELECT id, upper(who) AS who FROM raw.orders")


def test_a_dataset_without_files_is_empty_and_typed(engine, orders, into):
    empty = replace(orders, files=())
    answer = engine.preview(
        sql("SELECT sum(amount) AS total, count(*) AS n FROM raw.orders"), [empty], rows=5, limits=LIMITS
    )
    assert answer.rows == ((None, 0),)
    written = engine.materialise(sql("SELECT * FROM raw.orders"), [empty], orders.columns, into / "none", LIMITS)
    assert written.rows == 0


def test_a_dataset_may_be_many_files_and_its_name_any_name(engine, orders, into):
    name = 'raw."; DROP'
    odd = Relation(name=name, columns=columns_of(**{"a \"b'": "BIGINT"}))
    query = sql('SELECT id AS "a ""b\'" FROM raw.orders')
    files = tuple(engine.materialise(query, [orders], odd.columns, into / f"part'{n}", LIMITS).path for n in range(3))
    many = replace(odd, files=files)
    answer = engine.preview(sql('SELECT count(*) AS n FROM raw."""; DROP"'), [many], rows=5, limits=LIMITS)
    assert answer.rows == ((12,),)


def test_a_file_from_before_a_column_was_added_has_nulls_there(engine, orders, into):
    old = engine.materialise(sql("SELECT 1 AS a"), [], columns_of(a="BIGINT"), into / "old", LIMITS)
    columns = columns_of(a="BIGINT", b="VARCHAR")
    new = engine.materialise(sql("SELECT 2 AS a, 'x' AS b"), [], columns, into / "new", LIMITS)
    before = Relation(name="raw.grown", columns=old.columns, files=(old.path,))
    both = Relation(name="raw.grown", columns=columns, files=(new.path,), earlier=(before,))
    answer = engine.preview(sql("SELECT * FROM raw.grown ORDER BY a"), [both], rows=5, limits=LIMITS)
    assert answer.rows == ((1, None), (2, "x"))
    answer = engine.preview(sql("SELECT b FROM raw.grown"), [replace(both, files=())], rows=5, limits=LIMITS)
    assert answer.rows == ((None,),)


def test_files_from_before_a_type_changed_are_read_in_the_declared_type_or_refused_by_name(engine, into):
    def written(text: str, name: str, type_: str) -> Relation:
        columns = columns_of(v=type_)
        path = engine.materialise(sql(text), [], columns, into / name, LIMITS).path
        return Relation(name="raw.typed", columns=columns, files=(path,))

    new = written("SELECT 9007199254740993 AS v", "new", "BIGINT")
    text = written("SELECT '9' AS v UNION ALL SELECT NULL", "text", "VARCHAR")
    double = written("SELECT 4.5 AS v", "double", "DOUBLE")
    mixed = replace(new, earlier=(text, double))
    query = sql("SELECT v FROM raw.typed ORDER BY v NULLS FIRST")
    answer = engine.preview(query, [mixed], rows=5, limits=LIMITS)
    assert answer.columns == columns_of(v="BIGINT")
    assert answer.rows == ((None,), (4,), (9,), ("9007199254740993",))
    unfit = replace(new, earlier=(written("SELECT 'nine' AS v", "unfit", "VARCHAR"),))
    with pytest.raises(EngineError) as refused:
        engine.preview(query, [unfit], rows=5, limits=LIMITS)
    assert refused.value.kind == EngineError.STATEMENT
    assert refused.value.message == "raw.typed: v was VARCHAR in earlier files, and this value is no BIGINT: nine"


def test_several_measurements_are_taken_in_one_session(engine, orders):
    answers = engine.measure(
        [sql("SELECT count(*) AS n FROM raw.orders"), sql("SELECT * FROM range(5000)")], [orders], LIMITS
    )
    assert answers[0].rows == ((4,),)
    assert (len(answers[1].rows), answers[1].truncated) == (1000, True)


def test_a_preview_says_whether_there_is_more_and_keeps_the_order(engine, orders):
    answer = engine.preview(sql("SELECT id FROM raw.orders ORDER BY id DESC"), [orders], rows=3, limits=LIMITS)
    assert (answer.rows, answer.truncated) == (((4,), (3,), (2,)), True)
    assert not engine.preview(sql("SELECT id FROM raw.orders"), [orders], rows=4, limits=LIMITS).truncated


VALUES = [
    ("CAST('2024-01-01 05:06:07.5' AS TIMESTAMP)", "2024-01-01T05:06:07.5"),
    ("CAST('2024-01-01 05:06:07+02' AS TIMESTAMPTZ)", "2024-01-01T03:06:07+00:00"),
    ("DATE '2024-02-29'", "2024-02-29"),
    ("TIME '05:06:07'", "05:06:07"),
    ("CAST(1.50 AS DECIMAL(5,2))", "1.50"),
    ("9007199254740992", 9007199254740992),
    ("9007199254740993", "9007199254740993"),
    ("CAST('nan' AS DOUBLE)", "nan"),
    ("-CAST('inf' AS DOUBLE)", "-inf"),
    ("0.5::DOUBLE", 0.5),
    ("TRUE", True),
    ("NULL", None),
    ("[1, NULL]", [1, None]),
    ("{'a': DATE '2024-01-01', 'b': 'x'}", {"a": "2024-01-01", "b": "x"}),
    ("MAP {'k': 1}", {"k": 1}),
    ("CAST('{\"z\": [1]}' AS JSON)", {"z": [1]}),
    ("CAST('a' AS ENUM('a', 'b'))", "a"),
    ("DATE '0044-03-15 (BC)'", "0044-03-15 (BC)"),
]


@pytest.mark.parametrize(("expression", "expected"), VALUES, ids=[text for text, _ in VALUES])
def test_every_value_of_an_answer_can_be_said_in_json(engine, expression, expected):
    answer = engine.preview(sql(f"SELECT {expression} AS x"), [], rows=1, limits=LIMITS)
    assert answer.rows == ((expected,),)
    json.dumps(answer.rows, allow_nan=False)


def test_two_columns_of_one_name_are_both_shown(engine):
    answer = engine.preview(sql("SELECT 1 AS a, 2 AS a"), [], rows=1, limits=LIMITS)
    assert ([column.name for column in answer.columns], answer.rows) == (["a", "a"], ((1, 2),))


def test_bytes_are_refused_with_advice(engine):
    with pytest.raises(EngineError, match=r"holds bytes") as caught:
        engine.preview(sql("SELECT CAST('a' AS BLOB) AS x"), [], rows=1, limits=LIMITS)
    assert "hex" in caught.value.todo


def test_explain_names_the_columns_a_query_would_give_without_reading_a_file(engine, orders):
    missing = replace(orders, files=(Path("/nowhere/at/all"),))
    columns = engine.explain(sql("SELECT who, sum(amount) AS total FROM raw.orders GROUP BY who"), [missing])
    assert columns == (Column(name="who", type="VARCHAR"), Column(name="total", type="DECIMAL(38,2)"))


WRONG = [
    ("SELECT nope FROM raw.orders", "nope"),
    ("SELECT * FROM raw.nothing", "nothing"),
    ("SELECT CAST(who AS BIGINT) AS n FROM raw.orders", "ann"),
    ("SELECT error('stop here') AS n", "stop here"),
    ("SELECT 9223372036854775807 + id AS n FROM raw.orders", "verflow"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[text for text, _ in WRONG])
def test_a_wrong_statement_is_explained_and_leaves_nothing_behind(engine, orders, into, text, said):
    with pytest.raises(EngineError, match=said) as caught:
        engine.materialise(sql(text), [orders], columns_of(n="BIGINT"), into / "never", LIMITS)
    assert caught.value.kind == EngineError.STATEMENT
    assert not caught.value.is_worth_retrying
    assert "/" not in caught.value.message
    assert "LINE" not in caught.value.message
    assert not (into / "never").exists()


def test_a_failed_cast_to_the_declared_columns_is_the_statements_fault(engine, orders, into):
    with pytest.raises(EngineError, match="ann") as caught:
        engine.materialise(sql("SELECT who FROM raw.orders"), [orders], columns_of(who="BIGINT"), into / "x", LIMITS)
    assert caught.value.kind == EngineError.STATEMENT


def test_a_missing_file_is_named_by_its_dataset_and_not_by_its_path(engine, orders, into):
    lost = replace(orders, files=(into / "lost",))
    with pytest.raises(EngineError) as caught:
        engine.preview(sql("SELECT * FROM raw.orders"), [lost], rows=1, limits=LIMITS)
    assert "raw.orders" in caught.value.message
    assert str(into) not in caught.value.message + caught.value.detail


def test_an_answer_beyond_all_measure_is_refused(engine):
    with pytest.raises(EngineError, match="too long to show"):
        engine.preview(sql("SELECT repeat('x', 70000000) AS x"), [], rows=1, limits=Limits(memory_bytes=2 << 30))


def test_every_format_can_be_exported(engine, orders, into):
    query = sql("SELECT id, who, amount, day FROM raw.orders ORDER BY id")

    def exported(format_: Format) -> bytes:
        written = engine.export(query, [orders], format=format_, into=into / "export", limits=LIMITS)
        assert written.rows == 4
        return written.path.read_bytes()

    assert exported(Format.CSV).splitlines()[:2] == [b"id,who,amount,day", b"1,ann,10.50,2024-01-01"]
    assert exported(Format.TSV).splitlines()[3] == b"3\tann\t\t2024-01-02"
    assert json.loads(exported(Format.JSONL).splitlines()[2]) == {
        "id": 3,
        "who": "ann",
        "amount": None,
        "day": "2024-01-02",
    }
    assert exported(Format.PARQUET).startswith(b"PAR1")


CELLS = [
    ("=1+1", "'=1+1"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("+44 20", "'+44 20"),
    ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
    ("\t=1", "'\t=1"),
    ("\r=1", "'\r=1"),
    ("\n=1", "'\n=1"),
    ("\uff1d1+1", "'\uff1d1+1"),
    ("\uff20x", "'\uff20x"),
    ("-5", "-5"),
    ("+1.5e3", "+1.5e3"),
    ("plain", "plain"),
    ("a=b", "a=b"),
]


@pytest.mark.parametrize(("cell", "expected"), CELLS)
def test_an_exported_cell_is_never_a_formula(engine, into, cell, expected):
    assert _cell(engine, into, cell) == expected


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20))
def test_whatever_a_cell_holds_no_spreadsheet_computes_it(engine, into, cell):
    found = _cell(engine, into, cell)
    assert found.removeprefix("'") in (cell, cell.removeprefix("'"))
    if found[0] in "=@\t\r\n\uff1d\uff0b\uff0d\uff20":
        pytest.fail(f"{found!r} would be computed")
    if found[0] in "+-":
        float(found)


def _cell(engine: Engine, into: Path, cell: str) -> str:
    quoted = cell.replace("'", "''")
    query = sql(f"SELECT '{quoted}' AS x, '{quoted}' AS y")
    written = engine.export(query, [], format=Format.JSONL, into=into / "raw", limits=LIMITS)
    assert json.loads(written.path.read_text())["x"] == cell
    written = engine.export(query, [], format=Format.CSV, into=into / "cell", limits=LIMITS)
    body = written.path.read_bytes().decode().removeprefix("x,y\n").removesuffix("\n")
    one = body[: len(body) // 2]
    return one[1:-1].replace('""', '"') if one.startswith('"') else one


def test_a_heading_is_never_a_formula(engine, into):
    written = engine.export(sql('SELECT 1 AS "=1+1"'), [], format=Format.CSV, into=into / "heading", limits=LIMITS)
    assert written.path.read_text() == "'=1+1\n1\n"
