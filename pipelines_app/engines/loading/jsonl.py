"""JSON lines: one object per line, keys matched by name; a key that is absent is NULL."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlglot import exp

from pipelines_app.compiler.definition import Column, Source
from pipelines_app.engines import trees, words
from pipelines_app.engines.base import Reject
from pipelines_app.engines.loading import judging
from pipelines_app.engines.loading.verdict import NOT_A_NULL, Verdict, unpacked
from pipelines_app.engines.sandbox.session import Session
from pipelines_app.errors import EngineError

MOST_KEYS = 2_000
MOST_LINE = 16 << 20


def load(session: Session, files: Mapping[str, Path], source: Source) -> Verdict:
    """Write the rows of all files that fit to the session's output, columns in the order of the contract."""
    raws = []
    for name, path in unpacked(session, files, source.encoding, check=True).items():
        _keys_agree(session, name, path, source)
        raws.append(judging.Raw(name=name, path=path, query=_rows(path, source.columns)))
    rejected, bad = judging.judge(session, raws, source.columns)
    return Verdict(rejected=rejected, rejects=tuple(_rejects(session, bad, source.columns)))


def text_lines(path: Path) -> exp.Select:
    """Every line that is not blank, with its ordinal among them."""
    options = {
        "auto_detect": False,
        "header": False,
        "delim": "\x01",  # no JSON text holds a control character
        "quote": "",
        "escape": "",
        "nullstr": NOT_A_NULL,
        "max_line_size": MOST_LINE,
        "strict_mode": False,  # or it refuses files with two kinds of line ends
    }
    columns = exp.EQ(this=exp.column("columns"), expression=trees.struct({"line": "VARCHAR"}))
    reader = trees.call("read_csv", trees.texts([path]), columns, *(trees.option(k, v) for k, v in options.items()))
    return exp.select("ROW_NUMBER() OVER () AS ordinal", "line").from_(exp.Table(this=reader))


def objects(path: Path) -> exp.Select:
    """The same lines, with `is_row` for those that are JSON objects; white space alone is not a line."""
    is_object = "CASE WHEN JSON_VALID(line) THEN JSON_TYPE(line) = 'OBJECT' ELSE FALSE END AS is_row"
    return (
        exp.select("ordinal", "line", is_object, dialect=trees.DIALECT)
        .from_(trees.subquery(text_lines(path)))
        .where("TRIM(line) <> ''")
    )


def _rows(path: Path, columns: Sequence[Column]) -> exp.Select:
    flat = [column for column in columns if not trees.is_nested(column.type)]
    pointers = exp.Array(expressions=[pointer(column.name) for column in flat])
    # One parse of the line for all flat columns; nested ones keep their JSON.
    values = exp.alias_(_when_row(trees.call("json_extract_string", exp.column("line"), pointers)), "v")
    nested = [
        exp.alias_(_when_row(trees.call("json_extract", exp.column("line"), pointer(column.name))), f"n{number}")
        for number, column in enumerate(columns, start=1)
        if trees.is_nested(column.type)
    ]
    parsed = exp.select("ordinal", "line", "is_row", values, *nested).from_(trees.subquery(objects(path)))
    at = {column.name: number for number, column in enumerate(flat, start=1)}
    raw = [
        exp.column(f"n{number}")
        if trees.is_nested(column.type)
        else trees.call("list_extract", exp.column("v"), exp.convert(at[column.name]))
        for number, column in enumerate(columns, start=1)
    ]
    return exp.select("ordinal", "line AS text", "is_row", *judging.numbered(raw)).from_(trees.subquery(parsed))


def _when_row(value: exp.Expr) -> exp.Case:
    return exp.Case().when("is_row", value)


def pointer(key: str) -> exp.Literal:
    """A JSON pointer, which any key can be written as."""
    return exp.Literal.string("/" + key.replace("~", "~0").replace("/", "~1"))


def _keys_agree(session: Session, name: str, path: Path, source: Source) -> None:
    rows = exp.select("UNNEST(JSON_KEYS(line)) AS key").from_(trees.subquery(objects(path))).where("is_row")
    keys = session.query(exp.select("key").distinct().from_(trees.subquery(rows)).limit(MOST_KEYS)).rows
    if not keys and not session.query(objects(path).limit(1)).rows:
        raise EngineError(f"{name} has no rows: it is blank.", kind=EngineError.SOURCE)
    fault = words.header_faults(name, sorted(str(key) for (key,) in keys), [column.name for column in source.columns])
    if keys and fault is not None:
        raise fault


def _rejects(session: Session, bad: Sequence[judging.Bad], columns: Sequence[Column]) -> list[Reject]:
    found: list[Reject] = []
    for file in {one.file.path: one.file for one in bad}.values():
        ours = [one for one in bad if one.file is file]
        ordinals = [one.ordinal for one in ours]
        lines = session.ask("lines_with_text", path=str(file.path), ordinals=ordinals)["lines"]
        found += [judging.reject(one, columns, line) for one, line in zip(ours, lines, strict=True)]
    return found
