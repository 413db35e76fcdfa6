"""Spark's walls: what reaches outside is refused before Spark sees it; what Spark would do otherwise is written so that
it does the same."""

import os
import signal
import threading
import time

import pytest

from pipelines_app.compiler import gate, statements
from pipelines_app.compiler.portable import doors
from pipelines_app.engines.base import Limits, Relation
from pipelines_app.engines.spark import connecting
from pipelines_app.engines.spark.engine import SparkEngine
from pipelines_app.engines.spark.session import opened
from pipelines_app.errors import EngineError, StatementRefused
from tests.engines.conftest import LIMITS, columns_of, sql

# The client says so beside the error that it raises.
GIVES_UP = pytest.mark.filterwarnings("ignore:.*RETRIES_EXCEEDED:UserWarning")
KNOWN = {"raw.t": columns_of(a="INTEGER", b="VARCHAR", d="DOUBLE", day="DATE", at="TIMESTAMP")}
HOSTILE = """
SELECT java_method('java.lang.Runtime', 'getRuntime') AS x
SELECT reflect('java.lang.System', 'getProperty', 'user.home') AS x
SELECT try_reflect('java.lang.System', 'exit', 0) AS x
SELECT * FROM read_files('/etc/passwd')
SELECT * FROM parquet.`/etc/passwd`
SELECT * FROM parquet."/etc/passwd"
SELECT * FROM csv."/etc/passwd"
SELECT * FROM text."file:///etc/passwd"
SELECT * FROM json."s3a://bucket/key"
SELECT * FROM binaryFile."/etc/passwd"
SELECT * FROM delta."/tmp/x"
SELECT * FROM "/etc/passwd"
SELECT * FROM spark_catalog.default.t
SELECT * FROM system.builtin.t
SELECT * FROM global_temp.t
SELECT * FROM session.t
SELECT * FROM range(10)
SELECT * FROM explode(array(1))
SELECT * FROM sql_keywords()
SELECT * FROM stack(1, 2)
SELECT * FROM python_worker_logs()
SET spark.sql.ansi.enabled = false
SET spark.sql.runSQLOnFiles = true
RESET
SET TIME ZONE 'Europe/Paris'
SET CATALOG other
ADD JAR '/tmp/x.jar'
ADD FILE '/etc/passwd'
ADD ARCHIVE '/tmp/x.zip'
LIST JARS
DELETE FROM raw.t
INSERT OVERWRITE DIRECTORY '/tmp/x' SELECT 1
INSERT INTO raw.t VALUES (1)
LOAD DATA INPATH '/etc/passwd' INTO TABLE t
CREATE TEMPORARY FUNCTION f AS 'x.Y' USING JAR '/tmp/x.jar'
CREATE TEMPORARY VIEW v USING csv OPTIONS (path '/etc/passwd')
CREATE TABLE t USING parquet LOCATION '/tmp/x' AS SELECT 1
CREATE DATABASE d LOCATION '/tmp/x'
DROP VIEW read_0
ALTER TABLE t SET LOCATION '/tmp/x'
MSCK REPAIR TABLE t
REFRESH "/tmp/x"
CACHE TABLE t AS SELECT 1
UNCACHE TABLE t
USE other
SHOW TABLES
DESCRIBE raw.t
EXPLAIN EXTENDED SELECT 1
ANALYZE TABLE t COMPUTE STATISTICS
TRUNCATE TABLE t
MERGE INTO raw.t USING raw.t AS s ON true WHEN MATCHED THEN DELETE
EXECUTE IMMEDIATE 'SELECT 1'
BEGIN SELECT 1; END
CALL x()
SELECT 1 AS x; DROP VIEW read_0
SELECT TRANSFORM(a) USING 'cat' AS (x) FROM raw.t
SELECT input_file_name() AS x
SELECT input_file_block_start() AS x
SELECT spark_partition_id() AS x
SELECT monotonically_increasing_id() AS x
SELECT current_user() AS x
SELECT session_user() AS x
SELECT current_catalog() AS x
SELECT current_database() AS x
SELECT version() AS x
SELECT assert_true(false) AS x
SELECT raise_error('x') AS x
SELECT from_json(b, 'x INT') AS x FROM raw.t
SELECT from_xml(b, 'x INT') AS x FROM raw.t
SELECT xpath(b, '/x') AS x FROM raw.t
SELECT parse_url(b, 'HOST') AS x FROM raw.t
SELECT aes_decrypt(b, b) AS x FROM raw.t
SELECT unbase64(b) AS x FROM raw.t
SELECT rlike(b, '(a+)+$') AS x FROM raw.t
SELECT regexp_replace(b, '(a+)+$', '') AS x FROM raw.t
SELECT sequence(1, 1000000000) AS x
SELECT array_repeat(b, 1000000000) AS x FROM raw.t
SELECT list(b ORDER BY a) AS x FROM raw.t
SELECT TRY_CAST(b AS INTEGER) AS x FROM raw.t
SELECT try_divide(a, 0) AS x FROM raw.t
SELECT a FROM raw.t TABLESAMPLE (10 PERCENT)
SELECT a FROM raw.t LATERAL VIEW explode(array(1)) e AS x
SELECT DISTINCT ON (b) a FROM raw.t
SELECT b || d AS x FROM raw.t
SELECT CAST(d AS VARCHAR) AS x FROM raw.t
SELECT CAST(a AS UTINYINT) AS x FROM raw.t
SELECT CAST(b AS BLOB) AS x FROM raw.t
SELECT left(b, -1) AS x FROM raw.t
SELECT split_part(b, '-', -1) AS x FROM raw.t
SELECT date_trunc('decade', at) AS x FROM raw.t
SELECT strftime(at, '%A') AS x FROM raw.t
""".strip().splitlines()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_statement_is_refused_with_a_reason_before_spark_sees_it(text):
    with pytest.raises(StatementRefused) as refused:
        written(text)
    assert len(refused.value.message) > 10


def written(text: str) -> str:
    tree = statements.parse(text)
    gate.admit(tree)
    return doors.written(tree, KNOWN, doors.SPARK).sql("spark")


def test_there_are_enough_of_them():
    assert len(set(HOSTILE)) >= 60


# What Spark would do otherwise without a word: as DuckDB has it, and part of what Spark reads.
WRITTEN = [
    ("SELECT a / 2 AS x FROM raw.t", "CAST(`t`.`a` AS DOUBLE) / CAST(2 AS DOUBLE)"),
    ("SELECT a FROM raw.t ORDER BY a", "NULLS LAST"),
    ("SELECT b LIKE 'x%' AS x FROM raw.t", "ESCAPE"),
    ("SELECT CAST(d AS INTEGER) AS x FROM raw.t", "CAST(RINT(`t`.`d`) AS INT)"),
    ("SELECT sum(a) AS x FROM raw.t", "DECIMAL(28, 0)"),
    ("SELECT log(a) AS x FROM raw.t", "LOG10"),
    ("SELECT day - DATE '2024-01-01' AS x FROM raw.t", "DATEDIFF"),
    ("SELECT day + INTERVAL 1 DAY AS x FROM raw.t", "CAST(`t`.`day` AS TIMESTAMP_NTZ)"),
    ("SELECT CAST(b AS TIMESTAMP) AS x FROM raw.t", "TIMESTAMP_NTZ"),
    ("SELECT dayofweek(day) AS x FROM raw.t", "- 1"),
    (r"SELECT 'it''s \ `' AS x", r"'it\'s \\ `'"),
]


@pytest.mark.parametrize(("text", "part"), WRITTEN, ids=[text for text, _ in WRITTEN])
def test_what_spark_would_do_otherwise_is_written_so_that_it_does_the_same(text, part):
    assert part in written(text)


@GIVES_UP
@pytest.mark.spark
@pytest.mark.usefixtures("spark_server")
def test_a_spark_that_is_not_there_is_said_with_what_to_do(engine, into):
    away = SparkEngine("sc://127.0.0.1:1", engine, between=into)
    with pytest.raises(EngineError, match="cannot be reached") as caught:
        away.explain(sql("SELECT 1 AS x"), [])
    assert caught.value.is_worth_retrying
    assert "LOOPLINE_SPARK_URL" in caught.value.todo


@pytest.mark.spark
def test_a_text_is_a_text_and_no_setting_of_the_server_is_read_through_it(spark):
    text = r"${spark.master} ${env:HOME} \n `"
    assert spark.preview(sql(f"SELECT '{text}' AS x"), [], rows=1, limits=LIMITS).rows == ((text,),)


@pytest.mark.spark
def test_a_session_reads_no_file_by_its_name_even_where_the_gate_is_not(spark_server, into):
    (into / "secret").write_text("secret")
    with opened(spark_server.url, LIMITS) as session, pytest.raises(connecting.library().errors.PySparkException):
        session.spark.sql(f"SELECT * FROM text.`{into / 'secret'}`").collect()


@pytest.mark.spark
def test_two_pieces_of_work_do_not_see_what_the_other_has_laid_out(spark, engine, into):
    relations = []
    for number in (1, 2):
        place = engine.materialise(sql(f"SELECT {number} AS n"), [], columns_of(n="BIGINT"), into / f"{number}", LIMITS)
        relations.append(Relation(name="raw.same", columns=place.columns, files=(place.path,)))
    found: dict[int, object] = {}

    def ask(number: int) -> None:
        found[number] = spark.preview(sql("SELECT n FROM raw.same"), [relations[number]], rows=1, limits=LIMITS).rows

    threads = [threading.Thread(target=ask, args=[number]) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert found == {0: ((1,),), 1: ((2,),)}


@pytest.mark.spark
def test_what_spark_makes_has_the_fingerprint_of_the_same_rows_made_by_duckdb(spark, engine, into):
    columns = columns_of(id="BIGINT", who="VARCHAR", amount="DECIMAL(9,2)", at="TIMESTAMP")
    rows = "(1, 'a', 1.50, TIMESTAMP '2024-01-01 00:00:00.5'), (2, NULL, NULL, NULL)"
    query = sql(f"SELECT * FROM (VALUES {rows}) AS v(id, who, amount, at)")
    theirs, ours = (made.materialise(query, [], columns, into / made.dialect, LIMITS) for made in (spark, engine))
    assert (theirs.fingerprint, theirs.rows) == (ours.fingerprint, 2)


@pytest.mark.spark
def test_a_server_that_hangs_holds_nobody_up_who_has_given_the_work_up(spark, spark_server):
    os.kill(spark_server.process.pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(EngineError) as caught:
            spark.preview(sql("SELECT 1 AS x"), [], rows=1, limits=Limits(seconds=0.5))
    finally:
        os.kill(spark_server.process.pid, signal.SIGCONT)
    assert caught.value.kind == EngineError.DEADLINE
    assert time.monotonic() - began < 5.5


@GIVES_UP
@pytest.mark.spark
def test_a_server_that_dies_in_the_middle_is_an_error_worth_another_try(spark, spark_server, engine, into):
    made = engine.materialise(sql("SELECT 1 AS i"), [], columns_of(i="BIGINT"), into / "n", LIMITS)
    read = Relation(name="raw.many", columns=made.columns, files=(made.path,))
    began = threading.Event()

    def beat() -> bool:
        if not began.is_set():
            began.set()
            spark_server.kill()
        return True

    digits = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
    crossed = " ".join(f"CROSS JOIN x AS x{number}" for number in range(11))
    slow = sql(f"WITH x AS ({digits}) SELECT count(*) AS n FROM raw.many AS m {crossed} WHERE m.i + x0.d * x10.d <> 99")
    # Every one of the 10^11 rows counts: were none left after two joins, Spark would end before it is killed.
    limits = Limits(seconds=60, heartbeat=beat)
    try:
        with pytest.raises(EngineError) as caught:
            spark.materialise(slow, [read], columns_of(n="BIGINT"), into / "never", limits)
    finally:
        if began.is_set():
            spark_server.start()
    assert caught.value.kind == EngineError.KILLED
    assert caught.value.is_worth_retrying
    assert spark.preview(sql("SELECT 1 AS x"), [], rows=1, limits=LIMITS).rows == ((1,),)
