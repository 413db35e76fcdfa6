"""DuckDB's CSV reader told everything, so that it guesses nothing."""

from collections.abc import Sequence
from pathlib import Path

from sqlglot import exp

from pipelines_app.compiler.definition import Column, Format, Source
from pipelines_app.engines import trees
from pipelines_app.engines.loading.verdict import NOT_A_NULL


def delimiter(source: Source) -> str:
    return "\t" if source.format is Format.TSV else source.delimiter


def read(path: Path, columns: Sequence[Column], source: Source) -> exp.Table:
    """The file as a table; lines that do not fit are set aside where `native` finds them."""
    types = {column.name: trees.built_type(column.type).sql(trees.DIALECT) for column in columns}
    options = {
        "auto_detect": False,
        "header": source.header,
        "delim": delimiter(source),
        "quote": source.quote,
        "escape": source.quote,
        "nullstr": list(source.null) or [NOT_A_NULL],
        "store_rejects": True,
        "rejects_limit": 0,
    }
    return exp.Table(
        this=trees.call(
            "read_csv",
            trees.texts([path]),
            exp.EQ(this=exp.column("columns"), expression=trees.struct(types)),
            *(trees.option(key, value) for key, value in options.items()),
        )
    )
