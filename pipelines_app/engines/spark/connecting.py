"""Spark's client, which is an extra: it is loaded when there is a Spark to reach, and by no other process."""

import importlib
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from pipelines_app.engines.spark import faults
from pipelines_app.errors import EngineError

# What the meaning of a query hangs on, whatever the server's own settings are; and what nobody may reach by its text.
SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "false",
    "spark.sql.caseSensitive": "false",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    # Spark 4.3 breaks off a sorted UNION ALL in this rule; it saves next to nothing.
    "spark.sql.optimizer.excludedRules": "org.apache.spark.sql.catalyst.optimizer.RemoveRedundantAliases",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.runSQLOnFiles": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.sources.default": "parquet",
    "spark.sql.timeType.enabled": "true",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
    "spark.sql.variable.substitute": "false",
}
TRIES = 4  # about five seconds


@dataclass(frozen=True, kw_only=True)
class Library:
    """The parts of the client that are used here."""

    sessions: Any
    core: Any
    functions: Any
    types: Any
    retries: Any
    errors: Any
    calls: Any


@cache
def library() -> Library:
    """The client; raises EngineError where it is not installed."""
    try:
        parts = {
            "core": importlib.import_module("pyspark.sql.connect.client.core"),
            "sessions": importlib.import_module("pyspark.sql.connect.session"),
            "functions": importlib.import_module("pyspark.sql.connect.functions"),
            "types": importlib.import_module("pyspark.sql.types"),
            "retries": importlib.import_module("pyspark.sql.connect.client.retries"),
            "errors": importlib.import_module("pyspark.errors"),
            "calls": importlib.import_module("grpc"),
        }
    except ImportError as missing:
        raise EngineError(
            "Spark's client is not installed here.",
            kind=EngineError.SANDBOX,
            todo="Install Loopline with its extra `spark`, for every process.",
            detail=str(missing),
        ) from missing
    # It writes every fault to the log with the text of the statement; the fault is told anyway.
    logging.getLogger("SQLQueryContextLogger").disabled = True
    return Library(**parts)


def failures() -> tuple[type[BaseException], ...]:
    """Everything that the client raises."""
    known = library()
    return (known.errors.PySparkException, known.calls.RpcError, ValueError)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A session that nothing was asked of yet, and the line it speaks over, which may be cut at any moment."""

    spark: Any
    cut: Callable[[], None]


def reach(url: str) -> Line:
    """A line to the server; nobody has answered yet. Raises EngineError where the address is none."""
    known = library()
    try:
        builder = known.core.DefaultChannelBuilder(url)
        channel = builder.toChannel()
        # The client's own way to hang up waits for answers first, which a server that hangs never gives.
        builder.toChannel = lambda: channel
        spark = known.sessions.SparkSession(connection=builder)
    except failures() as error:
        raise faults.away(error) from error
    _try_again(spark, times=TRIES)
    return Line(spark=spark, cut=channel.close)


def _try_again(spark: Any, *, times: int) -> None:
    policy = library().retries.DefaultPolicy(max_retries=times, initial_backoff=200, max_backoff=2_000)
    spark.client.set_retry_policies([policy])


def release(spark: Any) -> None:
    """Tell the server that nothing more comes; one that does not hear it ends the session by itself in time."""
    _try_again(spark, times=0)
    with suppress(*failures()):
        spark.client.release_session()


def settle(spark: Any) -> None:
    """Have a session read queries as they are meant; raises EngineError when the server does not."""
    spark.conf._set_all(SETTINGS, silent=False)  # in one message: `set` takes one for each
    if spark.conf.get("spark.sql.parser.escapedStringLiterals") == "true":
        raise EngineError(
            "Spark is set to read texts in another way.",
            kind=EngineError.SANDBOX,
            todo="Leave spark.sql.parser.escapedStringLiterals out of its settings.",
        )
