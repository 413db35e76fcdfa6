"""The engines for which a step may have SQL of its own, and how that stands in a document."""

from collections.abc import Mapping
from enum import StrEnum

from pipelines_app.compiler import statements
from pipelines_app.compiler.reading import Reader

Written = tuple[dict[str, str], tuple[str, ...]]


class OtherEngine(StrEnum):
    """An engine beside DuckDB, for which all SQL is written."""

    POSTGRES = "postgres"
    SPARK = "spark"


def parse(reader: Reader) -> Written:
    """The SQL that a step has for other engines, and for which of them it is in their own dialect."""
    inner = reader.section("engines")
    if inner is None:
        return {}, ()
    inner.only(*OtherEngine)
    found: dict[str, str] = {}
    native: list[str] = []
    for name in inner.entries:
        of_engine = inner.section(str(name))
        if of_engine is not None:
            of_engine.only("sql", "dialect")
            found[str(name)] = of_engine.text("sql", required=True)
            if _is_native(of_engine, str(name)):
                native.append(str(name))
    return found, tuple(sorted(native))


def _is_native(reader: Reader, engine: str) -> bool:
    dialect = reader.text("dialect", statements.DIALECT)
    if dialect not in (statements.DIALECT, engine):
        reader.fault("dialect", f"{dialect!r} is not one of {statements.DIALECT}, {engine}")
    return dialect == engine


def written(engines: object) -> Written:
    """The same, as far as it is there, in a document that may still be faulty."""
    entries = engines if isinstance(engines, Mapping) else {}
    told = {str(name): one for name, one in entries.items() if isinstance(one, Mapping) and one.get("sql")}
    native = tuple(sorted(name for name, one in told.items() if one.get("dialect") == name))
    return {name: str(one["sql"]) for name, one in told.items()}, native


def dump(elsewhere: Mapping[str, str], native: tuple[str, ...]) -> dict[str, object]:
    """The entry of a step, as it is written."""
    return {
        engine: {"dialect": engine, "sql": sql} if engine in native else {"sql": sql}
        for engine, sql in elsewhere.items()
    }
