"""A first look at a file: the contract it seems to follow, and in words what does not fit."""

import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines_app.compiler.definition import Column, Format, Source
from pipelines_app.engines.base import Look
from pipelines_app.errors import EngineError
from tests.engines.conftest import LIMITS


@pytest.fixture
def look(engine, delivered):
    def look_(content: bytes, format_: Format = Format.CSV) -> Look:
        return engine.look(delivered("looked-at", content), format=format_, name="orders.csv", limits=LIMITS)

    return look_


def types(seen: Look) -> dict[str, str]:
    return {column.name: column.type for column in seen.columns}


EVERYTHING = (
    b"id,ratio,paid,day,at,hour,zip,who\n"
    b"1,0.5,true,2024-01-01,2024-01-01 05:06:07,05:06,00123,ann\n"
    b"2,2,FALSE,2024-01-02,2024-01-02T05:06:07Z,17:00:01,10115,b=b\n"
    b"NA,NA,,NULL,\\N,NA,NA,NA\n"
)


def test_types_and_null_texts_are_proposed(look):
    seen = look(EVERYTHING)
    assert types(seen) == {
        "id": "BIGINT",
        "ratio": "DOUBLE",
        "paid": "BOOLEAN",
        "day": "DATE",
        "at": "TIMESTAMP",
        "hour": "TIME",
        "zip": "VARCHAR",
        "who": "VARCHAR",
    }
    assert seen.null == ("", "NA", "NULL", "\\N")
    assert (seen.rows, seen.warnings) == (3, ())
    day = next(column for column in seen.columns if column.name == "day")
    assert (day.nulls, day.distinct, day.minimum, day.maximum) == (1, 2, "2024-01-01", "2024-01-02")
    assert day.examples == ("2024-01-01", "2024-01-02")
    assert seen.sample[2] == dict.fromkeys(types(seen))


def test_what_is_proposed_loads_without_a_reject(look, engine, delivered, into):
    seen = look(EVERYTHING)
    source = Source(
        dataset="raw.x",
        format=seen.format,
        columns=tuple(Column(name=column.name, type=column.type) for column in seen.columns),
        delimiter=seen.delimiter,
        header=seen.header,
        null=seen.null,
        encoding=seen.encoding,
    )
    loaded = engine.load({"x": delivered("x", EVERYTHING)}, source, into / "loaded", LIMITS)
    assert (loaded.written.rows, loaded.rejected) == (3, 0)


def test_a_few_values_that_do_not_fit_are_told_in_words(look):
    content = b"id,order_date\n" + b"".join(b"%d,2024-01-%02d\n" % (n, n % 28 + 1) for n in range(4986))
    seen = look(content + b"1,31/02/2024\n" * 14)
    assert types(seen)["order_date"] == "DATE"
    assert seen.warnings == ("order_date: 14 of 5,000 rows are not dates, for example '31/02/2024'",)


def test_a_fault_far_down_in_the_file_is_seen(look):
    content = b"id,v\n" + b"".join(b"%d,%d\n" % (n, n) for n in range(60_000)) + b"60001,far\n"
    assert look(content).warnings == ("v: 1 of 60,001 rows are not whole numbers, for example 'far'",)


SHAPES = {
    "semicolons": (b"a;b\n1;x,y\n2;z,z\n", Format.CSV, ";", True, "utf-8"),
    "tabs": (b"a\tb\n1\tx\n", Format.TSV, "\t", True, "utf-8"),
    "bars": (b"a|b\n1|x\n", Format.CSV, "|", True, "utf-8"),
    "no header": (b"1,2013-01-01,x\n2,2013-01-02,y\n", Format.CSV, ",", False, "utf-8"),
    "latin-1": ("a,b\n1,é\n".encode("latin-1"), Format.CSV, ",", True, "latin-1"),
    "utf-16": ("a,b\n1,é\n".encode("utf-16"), Format.CSV, ",", True, "utf-16"),
    "gzip": (gzip.compress(b"a,b\n1,2\n"), Format.CSV, ",", True, "utf-8"),
    "gzip of utf-16": (gzip.compress("a,b\n1,é\n".encode("utf-16")), Format.CSV, ",", True, "utf-16"),
    "one column": (b"name\nx\ny\n", Format.CSV, ",", True, "utf-8"),
}


@pytest.mark.parametrize(("content", "format_", "delimiter", "header", "encoding"), SHAPES.values(), ids=SHAPES)
def test_the_shape_of_a_text_file_is_proposed(look, content, format_, delimiter, header, encoding):
    seen = look(content)
    assert (seen.format, seen.delimiter, seen.header, seen.encoding) == (format_, delimiter, header, encoding)


def test_a_few_broken_lines_do_not_change_the_shape(look):
    seen = look(b"a,b,c\n" + b"1,2,3\n" * 50 + b"1;2;3\n\n4,5\n" + b'7,"8\n')
    assert (seen.delimiter, types(seen)) == (",", {"a": "BIGINT", "b": "BIGINT", "c": "BIGINT"})
    assert seen.warnings == ("rows without 3 values, or with a quote left open: 3",)


def test_column_names_that_come_twice_or_not_at_all_are_told(look):
    seen = look(b"a,A,,b\n1,2,3,4\n")
    assert list(types(seen)) == ["a", "A_2", "column_3", "b"]
    assert seen.warnings == ("the column name 'A' comes more than once",)


def test_json_lines_are_recognised_and_their_keys_kept_in_order(look):
    seen = look(b'{"z":1,"b":{"x":1},"c":"2013-01-01T10:00:00Z"}\n{"z":2.5,"d":[1]}\nnope\n')
    assert seen.format is Format.JSONL
    assert types(seen) == {"z": "DOUBLE", "b": "JSON", "c": "TIMESTAMP", "d": "JSON"}
    assert list(types(seen)) == ["z", "b", "c", "d"]
    assert seen.warnings == ("lines that are not JSON objects: 1",)


def test_parquet_is_recognised_and_keeps_its_types(look):
    held = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2, None], "l": [[1], None, [2]]}), held)
    seen = look(held.getvalue())
    assert (seen.format, types(seen), seen.columns[0].nulls) == (Format.PARQUET, {"a": "BIGINT", "l": "BIGINT[]"}, 1)


UNREADABLE = {
    "empty": (b"", "has no rows: it is empty"),
    "header only": (b"a,b,c\n", "has no rows below its header"),
    "binary": (bytes(range(256)) * 20, "is not text"),
    "truncated gzip": (gzip.compress(b"a,b\n1,2\n" * 1000)[:-10], "cut short"),
}


@pytest.mark.parametrize(("content", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_looked_at_is_refused_in_words(look, content, said):
    with pytest.raises(EngineError, match=said) as caught:
        look(content)
    assert caught.value.kind == EngineError.SOURCE
    assert "orders.csv" in caught.value.message


def test_a_long_file_is_looked_at_in_part_and_says_so(look):
    seen = look(b"a\n" + b"1\n" * 250_000)
    assert seen.rows == 200_000
    assert seen.warnings == ("only the first 200,000 rows were looked at",)
