"""Arriving files become good rows and rejects with reasons; a file that breaks its contract is refused in words."""

import gzip
import io
import zipfile
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines_app.compiler.definition import Format, Source
from pipelines_app.engines.base import Limits, Loaded, Relation
from pipelines_app.errors import EngineError
from tests.engines.conftest import LIMITS, columns_of, sql

COLUMNS = columns_of(id="BIGINT", name="VARCHAR", v="INTEGER", d="DATE")
CSV = Source(dataset="raw.things", format=Format.CSV, columns=COLUMNS)
JSONL = replace(CSV, format=Format.JSONL)
PARQUET = replace(CSV, format=Format.PARQUET)
GOOD = b"id,name,v,d\n1,a,10,2013-01-01\n2,b,20,2013-01-02\n"
GOOD_ROWS = ((1, "a", 10, "2013-01-01"), (2, "b", 20, "2013-01-02"))


def zipped(content: bytes, members: int = 1) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(members):
            archive.writestr(f"member-{number}.csv", content)
    return held.getvalue()


def zstd(content: bytes) -> bytes:
    return pa.compress(content, codec="zstd", asbytes=True)


def parquet(table: pa.Table) -> bytes:
    held = io.BytesIO()
    pq.write_table(table, held)
    return held.getvalue()


@pytest.fixture
def load(engine, into, delivered):
    def load_(source: Source, limits: Limits = LIMITS, **files: bytes) -> Loaded:
        kept = {name: delivered(name, content) for name, content in files.items()}
        return engine.load(kept, source, into / "loaded", limits)

    return load_


@pytest.fixture
def rows(engine):
    def rows_(loaded: Loaded) -> tuple[tuple[object, ...], ...]:
        relation = Relation(name="raw.things", columns=loaded.written.columns, files=(loaded.written.path,))
        return engine.preview(sql("SELECT * FROM raw.things"), [relation], rows=1000, limits=LIMITS).rows

    return rows_


READABLE = {
    "plain": (CSV, GOOD),
    "reordered": (CSV, b"d,v,name,id\n2013-01-01,10,a,1\n2013-01-02,20,b,2\n"),
    "spaces in the header": (CSV, GOOD.replace(b"id,name", b" id , name ")),
    "with a byte order mark": (CSV, b"\xef\xbb\xbf" + GOOD),
    "windows line ends": (CSV, GOOD.replace(b"\n", b"\r\n")),
    "no last line end": (CSV, GOOD[:-1]),
    "blank lines": (CSV, GOOD.replace(b"\n", b"\n\n")),
    "whole numbers with a point": (CSV, GOOD.replace(b",10,", b",10.0,")),
    "gzip": (CSV, gzip.compress(GOOD)),
    "zstd": (CSV, zstd(GOOD)),
    "zip of one": (CSV, zipped(GOOD)),
    "utf-16": (replace(CSV, encoding="utf-16"), GOOD.decode().encode("utf-16")),
    "latin-1": (replace(CSV, encoding="latin-1"), GOOD),
    "gzip of utf-16": (replace(CSV, encoding="UTF-16"), gzip.compress(GOOD.decode().encode("utf-16"))),
    "no header": (replace(CSV, header=False), GOOD.partition(b"\n")[2]),
    "semicolons": (replace(CSV, delimiter=";"), GOOD.replace(b",", b";")),
    "tsv": (replace(CSV, format=Format.TSV), GOOD.replace(b",", b"\t")),
    "other quotes": (replace(CSV, quote="'"), GOOD.replace(b",a,", b",'a',")),
    "json lines": (
        JSONL,
        b'{"id": 1, "name": "a", "v": 10, "d": "2013-01-01"}\n\n{"d":"2013-01-02","id":"2","name":"b","v":20.0}',
    ),
    "gzip of json lines": (
        JSONL,
        gzip.compress(
            b'{"id":1,"name":"a","v":10,"d":"2013-01-01"}\r\n  \n{"id":2,"name":"b","v":20,"d":"2013-01-02"}\r\n'
        ),
    ),
    "parquet of other types": (
        PARQUET,
        parquet(pa.table({"d": ["2013-01-01", "2013-01-02"], "v": [10.0, 20.0], "id": ["1", "2"], "name": ["a", "b"]})),
    ),
}


@pytest.mark.parametrize(("source", "content"), READABLE.values(), ids=READABLE)
def test_a_file_that_follows_its_contract_is_read_whole(load, rows, source, content):
    loaded = load(source, delivered=content)
    assert rows(loaded) == GOOD_ROWS
    assert (loaded.rejected, loaded.rejects, loaded.written.columns) == (0, (), COLUMNS)


def test_a_parquet_file_of_the_declared_types_is_copied(load, rows, engine, into):
    same = engine.materialise(
        sql("SELECT 1 AS id, 'a' AS name, 10 AS v, DATE '2013-01-01' AS d"), [], COLUMNS, into / "made", LIMITS
    )
    assert rows(load(PARQUET, made=same.path.read_bytes())) == GOOD_ROWS[:1]


def test_accents_survive_every_encoding(load, rows):
    for encoding in ("utf-8", "utf-16", "latin-1", "cp1252"):
        loaded = load(replace(CSV, encoding=encoding), accents="id,name,v,d\n1,é,1,2013-01-01\n".encode(encoding))
        assert rows(loaded)[0][1] == "é"


def test_null_texts_become_null_and_without_any_the_empty_text_stays(load, rows):
    content = b"id,name,v,d\n1,NA,NA,NA\n2,,,\n3,\\N,\\N,\\N\n"
    loaded = load(replace(CSV, null=("", "NA", "\\N")), nulls=content)
    assert rows(loaded) == ((1, None, None, None), (2, None, None, None), (3, None, None, None))
    assert rows(load(replace(CSV, null=()), nulls=b"id,name,v,d\n1,,1,2013-01-01\n"))[0][1] == ""


def test_several_files_of_different_shapes_become_one(load, rows):
    loaded = load(CSV, first=GOOD, second=gzip.compress(b"d,v,name,id\n2013-01-03,x,c,3\n2013-01-03,30,c,3\n"))
    assert rows(loaded) == (*GOOD_ROWS, (3, "c", 30, "2013-01-03"))
    assert [(r.file, r.line, r.message) for r in loaded.rejects] == [
        ("second", 2, "column 2 'v' of row 2: 'x' is not a whole number")
    ]


def test_the_same_file_loaded_twice_has_one_fingerprint(load):
    assert load(CSV, a=GOOD).written.fingerprint == load(CSV, b=gzip.compress(GOOD)).written.fingerprint


REJECTED = {
    "a word for a number": (b"2,b,abc,2013-01-01", "v", "type", "column 3 'v' of row {n}: 'abc' is not a whole number"),
    "a fraction": (b"2,b,1.5,2013-01-01", "v", "type", "column 3 'v' of row {n}: '1.5' is not a whole number"),
    "too large a number": (b"2,b,3000000000,2013-01-01", "v", "type", "column 3 'v' of row {n}: '3000000000' is not a"),
    "no such day": (
        b"2,b,5,2013-02-30",
        "d",
        "type",
        "column 4 'd' of row {n}: '2013-02-30' is not a date (YYYY-MM-DD)",
    ),
    "too few values": (b"2,b", "", "columns", "row {n}: 2 values where 4 columns are declared"),
    "too many values": (b"2,b,5,2013-01-01,x", "", "columns", "row {n}: 5 values where 4 columns are declared"),
    "a stray quote": (b'2,"x"y,5,2013-01-01', "", "quote", "row {n}: a quote is opened and not closed"),
    "not utf-8": (b"2,caf\xe9,5,2013-01-01", "name", "encoding", "column 2 'name' of row {n}: the text is not utf-8"),
}


@pytest.mark.parametrize(("line", "column", "kind", "said"), REJECTED.values(), ids=REJECTED)
@pytest.mark.parametrize("before", [b"", b'"a\nb', b"\n\n"], ids=["first", "after a broken line", "after blank lines"])
def test_a_bad_line_is_set_aside_with_its_number_and_a_reason(load, rows, line, column, kind, said, before):
    start = b"1,%s,1,2013-01-01\n" % (before + b'"') if b'"' in before else b"1,a,1,2013-01-01\n" + before
    content = b"id,name,v,d\n" + start + line + b"\n3,c,3,2013-01-03\n"
    loaded = load(CSV, bad=content)
    (reject,) = loaded.rejects
    number = (b"id,name,v,d\n" + start).count(b"\n") + 1
    assert (loaded.rejected, reject.line, reject.column, reject.kind) == (1, number, column, kind)
    assert reject.message.startswith(said.format(n=number))
    assert reject.file == "bad"
    assert [row[0] for row in rows(loaded)] == [1, 3]


def test_a_row_with_two_faults_is_one_reject(load):
    assert load(CSV, bad=GOOD + b"x,c,y,z\n").rejected == 1
    assert load(CSV, bad=GOOD + b"x,c,1.5,z\n").rejected == 1


def test_faults_of_every_kind_in_one_file_are_told_in_order(load, rows):
    content = (
        b'name,id,v,d\na,1,10,2013-01-01\n"b\nb",2,1.5,2013-01-02\n3\n\nx,4,1.0,2013-01-01\n\n'
        b"x,6,abc,2013-01-01\n\xe9,7,7,2013-01-01\ny,8,2.25,nope\n"
    )
    loaded = load(CSV, mixed=content)
    assert [(r.line, r.kind, r.column) for r in loaded.rejects] == [
        (3, "type", "v"),
        (5, "columns", ""),
        (9, "type", "v"),
        (10, "encoding", "name"),
        (11, "type", "v"),
    ]
    assert loaded.rejects[0].text == '"b\nb",2,1.5,2013-01-02'
    assert (loaded.rejected, [row[0] for row in rows(loaded)]) == (5, [1, 4])


def test_a_quote_left_open_counts_every_line_it_swallows(load):
    loaded = load(CSV, bad=GOOD + b'3,"open,1,2013-01-01\n4,d,4,2013-01-01\n5,e,5,2013-01-01\n')
    assert loaded.rejected == 3
    assert "the 2 lines after it are set aside with it" in loaded.rejects[0].message


def test_a_hundred_rejects_are_told_and_all_are_counted(load):
    content = b"id,name,v,d\n" + b"".join(b"%d,a,%s,2013-01-01\n" % (n, b"no" if n % 2 else b"7") for n in range(5000))
    loaded = load(CSV, bad=content)
    assert (loaded.written.rows, loaded.rejected, len(loaded.rejects)) == (2500, 2500, 100)
    assert [r.line for r in loaded.rejects[:2]] == [3, 5]


def test_a_bad_line_in_a_large_file_is_found_where_it_is(load):
    lines = [b"%d,name of %d,%d,2013-01-01\n" % (n, n, n) for n in range(150_000)]
    lines[123_456] = b"7,x,oops,2013-01-01\n"
    loaded = load(CSV, large=b"id,name,v,d\n" + b"".join(lines))
    assert (loaded.written.rows, loaded.rejected) == (149_999, 1)
    assert (loaded.rejects[0].line, loaded.rejects[0].text) == (123_458, "7,x,oops,2013-01-01")


def test_json_lines_that_do_not_fit_are_set_aside(load, rows):
    content = (
        b'{"id":1,"name":"a","v":1,"d":"2013-01-01"}\n\n{"id":"zz","name":null,"v":1.5}\nnope\n[1]\n   \n'
        b'{"id":3,"name":{"a":1},"v":"7","d":"2013-02-30"}\n{"id":9}'
    )
    loaded = load(JSONL, bad=content)
    assert [(r.line, r.kind, r.column) for r in loaded.rejects] == [
        (3, "type", "id"),
        (4, "json", ""),
        (5, "json", ""),
        (7, "type", "d"),
    ]
    assert rows(loaded) == ((1, "a", 1, "2013-01-01"), (9, None, None, None))


def test_nested_json_is_kept(load, rows):
    nested = replace(JSONL, columns=columns_of(s="STRUCT(a INTEGER)", l="INTEGER[]", j="JSON"))
    loaded = load(nested, nested=b'{"s":{"a":1},"l":[1,2],"j":{"z":[1]}}\n')
    assert rows(loaded) == (({"a": 1}, [1, 2], {"z": [1]}),)


def test_parquet_values_that_do_not_fit_are_set_aside_with_their_row(load):
    table = pa.table({"id": [1, 2], "name": ["a", "b"], "v": ["1", "x"], "d": ["2013-01-01", "2013-01-02"]})
    loaded = load(PARQUET, bad=parquet(table))
    assert [r.message for r in loaded.rejects] == ["column 3 'v' of row 2: 'x' is not a whole number"]


TABLE = pa.table({"id": [1], "name": ["a"], "v": [1], "d": ["2013-01-01"]})
REFUSED = {
    "missing column": (CSV, b"id,name,d\n1,a,2013-01-01\n", "column 'v' is missing"),
    "extra column": (CSV, b"id,name,v,d,x\n1,a,1,2013-01-01,5\n", "column 'x' is not declared"),
    "misspelt column": (CSV, b"id,nmae,v,d\n1,a,1,2013-01-01\n", "'name' is missing \\(the file has 'nmae'\\)"),
    "a column twice": (CSV, b"id,name,v,v,d\n1,a,1,1,2013-01-01\n", "column 'v' comes twice"),
    "other delimiter": (CSV, GOOD.replace(b",", b";"), "column 'id;name;v;d' is not declared"),
    "empty": (CSV, b"", "has no rows: it is empty"),
    "blank": (CSV, b"\n\n", "has no rows: it is blank"),
    "two kinds of line ends": (CSV, GOOD.replace(b"\n", b"\r\n", 1), "its lines end in different ways"),
    "header only": (CSV, b"id,name,v,d\n\n", "has no rows: it holds a header and nothing below"),
    "empty inside": (CSV, gzip.compress(b""), "has no rows: it is empty once unpacked"),
    "truncated gzip": (CSV, gzip.compress(GOOD * 1000)[:-20], "cut short: its gzip data end in the middle"),
    "truncated zstd": (CSV, zstd(GOOD * 1000)[:-7], "damaged: its zstd data cannot be unpacked"),
    "damaged gzip": (CSV, b"\x1f\x8b\x08\x00" + b"\xff" * 100, "gzip data"),
    "zip of two": (CSV, zipped(GOOD, 2), "a zip of 2 files"),
    "bzip2": (CSV, b"BZh91AY&SY" + b"x" * 100, "compressed as bzip2"),
    "utf-16 not declared": (CSV, GOOD.decode().encode("utf-16"), "UTF-16 text from line 1"),
    "utf-16 declared in vain": (
        replace(CSV, encoding="utf-16"),
        GOOD.decode().encode("utf-16") + b"\x00\xd8\x00\xd8",
        "not utf-16 as declared: see line 4",
    ),
    "unknown encoding": (replace(CSV, encoding="klingon"), GOOD, "encoding 'klingon' is not known"),
    "parquet as csv": (CSV, parquet(TABLE), "is not text"),
    "json key missing": (JSONL, b'{"id":1,"name":"x","v":2}\n', "column 'd' is missing"),
    "json key unknown": (JSONL, b'{"id":1,"name":"x","v":2,"d":null,"e":1}\n', "column 'e' is not declared"),
    "json not utf-8": (JSONL, b'{"id":1}\n{"name":"\xe9"}\n', "not utf-8 as declared: see line 2"),
    "json blank": (JSONL, b"\n\n", "has no rows"),
    "parquet cut": (PARQUET, parquet(TABLE)[:-30], "cannot be read as parquet"),
    "csv as parquet": (PARQUET, GOOD, "cannot be read as parquet"),
    "parquet without rows": (PARQUET, parquet(TABLE.slice(0, 0)), "has no rows"),
    "parquet column missing": (PARQUET, parquet(TABLE.drop_columns(["v"])), "column 'v' is missing"),
    "gzip bomb": (CSV, gzip.compress(b"0" * 150_000_000), "more than 200 times its size"),
    "zip bomb": (CSV, zipped(b"0" * 150_000_000), "more than 200 times its size"),
    "zstd bomb": (CSV, zstd(b"0" * 150_000_000), "more than 200 times its size"),
}


@pytest.mark.parametrize(("source", "content", "said"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_breaks_its_contract_is_refused_in_words(load, into, source, content, said):
    with pytest.raises(EngineError, match=said) as caught:
        load(source, delivered=content)
    assert caught.value.kind == EngineError.SOURCE
    assert "delivered" in caught.value.message
    assert str(into) not in caught.value.message + caught.value.detail
    assert not (into / "loaded").exists()
