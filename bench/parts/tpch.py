"""The tables of TPC-H by the rules of its specification, the same for the same scale factor wherever they are made.

The values are ours, not those of the specification's own generator: every one is a hash of its row's number. The tables
are made by DuckDB itself, so that those of scale factor 1 take seconds and nothing has to be fetched.
"""

import random
from pathlib import Path

import duckdb

from pipelines_app.compiler import documents

PIPELINE = Path(__file__).with_suffix(".yaml")
TEXTS = 4_096
TABLES = ("region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem")
MACROS = """
    CREATE MACRO pick(salt, n, low, high) AS low + CAST(hash(n, salt) % (high - low + 1) AS BIGINT);
    CREATE MACRO cents(salt, n, low, high) AS CAST(pick(salt, n, low, high) AS DECIMAL(15,2)) / 100;
    CREATE MACRO one_of(salt, n, several) AS several[pick(salt, n, 1, len(several))];
    CREATE MACRO numbered(what, n) AS what || '#' || lpad(CAST(n AS VARCHAR), 9, '0');
    CREATE MACRO phone(salt, n, nation) AS concat_ws('-', 10 + nation, pick(salt || 1, n, 100, 999),
        pick(salt || 2, n, 100, 999), pick(salt || 3, n, 1000, 9999));
    CREATE MACRO address(salt, n) AS left(replace(base64(encode(md5(salt || n) || md5(n || salt))), '=', ' '),
        CAST(pick(salt, n, 10, 40) AS BIGINT));
    CREATE MACRO price(part) AS (90000 + (part // 10) % 20001 + 100 * (part % 1000)) / CAST(100 AS DECIMAL(15,2));
    CREATE MACRO maker(part, place, suppliers) AS
        (part + place * (suppliers // 4 + (part - 1) // suppliers)) % suppliers + 1;
    CREATE MACRO said(text, salt, n, low, high) AS
        substring(text, CAST(pick(salt || 'from', n, 1, 40) AS BIGINT), CAST(pick(salt, n, low, high) AS BIGINT));
    CREATE MACRO kept(amount) AS CAST(amount AS DECIMAL(15,2));
"""
# How many rows of scale factor 1; each text is a piece of one of a few thousand.
COUNTS = {"suppliers": 10_000, "customers": 150_000, "parts": 200_000, "orders": 1_500_000, "clerks": 1_000}
ROWS = {
    "texts": "SELECT i - 1 AS numbered_by, $texts[i] AS text FROM range(1, 4097) AS r(i)",
    # Of each 32 numbers of orders eight are used, and every third customer has none.
    "placed": """
        SELECT (i // 8) * 32 + i % 8 + 1 AS orderkey, 1 + (c // 2) * 3 + c % 2 AS customer,
            DATE '1992-01-01' + CAST(pick('o date', i, 0, 2405) AS INTEGER) AS ordered
        FROM (SELECT i, pick('o customer', i, 0, $customers // 3 * 2 - 1) AS c
            FROM range($orders) AS r(i)) AS numbers""",
    "region": """
        SELECT i AS r_regionkey, ['AFRICA', 'AMERICA', 'ASIA', 'EUROPE', 'MIDDLE EAST'][i + 1] AS r_name,
            said(text, 'r', i, 31, 115) AS r_comment
        FROM range(5) AS r(i) JOIN texts ON numbered_by = pick('r text', i, 0, 4095) ORDER BY i""",
    "nation": """
        SELECT i AS n_nationkey, $nations[i + 1] AS n_name, $regions[i + 1] AS n_regionkey,
            said(text, 'n', i, 31, 114) AS n_comment
        FROM range(25) AS r(i) JOIN texts ON numbered_by = pick('n text', i, 0, 4095) ORDER BY i""",
    "supplier": """
        SELECT i AS s_suppkey, numbered('Supplier', i) AS s_name, address('s', i) AS s_address,
            pick('s nation', i, 0, 24) AS s_nationkey, phone('s', i, pick('s nation', i, 0, 24)) AS s_phone,
            kept(cents('s balance', i, -99999, 999999)) AS s_acctbal,
            CASE pick('s said', i, 1, 2000) WHEN 7 THEN 'Customer ' || left(text, 20) || ' Complaints'
                WHEN 8 THEN 'Customer ' || left(text, 20) || ' Recommends' ELSE said(text, 's', i, 25, 100) END
                AS s_comment
        FROM range(1, $suppliers + 1) AS r(i) JOIN texts ON numbered_by = pick('s text', i, 0, 4095) ORDER BY i""",
    "customer": """
        SELECT i AS c_custkey, numbered('Customer', i) AS c_name, address('c', i) AS c_address,
            pick('c nation', i, 0, 24) AS c_nationkey, phone('c', i, pick('c nation', i, 0, 24)) AS c_phone,
            kept(cents('c balance', i, -99999, 999999)) AS c_acctbal,
            one_of('c segment', i, ['AUTOMOBILE', 'BUILDING', 'FURNITURE', 'MACHINERY', 'HOUSEHOLD']) AS c_mktsegment,
            said(text, 'c', i, 29, 116) AS c_comment
        FROM range(1, $customers + 1) AS r(i) JOIN texts ON numbered_by = pick('c text', i, 0, 4095) ORDER BY i""",
    "part": """
        SELECT i AS p_partkey, concat_ws(' ', $colours[1 + c], $colours[1 + (c + 17) % 92], $colours[1 + (c + 31) % 92],
                $colours[1 + (c + 53) % 92], $colours[1 + (c + 71) % 92]) AS p_name,
            'Manufacturer#' || m AS p_mfgr, 'Brand#' || m || pick('p brand', i, 1, 5) AS p_brand,
            concat_ws(' ', one_of('p type 1', i, ['STANDARD', 'SMALL', 'MEDIUM', 'LARGE', 'ECONOMY', 'PROMO']),
                one_of('p type 2', i, ['ANODIZED', 'BURNISHED', 'PLATED', 'POLISHED', 'BRUSHED']),
                one_of('p type 3', i, ['TIN', 'NICKEL', 'BRASS', 'STEEL', 'COPPER'])) AS p_type,
            pick('p size', i, 1, 50) AS p_size,
            concat_ws(' ', one_of('p box 1', i, ['SM', 'LG', 'MED', 'JUMBO', 'WRAP']),
                one_of('p box 2', i, ['CASE', 'BOX', 'BAG', 'JAR', 'PKG', 'PACK', 'CAN', 'DRUM'])) AS p_container,
            kept(price(i)) AS p_retailprice, said(text, 'p', i, 5, 22) AS p_comment
        FROM (SELECT i, pick('p name', i, 0, 91) AS c, pick('p mfgr', i, 1, 5) AS m
            FROM range(1, $parts + 1) AS r(i)) AS parts
        JOIN texts ON numbered_by = pick('p text', i, 0, 4095) ORDER BY i""",
    "partsupp": """
        SELECT part AS ps_partkey, maker(part, place, $suppliers) AS ps_suppkey,
            pick('ps quantity', n, 1, 9999) AS ps_availqty, kept(cents('ps cost', n, 100, 100000)) AS ps_supplycost,
            said(text, 'ps', n, 49, 198) AS ps_comment
        FROM (SELECT part, place, part * 4 + place AS n
            FROM range(1, $parts + 1) AS p(part), range(4) AS s(place)) AS pairs
        JOIN texts ON numbered_by = pick('ps text', n, 0, 4095) ORDER BY n""",
    "lineitem": """
        SELECT l_orderkey, l_partkey, maker(l_partkey, pick('l maker', n, 0, 3), $suppliers) AS l_suppkey,
            l_linenumber, kept(quantity) AS l_quantity, kept(quantity * price(l_partkey)) AS l_extendedprice,
            kept(cents('l discount', n, 0, 10)) AS l_discount, kept(cents('l tax', n, 0, 8)) AS l_tax,
            CASE WHEN l_receiptdate > DATE '1995-06-17' THEN 'N' ELSE one_of('l flag', n, ['R', 'A']) END
                AS l_returnflag,
            CASE WHEN l_shipdate > DATE '1995-06-17' THEN 'O' ELSE 'F' END AS l_linestatus,
            l_shipdate, l_commitdate, l_receiptdate,
            one_of('l how', n, ['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN']) AS l_shipinstruct,
            one_of('l mode', n, ['REG AIR', 'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB']) AS l_shipmode,
            said(text, 'l', n, 10, 43) AS l_comment
        FROM (
            SELECT *, shipped AS l_shipdate, shipped + CAST(pick('l receipt', n, 1, 30) AS INTEGER) AS l_receiptdate,
                ordered + CAST(pick('l commit', n, 30, 90) AS INTEGER) AS l_commitdate
            FROM (
                SELECT orderkey AS l_orderkey, line AS l_linenumber, orderkey * 8 + line AS n, ordered,
                    pick('l part', orderkey * 8 + line, 1, $parts) AS l_partkey,
                    pick('l quantity', orderkey * 8 + line, 1, 50) AS quantity,
                    ordered + CAST(pick('l ship', orderkey * 8 + line, 1, 121) AS INTEGER) AS shipped
                FROM placed, LATERAL (SELECT unnest(range(1, pick('o lines', orderkey, 1, 7) + 1))) AS l(line)
            ) AS lines) AS dated
        JOIN texts ON numbered_by = pick('l text', n, 0, 4095) ORDER BY n""",
    "orders": """
        SELECT orderkey AS o_orderkey, customer AS o_custkey, status AS o_orderstatus, kept(total) AS o_totalprice,
            ordered AS o_orderdate,
            one_of('o priority', orderkey, ['1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW'])
                AS o_orderpriority,
            numbered('Clerk', pick('o clerk', orderkey, 1, $clerks)) AS o_clerk,
            CAST(0 AS BIGINT) AS o_shippriority, said(text, 'o', orderkey, 19, 78) AS o_comment
        FROM placed JOIN (
            SELECT l_orderkey, sum(l_extendedprice * (1 + l_tax) * (1 - l_discount)) AS total,
                CASE WHEN min(l_linestatus) = max(l_linestatus) THEN min(l_linestatus) ELSE 'P' END AS status
            FROM lineitem GROUP BY l_orderkey) AS summed ON l_orderkey = orderkey
        JOIN texts ON numbered_by = pick('o text', orderkey, 0, 4095) ORDER BY orderkey""",
}
NATIONS = {
    **{"ALGERIA": 0, "ARGENTINA": 1, "BRAZIL": 1, "CANADA": 1, "EGYPT": 4, "ETHIOPIA": 0, "FRANCE": 3, "GERMANY": 3},
    **{"INDIA": 2, "INDONESIA": 2, "IRAN": 4, "IRAQ": 4, "JAPAN": 2, "JORDAN": 4, "KENYA": 0, "MOROCCO": 0},
    **{"MOZAMBIQUE": 0, "PERU": 1, "CHINA": 2, "ROMANIA": 3, "SAUDI ARABIA": 4, "VIETNAM": 2, "RUSSIA": 3},
    **{"UNITED KINGDOM": 3, "UNITED STATES": 1},
}
COLOURS = """
    almond antique aquamarine azure beige bisque black blanched blue blush brown burlywood burnished chartreuse chiffon
    chocolate coral cornflower cornsilk cream cyan dark deep dim dodger drab firebrick floral forest frosted gainsboro
    ghost goldenrod green grey honeydew hot indian ivory khaki lace lavender lawn lemon light lime linen magenta maroon
    medium metallic midnight mint misty moccasin navajo navy olive orange orchid pale papaya peach peru pink plum powder
    puff purple red rose rosy royal saddle salmon sandy seashell sienna sky slate smoke snow spring steel tan thistle
    tomato turquoise violet wheat white yellow
"""
WORDS = """
    foxes ideas theodolites pinto beans instructions dependencies excuses platelets asymptotes courts dolphins
    multipliers requests accounts packages deposits requests pains warhorses sleep wake are cajole haggle nag use
    boost affix detect furious sly careful blithe quick fluffy slow quiet ruthless thin close dogged daring bold
    stealthy permanent special enticing idle busy regular final ironic even express silent sometimes always never
    about above according across after
"""


def pipeline() -> dict[str, object]:
    """The definition of the pipeline whose steps are the 22 queries."""
    return documents.from_yaml(PIPELINE.read_text())


def made(scale: float, **config: str) -> duckdb.DuckDBPyConnection:
    """A database of this process with the eight tables in it."""
    connection = duckdb.connect(config=config)
    connection.execute(MACROS)
    values = {name: round(rows * scale) for name, rows in COUNTS.items()}
    values |= {
        "texts": _texts(),
        "colours": COLOURS.split(),
        "nations": list(NATIONS),
        "regions": list(NATIONS.values()),
    }
    for table in ("texts", "placed", *sorted(TABLES, key=["lineitem", *TABLES].index)):
        used = {name: value for name, value in values.items() if f"${name}" in ROWS[table]}
        connection.execute(f"CREATE TABLE {table} AS {ROWS[table]}", used)
    return connection


def _texts() -> list[str]:
    by_chance, words = random.Random(22), WORDS.split()
    return [" ".join(by_chance.choices(words, k=45)) for _ in range(TEXTS)]


def files(connection: duckdb.DuckDBPyConnection, folder: Path, compression: str = "zstd") -> dict[str, Path]:
    """The eight tables as Parquet files in a folder, by the dataset of each."""
    found = {f"raw.tpch_{table}": folder / f"{table}.{compression}.parquet" for table in TABLES}
    for table, path in zip(TABLES, found.values(), strict=True):
        connection.execute(f"COPY {table} TO '{path}' (FORMAT parquet, COMPRESSION {compression})")
    return found
