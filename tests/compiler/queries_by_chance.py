"""Queries made by chance over two small tables: every construct of a query in any place where it may stand."""

TABLES = {
    "t": "a BIGINT, b BIGINT, c BIGINT, s VARCHAR",
    "u": "k BIGINT, d BIGINT, e BIGINT",
}
ROWS = {
    "t": "SELECT i % 5, i * 3 % 7, CASE WHEN i % 4 = 0 THEN NULL ELSE i % 6 END, 'n' || i % 3 FROM range(16) r(i)",
    "u": "SELECT i % 6, i * 5 % 8, CASE WHEN i % 3 = 0 THEN NULL ELSE i END FROM range(12) r(i)",
}
NUMBERS = {"t": ["a", "b", "c"], "u": ["k", "d", "e"]}


def query(chance):
    """A query of up to three levels, the columns of which are x0, x1, ..."""
    return _with(chance) if chance.random() < 0.4 else _any(chance, 2)


def _with(chance):
    outer = _select(chance, "q", ["q.x0", "q.x1"], 1)
    return f"WITH q AS ({_any(chance, 1)}) {outer}"


def _any(chance, depth):
    if chance.random() < 0.2:
        kind = chance.choice(["UNION ALL", "UNION", "INTERSECT", "EXCEPT"])
        return f"{_level(chance, depth)} {kind} {_level(chance, depth)}"
    return _level(chance, depth)


def _level(chance, depth):
    """A SELECT of two columns over tables, joins or, if it may go deeper, other queries."""
    source, columns = _source(chance, depth)
    return _select(chance, source, columns, depth)


def _source(chance, depth):
    made = chance.random()
    if depth and made < 0.3:
        return f"({_any(chance, depth - 1)}) AS q", ["q.x0", "q.x1"]
    if made < 0.5:
        kind = chance.choice(["JOIN", "LEFT JOIN", "FULL JOIN"])
        return f"raw.t {kind} raw.u ON t.{_of('t', chance)} = u.{_of('u', chance)}", _all("t", "u")
    if made < 0.6:
        kind = chance.choice(["SEMI", "ANTI"])
        return f"raw.t {kind} JOIN raw.u ON t.{_of('t', chance)} = u.{_of('u', chance)}", _all("t")
    if made < 0.7:
        return f"raw.t, unnest([t.{_of('t', chance)}, 2]) AS n(y)", [*_all("t"), "n.y"]
    if made < 0.8:
        inner = f"SELECT max(u.{_of('u', chance)}) AS y FROM raw.u WHERE u.{_of('u', chance)} < t.{_of('t', chance)}"
        return f"raw.t, LATERAL ({inner}) AS l", [*_all("t"), "l.y"]
    name = chance.choice(["t", "u"])
    return f"raw.{name}", _all(name)


def _of(table, chance):
    return chance.choice(NUMBERS[table])


def _all(*tables):
    return [f"{table}.{column}" for table in tables for column in NUMBERS[table]]


def _select(chance, source, columns, depth):
    where = f" WHERE {_condition(chance, columns, depth)}" if chance.random() < 0.5 else ""
    if chance.random() < 0.35:
        return _grouped(chance, source, columns, where)
    first, second = (_value(chance, columns, depth) for _ in range(2))
    distinct = "DISTINCT " if chance.random() < 0.2 else ""
    qualify = f" QUALIFY {_window(chance, columns)} > 1" if not distinct and chance.random() < 0.15 else ""
    return f"SELECT {distinct}{first} AS x0, {second} AS x1 FROM {source}{where}{qualify}"


def _grouped(chance, source, columns, where):
    key, value = chance.choice(columns), chance.choice(columns)
    total = chance.choice(["sum({})", "count({})", "max({})", "count(DISTINCT {})", "sum({0}) FILTER (WHERE {0} > 2)"])
    having = f" HAVING min({chance.choice(columns)}) > 0" if chance.random() < 0.3 else ""
    sets = chance.choice([key, key, f"ROLLUP ({key})", f"GROUPING SETS (({key}), ())"])
    return f"SELECT {key} AS x0, {total.format(value)} AS x1 FROM {source}{where} GROUP BY {sets}{having}"


def _value(chance, columns, depth):
    one, other, third = (chance.choice(columns) for _ in range(3))
    made = [
        one,
        f"{one} + {other}",
        f"coalesce({one}, {other})",
        f"CASE WHEN {one} > 2 THEN {other} ELSE {third} END",
        f"nullif({one}, {other})",
        f"{one} IN ({other}, 3)",
        f"list_sum(list_transform([{one}, {other}], lambda v : v + {third}))",
        _window(chance, columns),
    ]
    if depth:
        made += [
            f"(SELECT sum(i.d) FROM raw.u AS i WHERE i.k = {one})",
            f"EXISTS (SELECT 1 FROM raw.u AS i WHERE i.e > {one})",
            f"{one} IN (SELECT i.d FROM raw.u AS i WHERE i.k < 4)",
        ]
    # A number whatever it is, so that it can be worked on further up.
    return f"CAST({chance.choice(made)} AS BIGINT)"


def _window(chance, columns):
    one, key, order = (chance.choice(columns) for _ in range(3))
    function = chance.choice([f"sum({one})", f"lag({one})", "row_number()", f"first_value({one})"])
    return f"{function} OVER (PARTITION BY {key} ORDER BY {order}, {', '.join(columns)})"


def _condition(chance, columns, depth):
    one, other = chance.choice(columns), chance.choice(columns)
    made = [f"{one} > 1", f"{one} <= {other}", f"{one} IS NOT NULL", f"{one} IN (1, 2, 3, {other})"]
    if depth:
        made += [
            f"EXISTS (SELECT 1 FROM raw.u AS i WHERE i.k = {one})",
            f"{one} NOT IN (SELECT i.d FROM raw.u AS i WHERE i.d IS NOT NULL AND i.d > 4)",
            f"{one} > (SELECT avg(i.e) - 4 FROM raw.u AS i)",
        ]
    return chance.choice(made)
