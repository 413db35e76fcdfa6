"""Datasets as Spark sees them: the files of each, as the columns that are declared now."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines_app.compiler.definition import Column
from pipelines_app.compiler.portable.spark import types
from pipelines_app.engines.base import Relation
from pipelines_app.engines.spark import connecting
from pipelines_app.errors import EngineError

# As what they are written in Parquet, where that is not how they are kept.
WRITTEN = {"HUGEINT": "double", "INT128": "double", "UUID": "binary", "TIME": "time(6)"}
DASHES = "^(.{8})(.{4})(.{4})(.{4})(.{12})$"


def frame(spark: Any, relation: Relation) -> Any:
    """The rows of a dataset; with no files, its columns and no rows."""
    groups = [_group(spark, group, relation) for group in (relation, *relation.earlier) if group.files]
    if not groups:
        return _nothing(spark, relation)
    whole = groups[0]
    for group in groups[1:]:
        whole = whole.unionAll(group)
    return whole


def declared(found: Any, relation: Relation) -> Any:
    """What a query gives, as the columns of the dataset that is kept so."""
    return found.select(*(name(column.name).cast(kept(column)).alias(column.name) for column in relation.columns))


def kept(column: Column) -> str:
    """Spark's type for a column; raises EngineError where it keeps none such."""
    if said := types.fault(column.name, column.type):
        raise EngineError(f"On Spark: {said}.", kind=EngineError.STATEMENT)
    found = types.spelling(column.type)
    return "TIME(6)" if found == "TIME" else found


def name(column: str) -> Any:
    """A column by its name, whatever stands in it."""
    return connecting.library().functions.col(quoted(column))


def quoted(text: str) -> str:
    return f"`{text.replace('`', '``')}`"


def _nothing(spark: Any, relation: Relation) -> Any:
    functions = connecting.library().functions
    columns = [functions.lit(None).cast(kept(column)).alias(column.name) for column in relation.columns]
    return spark.range(0).select(*columns)


def _group(spark: Any, group: Relation, relation: Relation) -> Any:
    """Files of one schema, as the dataset's columns: null where they are from before a column was there."""
    held = {column.name.lower(): column for column in group.columns}
    read = spark.read.schema(_schema(group.columns)).parquet(*_files(group))
    return read.select(*(_as_declared(held.get(column.name.lower()), column) for column in relation.columns))


def _as_declared(held: Column | None, column: Column) -> Any:
    functions = connecting.library().functions
    if held is None:
        return functions.lit(None).cast(kept(column)).alias(column.name)
    value = name(held.name)
    if held.type == "UUID":
        value = functions.lower(functions.regexp_replace(functions.hex(value), DASHES, "$1-$2-$3-$4-$5"))
    is_as_written = held.type == column.type and column.type not in WRITTEN
    return (value if is_as_written else value.cast(kept(column))).alias(column.name)


def _schema(columns: Sequence[Column]) -> str:
    """What the files hold, as Spark writes a schema: told, so that it has not to be looked for in each."""
    return ", ".join(f"{quoted(column.name)} {WRITTEN.get(column.type, kept(column))}" for column in columns)


def _files(relation: Relation) -> list[str]:
    return [f"file://{place.resolve()}" for place in relation.files if isinstance(place, Path)]
