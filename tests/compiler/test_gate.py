"""What the gate refuses, what it lets through, and that what it lets through runs."""

import time

import pytest

from pipelines_app.compiler import binding, gate, statements
from pipelines_app.errors import StatementRefused

HOSTILE = [
    "INSERT INTO mart.a VALUES (1)",
    "UPDATE mart.a SET x = 1",
    "DELETE FROM mart.a",
    "MERGE INTO mart.a USING mart.b ON a.x = b.x WHEN MATCHED THEN DELETE",
    "DROP TABLE mart.a",
    "CREATE TABLE mart.b AS SELECT 1 AS x",
    "CREATE MACRO f(x) AS x + 1",
    "ALTER TABLE mart.a ADD COLUMN y INT",
    "TRUNCATE mart.a",
    "COPY (SELECT 1) TO '/tmp/out.csv'",
    "COPY mart.a FROM '/etc/passwd'",
    "ATTACH 'other.db'",
    "DETACH other",
    "USE other",
    "SET memory_limit = '100GB'",
    "RESET memory_limit",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "INSTALL httpfs",
    "LOAD httpfs",
    "EXPORT DATABASE 'x'",
    "IMPORT DATABASE 'x'",
    "CHECKPOINT",
    "VACUUM",
    "SHOW TABLES",
    "DESCRIBE mart.a",
    "SUMMARIZE mart.a",
    "EXPLAIN SELECT 1",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "BEGIN",
    "SELECT 1 AS x; DROP TABLE mart.a",
    "SELECT 1 AS x; SELECT 2 AS x",
    "",
    "-- nothing but a comment",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM 'data.csv'",
    "SELECT * FROM 's3://bucket/key.parquet'",
    "SELECT * FROM 'https://example.org/x.json'",
    'SELECT * FROM "data.parquet"',
    "SELECT * FROM raw.'x.csv'",
    'SELECT * FROM raw."x.csv"',
    'SELECT * FROM raw."/etc/passwd"',
    'SELECT * FROM raw."*"',
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_csv_auto('/etc/passwd')",
    "SELECT * FROM read_parquet('x')",
    "SELECT * FROM read_json('x')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM parquet_scan('x')",
    "SELECT * FROM parquet_metadata('x')",
    "SELECT * FROM sniff_csv('x')",
    "SELECT * FROM glob('*')",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('x')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM pragma_table_info('x')",
    "SELECT * FROM json_execute_serialized_sql('x')",
    "SELECT * FROM repeat(1, 5)",
    "SELECT * FROM test_all_types()",
    "SELECT * FROM information_schema.tables.x",
    "SELECT * FROM other.raw.flights",
    "SELECT * FROM flights",
    "SELECT * FROM (WITH hidden AS (SELECT 1 AS x) SELECT * FROM hidden) AS s, hidden",
    'WITH "a.csv" AS (SELECT 1 AS x) SELECT * FROM "a.csv"',
    "SELECT getenv('HOME') AS x",
    "SELECT current_setting('threads') AS x",
    "SELECT getvariable('x') AS x",
    "SELECT nextval('s') AS x",
    "SELECT setseed(0.5) AS x",
    "SELECT pg_sleep(10) AS x",
    "SELECT pg_read_file('/etc/passwd') AS x",
    "SELECT lo_import('/etc/passwd') AS x",
    "SELECT query_to_xml('select 1') AS x",
    "SELECT dblink('x', 'y') AS x",
    "SELECT set_config('x', 'y', false) AS x",
    "SELECT current_user AS x",
    "SELECT version() AS x",
    "SELECT current_database() AS x",
    "SELECT has_table_privilege('a', 'b') AS x",
    "SELECT 'x'.getenv() AS x",
    "SELECT write_log('x') AS x",
    "SELECT sleep_ms(100000) AS x",
    "SELECT (SELECT max(content) FROM read_text('/etc/passwd')) AS x",
    "SELECT 1 AS x WHERE EXISTS (SELECT 1 FROM read_csv('x'))",
    "WITH a AS (DELETE FROM raw.t RETURNING *) SELECT * FROM a",
    "WITH a AS (SELECT * FROM '/etc/passwd') SELECT * FROM a",
    "SELECT a INTO b FROM raw.t",
    "SELECT a FROM raw.t FOR UPDATE",
    "SELECT a FROM raw.t USING SAMPLE 10%",
    "SELECT COLUMNS('a.*') FROM raw.t",
    "PIVOT raw.t ON a USING sum(b)",
    "SELECT * FROM raw.t PIVOT (sum(a) FOR b IN (1, 2))",
    "SELECT 'raw.t'::regclass AS x",
    "SELECT a::blob AS x FROM raw.t",
    "SELECT no_such_function(a) AS x FROM raw.t",
    "SELECT ? AS x",
    "SELECT a AS x FROM raw.t WHERE a = :x",
    "SELECT @x AS x",
    "SELECT {{ x }} AS x",
    "SELECT $undeclared AS x",
    "SELECT 'open AS x",
    "SELECT (1 AS x",
    "SELECT\x00 1 AS x",
    "SELECT " + "(" * 5000 + "1" + ")" * 5000 + " AS x",
    "SELECT * FROM " + "(SELECT * FROM " * 3000 + "raw.t" + ")" * 3000,
    "SELECT " + "NOT " * 5000 + "true AS x",
    "SELECT " + "- " * 5000 + "1 AS x",
    "SELECT a" + "[1]" * 2000 + " AS x FROM raw.t",
    "SELECT 1" + " + 1" * 4000 + " AS x",
    "SELECT '" + "x" * 100_001 + "' AS x",
]

ORDINARY = [
    "SELECT a, sum(b) OVER (PARTITION BY c ORDER BY d ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS s FROM raw.t",
    "SELECT a FROM raw.t QUALIFY row_number() OVER (PARTITION BY a ORDER BY b) = 1",
    "WITH x AS (SELECT * FROM raw.t), y AS (SELECT a, count(*) AS n FROM x GROUP BY ALL)"
    " SELECT x.*, n FROM y LEFT JOIN x USING (a) WHERE n > 0 ORDER BY ALL LIMIT 10",
    "SELECT list_transform(l, lambda x : x + 1) AS up, list_filter(l, lambda x : x > 1) AS big, "
    "[x * 2 FOR x IN l IF x > 1] AS c FROM raw.t",
    "SELECT {'a': a, 'b': b} AS s, map {'k': a} AS m, [a, b] AS pair, l[1] AS one, l[1:2] AS two FROM raw.t",
    "SELECT date_trunc('month', d) AS m, d + INTERVAL 1 DAY AS t, date_diff('day', d, d) AS n,"
    " extract(hour FROM ts) AS h, strftime(d, '%Y') AS y, make_date(2013, 1, 1) AS j FROM raw.t",
    "SELECT quantile_cont(b, 0.9) AS q, percentile_cont(0.5) WITHIN GROUP (ORDER BY b) AS p, median(b) AS m,"
    " approx_count_distinct(a) AS u, sum(b) FILTER (WHERE b > 0) AS s, count(DISTINCT a) AS n, arg_max(a, b) AS top,"
    " string_agg(c, ',' ORDER BY c) AS names, list(a ORDER BY b DESC) AS items FROM raw.t",
    "SELECT * EXCLUDE (l, ts) REPLACE (b + 1 AS b) FROM raw.t",
    "FROM raw.t SELECT a WHERE b IS NOT NULL",
    "SELECT coalesce(a, b) AS c1, nullif(a, 0) AS c2, CASE WHEN a > 1 THEN 'x' ELSE 'y' END AS c3,"
    " if(a > 1, 2, 3) AS c4, try_cast(c AS INTEGER) AS c5,"
    " b::DECIMAL(10, 2) AS c6, a IS DISTINCT FROM b AS c7, c ILIKE 'x%' AS c8,"
    " regexp_extract(c, '(x)', 1) AS c9, a IN (1, 2) AS c10, a BETWEEN 1 AND 2 AS c11 FROM raw.t",
    "SELECT a // 2 AS i, a % 2 AS r, a ** 2 AS p, c || 'x' AS t, upper(trim(c)) AS u, lpad(c, 5, '0') AS f,"
    " split_part(c, ',', 1) AS s, concat_ws('-', c, c) AS w FROM raw.t",
    "SELECT unnest(l) AS item FROM raw.t",
    "SELECT t.a, i FROM raw.t, unnest(l) AS u(i)",
    "SELECT i FROM range(10) AS r(i)",
    "SELECT d FROM generate_series(DATE '2013-01-01', DATE '2013-02-01', INTERVAL 1 DAY) AS s(d)",
    "SELECT n, s FROM (VALUES (1, 'a'), (2, 'b')) AS v(n, s)",
    "SELECT lag(a) OVER w AS before, rank() OVER w AS place, first_value(a IGNORE NULLS) OVER w AS first FROM raw.t"
    " WINDOW w AS (PARTITION BY c ORDER BY d)",
    "SELECT a FROM raw.t UNION ALL SELECT a FROM raw.u EXCEPT SELECT 3 AS a",
    "SELECT t.a FROM raw.t AS t SEMI JOIN raw.u AS u ON t.a = u.a",
    "SELECT t.a, u.b FROM raw.t AS t ASOF JOIN raw.u AS u ON t.a >= u.a",
    "SELECT a FROM raw.t WHERE EXISTS (SELECT 1 FROM raw.u WHERE u.a = t.a) AND a NOT IN (SELECT b FROM raw.u)",
    "SELECT c, sum(b) AS s FROM raw.t GROUP BY ROLLUP (c) HAVING count(*) > 0",
    "SELECT DISTINCT ON (a) a, b FROM raw.t ORDER BY a, b DESC NULLS FIRST",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r",
    "SELECT j->>'$.a' AS text, j->'a' AS part FROM raw.t",
    "SELECT (ts AT TIME ZONE 'UTC') AT TIME ZONE 'America/New_York' AS local, dayname(d) AS n FROM raw.t",
    "SELECT c.upper() AS loud, list_aggregate(l, 'sum') AS total, len(l) AS n, md5(c) AS digest FROM raw.t",
]


@pytest.mark.parametrize("sql", HOSTILE, ids=lambda sql: sql[:60])
def test_a_hostile_statement_is_refused_with_a_reason_and_quickly(sql):
    began = time.perf_counter()
    with pytest.raises(StatementRefused) as refused:
        gate.admit(binding.bind(statements.parse(sql), []).tree)
    assert refused.value.message
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize("sql", ORDINARY, ids=lambda sql: sql[:60])
def test_ordinary_sql_passes_and_its_canonical_text_passes_again_and_runs(sql, warehouse):
    tree = statements.parse(sql)
    gate.admit(tree)
    text = statements.text(tree)
    again = statements.parse(text)
    gate.admit(again)
    assert statements.text(again) == text
    assert sorted(map(repr, warehouse.execute(text).fetchall())) == sorted(map(repr, warehouse.execute(sql).fetchall()))


@pytest.mark.parametrize(
    ("sql", "line", "column", "words"),
    [
        ("SELECT a,\n  b c d FROM raw.t", 2, 7, "'d'"),
        ("SELECT a\nFROM raw.t\nWHERE foo(a) > 1", 3, 7, "there is no function foo"),
        ("SELECT a FROM raw.t\nWHERE a = :carrier", 2, 11, "write $carrier"),
        ("SELECT quantil(a, 0.5) AS x FROM raw.t", 1, 8, "did you mean quantile?"),
        ("SELECT a FROM\n 'x.csv'", 2, 2, "files and paths cannot be read"),
    ],
)
def test_a_refusal_names_the_place_and_what_to_do(sql, line, column, words):
    with pytest.raises(StatementRefused) as refused:
        gate.admit(statements.parse(sql))
    assert (refused.value.line, refused.value.column) == (line, column)
    assert words in refused.value.message


def test_upstream_leaves_out_a_statements_own_tables():
    sql = "WITH t AS (SELECT a FROM raw.t) SELECT a FROM t UNION SELECT a FROM Mart.U WHERE a IN (FROM core.v)"
    assert statements.upstream(statements.parse(sql)) == {"raw.t", "mart.u", "core.v"}
