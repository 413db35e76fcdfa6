"""Every engine takes the same tests: a new engine is one more row here."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlglot import exp, parse_one

from pipelines_app.compiler.definition import Column
from pipelines_app.engines.base import Engine, Limits, Relation
from pipelines_app.engines.duckdb_engine import DuckDBEngine
from pipelines_app.engines.registry import ENGINES
from pipelines_app.engines.spark.engine import SparkEngine
from pipelines_app.engines.warehouse import provisioning
from pipelines_app.engines.warehouse.engine import PostgresEngine
from pipelines_app.engines.warehouse.session import Login
from tests.servers.spark import Spark

LIMITS = Limits(seconds=60.0, memory_bytes=1 << 30)


@pytest.fixture(scope="session")
def engine_and_lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """DuckDB over a lake of its own."""
    lake = tmp_path_factory.mktemp("lake")
    engine = ENGINES["duckdb"](lake)
    yield engine, lake
    engine.close()


@pytest.fixture(scope="session")
def postgres(warehouse: Login, engine_and_lake: tuple[Engine, Path]) -> PostgresEngine:
    """PostgreSQL as the first team's login comes to it."""
    login = provisioning.provision(warehouse, 1, "a-password")
    return PostgresEngine(login, engine_and_lake[0], between=engine_and_lake[1] / "exports")


@pytest.fixture(scope="session")
def spark(spark_server: Spark, engine_and_lake: tuple[DuckDBEngine, Path]) -> SparkEngine:
    """Spark over the same lake."""
    return SparkEngine(spark_server.url, engine_and_lake[0], between=engine_and_lake[1] / "exports")


@pytest.fixture
def engine(engine_and_lake: tuple[Engine, Path]) -> Engine:
    return engine_and_lake[0]


@pytest.fixture
def into(engine_and_lake: tuple[Engine, Path], request: pytest.FixtureRequest) -> Iterator[Path]:
    """A fresh folder of the lake; nothing may be left in any child's scratch folder afterwards."""
    lake = engine_and_lake[1]
    folder = lake / "files" / str(abs(hash(request.node.nodeid)))
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    assert list(lake.glob("scratch/*/work/*")) == []


@pytest.fixture
def orders(engine: Engine, into: Path) -> Relation:
    """Four orders of three people, one without an amount."""
    columns = columns_of(id="BIGINT", who="VARCHAR", amount="DECIMAL(18,2)", day="DATE")
    rows = sql(
        """
        SELECT * FROM (VALUES
            (1, 'ann', 10.50, DATE '2024-01-01'), (2, 'bob', 20.00, DATE '2024-01-01'),
            (3, 'ann', NULL, DATE '2024-01-02'), (4, 'eve', 5.25, DATE '2024-01-03')
        ) AS v(id, who, amount, day)
        """
    )
    written = engine.materialise(rows, [], columns, into / "orders", LIMITS)
    return Relation(name="raw.orders", columns=columns, files=(written.path,))


@pytest.fixture
def delivered(into: Path) -> Callable[[str, bytes], Path]:
    """Keep bytes as an arriving file would be kept: under an id, with no suffix."""

    def keep(name: str, content: bytes) -> Path:
        path = into / f"{abs(hash(name)):x}"
        path.write_bytes(content)
        return path

    return keep


def sql(text: str) -> exp.Query:
    return parse_one(text, dialect="duckdb")


def columns_of(**types: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, type=type_) for name, type_ in types.items())
