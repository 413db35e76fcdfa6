"""Lineage by tables: a query in, its edges out."""

import pytest

from pipelines_app.compiler import graph, lineage, schema, statements
from pipelines_app.compiler.definition import Column

RELATIONS = {
    "raw.t": [Column(name=name, type="INTEGER") for name in "abc"] + [Column(name="l", type="INTEGER[]")],
    "raw.u": [Column(name=name, type="INTEGER") for name in "ad"],
}


def edges(sql):
    found = lineage.trace(schema.describe(statements.parse(sql), RELATIONS).tree, "mart.x", RELATIONS).edges
    return {
        f"{edge.from_dataset[4:]}.{edge.from_column} {'->' if edge.kind == 'direct' else '~>'} {edge.column or '*'}"
        for edge in found
    }


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a, b + c AS s FROM raw.t", "t.a -> a, t.b -> s, t.c -> s"),
        ("SELECT * FROM raw.u", "u.a -> a, u.d -> d"),
        ("SELECT 1 AS one FROM raw.t WHERE a > 1", "t.a ~> *"),
        ("SELECT sum(b) AS s FROM raw.t GROUP BY a HAVING max(c) > 1", "t.b -> s, t.a ~> *, t.c ~> *"),
        ("SELECT t.b, u.d FROM raw.t AS t JOIN raw.u AS u ON t.a = u.a", "t.b -> b, u.d -> d, t.a ~> *, u.a ~> *"),
        ("SELECT b, d FROM raw.t LEFT JOIN raw.u USING (a)", "t.b -> b, u.d -> d, t.a ~> *, u.a ~> *"),
        ("WITH q AS (SELECT a, b AS x FROM raw.t WHERE c > 1) SELECT x FROM q", "t.b -> x, t.c ~> *"),
        ("SELECT x FROM (SELECT a + b AS x FROM raw.t) AS q ORDER BY x", "t.a -> x, t.b -> x, t.a ~> *, t.b ~> *"),
        ("SELECT a FROM raw.t UNION ALL SELECT d FROM raw.u", "t.a -> a, u.d -> a"),
        ("SELECT a FROM raw.t UNION ALL BY NAME SELECT d FROM raw.u", "t.a -> a, u.d -> d"),
        ("SELECT sum(b) OVER (PARTITION BY a ORDER BY c) AS s FROM raw.t", "t.b -> s, t.a ~> s, t.c ~> s"),
        ("SELECT CASE WHEN a > 1 THEN b ELSE c END AS v FROM raw.t", "t.b -> v, t.c -> v, t.a ~> v"),
        ("SELECT sum(b) FILTER (WHERE c > 1) AS s FROM raw.t", "t.b -> s, t.c ~> s"),
        (
            "SELECT a FROM raw.t QUALIFY row_number() OVER (PARTITION BY b ORDER BY c) = 1",
            "t.a -> a, t.b ~> *, t.c ~> *",
        ),
        ("SELECT (SELECT max(d) FROM raw.u WHERE u.a = t.a) AS m FROM raw.t AS t", "u.d -> m, u.a ~> *, t.a ~> *"),
        (
            "SELECT b FROM raw.t AS t WHERE EXISTS (SELECT 1 FROM raw.u AS u WHERE u.a = t.a)",
            "t.b -> b, u.a ~> *, t.a ~> *",
        ),
        ("SELECT b FROM raw.t WHERE a IN (SELECT d FROM raw.u)", "t.b -> b, t.a ~> *, u.d ~> *"),
        ("SELECT i FROM raw.t, unnest(l) AS x(i)", "t.l -> i"),
        ("SELECT list_transform(l, lambda x : x + a) AS m FROM raw.t", "t.l -> m, t.a -> m"),
        ("SELECT count(*) AS n FROM raw.t", ""),
        (
            "WITH RECURSIVE r AS (SELECT a AS n FROM raw.t UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r",
            "t.a -> n, t.a ~> *",
        ),
        (
            "WITH q AS (SELECT CASE WHEN a > 1 THEN b END AS v FROM raw.t) SELECT v + 1 AS w FROM q",
            "t.b -> w, t.a ~> w",
        ),
        ("SELECT DISTINCT ON (a) b FROM raw.t", "t.b -> b, t.a ~> *"),
        ("SELECT t.b FROM raw.t AS t ANTI JOIN raw.u AS u ON t.a = u.a", "t.b -> b, t.a ~> *, u.a ~> *"),
    ],
)
def test_a_querys_columns_are_followed_to_where_they_come_from(sql, expected):
    assert edges(sql) == {edge for edge in expected.split(", ") if edge}


def test_steps_are_ordered_by_what_they_read():
    reads = {"c": {"b", "x"}, "a": set(), "b": {"a"}}
    assert graph.ordered(reads) == ["a", "b", "c"]
    assert graph.downstream(reads, "a") == {"b", "c"}


def test_the_circle_alone_is_named_not_what_hangs_on_it():
    with pytest.raises(graph.CycleFound) as found:
        graph.ordered({"z": {"b"}, "a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert sorted(found.value.cycle[:-1]) == ["a", "b", "c"]
    assert found.value.cycle[0] == found.value.cycle[-1]
