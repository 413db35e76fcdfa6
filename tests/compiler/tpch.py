"""The tables and the 22 queries of TPC-H, and a little data in which all of them find something.

The queries are those of the specification with its validation values; a few values are those of our small data instead.
"""

TABLES = {
    "region": "r_regionkey BIGINT, r_name VARCHAR, r_comment VARCHAR",
    "nation": "n_nationkey BIGINT, n_name VARCHAR, n_regionkey BIGINT, n_comment VARCHAR",
    "supplier": "s_suppkey BIGINT, s_name VARCHAR, s_address VARCHAR, s_nationkey BIGINT, s_phone VARCHAR, "
    "s_acctbal DECIMAL(12,2), s_comment VARCHAR",
    "customer": "c_custkey BIGINT, c_name VARCHAR, c_address VARCHAR, c_nationkey BIGINT, c_phone VARCHAR, "
    "c_acctbal DECIMAL(12,2), c_mktsegment VARCHAR, c_comment VARCHAR",
    "part": "p_partkey BIGINT, p_name VARCHAR, p_mfgr VARCHAR, p_brand VARCHAR, p_type VARCHAR, p_size BIGINT, "
    "p_container VARCHAR, p_retailprice DECIMAL(12,2), p_comment VARCHAR",
    "partsupp": "ps_partkey BIGINT, ps_suppkey BIGINT, ps_availqty BIGINT, ps_supplycost DECIMAL(12,2), "
    "ps_comment VARCHAR",
    "orders": "o_orderkey BIGINT, o_custkey BIGINT, o_orderstatus VARCHAR, o_totalprice DECIMAL(12,2), "
    "o_orderdate DATE, o_orderpriority VARCHAR, o_clerk VARCHAR, o_shippriority BIGINT, o_comment VARCHAR",
    "lineitem": "l_orderkey BIGINT, l_partkey BIGINT, l_suppkey BIGINT, l_linenumber BIGINT, "
    "l_quantity DECIMAL(12,2), l_extendedprice DECIMAL(12,2), l_discount DECIMAL(12,2), l_tax DECIMAL(12,2), "
    "l_returnflag VARCHAR, l_linestatus VARCHAR, l_shipdate DATE, l_commitdate DATE, l_receiptdate DATE, "
    "l_shipinstruct VARCHAR, l_shipmode VARCHAR, l_comment VARCHAR",
}

# i is the number of the row.
ROWS = {
    "region": "SELECT i, ['AFRICA', 'AMERICA', 'ASIA', 'EUROPE', 'MIDDLE EAST'][i + 1], 'c' FROM range(5) r(i)",
    "nation": "SELECT i, ['FRANCE', 'GERMANY', 'BRAZIL', 'CANADA', 'SAUDI ARABIA', 'INDIA'][i + 1], "
    "[3, 3, 1, 1, 4, 2][i + 1], 'c' FROM range(6) r(i)",
    "supplier": "SELECT i, 'Supplier ' || i, 'addr' || i, i % 6, (13 + i) || '-555', 100.5 * i - 90, "
    "CASE WHEN i = 7 THEN 'Customer no Complaints' ELSE 'fine' END FROM range(12) r(i)",
    "customer": "SELECT i, 'Customer ' || i, 'addr' || i, i % 6, (13 + i % 20) || '-555', 300.25 * i - 100, "
    "['BUILDING', 'AUTOMOBILE'][1 + i % 2], 'c' || i FROM range(30) r(i)",
    "part": "SELECT i, ['green forest', 'forest lemon', 'red'][1 + i % 3], 'Mfr' || i % 3, "
    "['Brand#12', 'Brand#23', 'Brand#34', 'Brand#45'][1 + i % 4], "
    "['PROMO BRASS', 'ECONOMY ANODIZED STEEL', 'MEDIUM POLISHED TIN'][1 + i % 3], 1 + i % 15, "
    "['SM CASE', 'MED BOX', 'LG BOX'][1 + i % 3], 10.5 + i, 'c' FROM range(24) r(i)",
    "partsupp": "SELECT i // 4, (i * 5 + i // 4) % 12, 50 + i * 7 % 900, 5.25 + i % 9, 'c' FROM range(96) r(i)",
    "orders": "SELECT i, i * 3 % 30, ['F', 'O'][1 + i % 2], 1000.5 + i * 11, "
    "DATE '1993-06-15' + CAST(i * 17 AS INTEGER), ['1-URGENT', '3-MEDIUM', '5-LOW'][1 + i % 3], 'Clerk' || i, 0, "
    "CASE WHEN i % 5 = 0 THEN 'special requests' ELSE 'c' END FROM range(90) r(i)",
    "lineitem": "SELECT i // 3, i * 5 % 24, (i * 7 + i // 24) % 12, i % 3, 1 + i * 11 % 49, 900.5 + i * 13, "
    "(i % 9) / 100.0, (i % 5) / 100.0, ['R', 'A', 'N'][1 + i % 3], ['F', 'O'][1 + i % 2], "
    "DATE '1993-07-01' + CAST(i // 3 * 17 AS INTEGER), DATE '1993-07-05' + CAST(i // 3 * 17 + i % 4 AS INTEGER), "
    "DATE '1993-07-06' + CAST(i // 3 * 17 + i % 7 AS INTEGER), ['DELIVER IN PERSON', 'NONE'][1 + i % 2], "
    "['MAIL', 'SHIP', 'AIR', 'AIR REG'][1 + i % 4], 'c' FROM range(270) r(i)",
}

QUERIES = {
    1: """SELECT l_returnflag, l_linestatus, sum(l_quantity) AS sum_qty, sum(l_extendedprice) AS sum_base_price,
        sum(l_extendedprice * (1 - l_discount)) AS sum_disc_price,
        sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS sum_charge, avg(l_quantity) AS avg_qty,
        avg(l_extendedprice) AS avg_price, avg(l_discount) AS avg_disc, count(*) AS count_order
        FROM raw.lineitem WHERE l_shipdate <= DATE '1998-12-01' - INTERVAL 90 DAY
        GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus""",
    2: """SELECT s_acctbal, s_name, n_name, p_partkey, p_mfgr, s_address, s_phone, s_comment
        FROM raw.part, raw.supplier, raw.partsupp, raw.nation, raw.region
        WHERE p_partkey = ps_partkey AND s_suppkey = ps_suppkey AND p_size < 15 AND p_type LIKE '%BRASS'
        AND s_nationkey = n_nationkey AND n_regionkey = r_regionkey AND r_name = 'EUROPE' AND ps_supplycost = (
            SELECT min(ps_supplycost) FROM raw.partsupp, raw.supplier, raw.nation, raw.region
            WHERE p_partkey = ps_partkey AND s_suppkey = ps_suppkey AND s_nationkey = n_nationkey
            AND n_regionkey = r_regionkey AND r_name = 'EUROPE')
        ORDER BY s_acctbal DESC, n_name, s_name, p_partkey LIMIT 100""",
    3: """SELECT l_orderkey, sum(l_extendedprice * (1 - l_discount)) AS revenue, o_orderdate, o_shippriority
        FROM raw.customer, raw.orders, raw.lineitem
        WHERE c_mktsegment = 'BUILDING' AND c_custkey = o_custkey AND l_orderkey = o_orderkey
        AND o_orderdate < DATE '1995-03-15' AND l_shipdate > DATE '1994-03-15'
        GROUP BY l_orderkey, o_orderdate, o_shippriority ORDER BY revenue DESC, o_orderdate LIMIT 10""",
    4: """SELECT o_orderpriority, count(*) AS order_count FROM raw.orders
        WHERE o_orderdate >= DATE '1993-07-01' AND o_orderdate < DATE '1993-07-01' + INTERVAL 9 MONTH AND EXISTS (
            SELECT * FROM raw.lineitem WHERE l_orderkey = o_orderkey AND l_commitdate < l_receiptdate)
        GROUP BY o_orderpriority ORDER BY o_orderpriority""",
    5: """SELECT n_name, sum(l_extendedprice * (1 - l_discount)) AS revenue
        FROM raw.customer, raw.orders, raw.lineitem, raw.supplier, raw.nation, raw.region
        WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey AND l_suppkey = s_suppkey
        AND c_nationkey = s_nationkey AND s_nationkey = n_nationkey AND n_regionkey = r_regionkey
        AND r_name = 'EUROPE' AND o_orderdate >= DATE '1994-01-01' AND o_orderdate < DATE '1997-01-01'
        GROUP BY n_name ORDER BY revenue DESC""",
    6: """SELECT sum(l_extendedprice * l_discount) AS revenue FROM raw.lineitem
        WHERE l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1995-01-01'
        AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24""",
    7: """SELECT supp_nation, cust_nation, l_year, sum(volume) AS revenue FROM (
            SELECT n1.n_name AS supp_nation, n2.n_name AS cust_nation, extract(year FROM l_shipdate) AS l_year,
                l_extendedprice * (1 - l_discount) AS volume
            FROM raw.supplier, raw.lineitem, raw.orders, raw.customer, raw.nation AS n1, raw.nation AS n2
            WHERE s_suppkey = l_suppkey AND o_orderkey = l_orderkey AND c_custkey = o_custkey
            AND s_nationkey = n1.n_nationkey AND c_nationkey = n2.n_nationkey
            AND ((n1.n_name = 'FRANCE' AND n2.n_name <> 'FRANCE') OR (n1.n_name = 'GERMANY' AND n2.n_name <> 'INDIA'))
            AND l_shipdate BETWEEN DATE '1994-01-01' AND DATE '1996-12-31') AS shipping
        GROUP BY supp_nation, cust_nation, l_year ORDER BY supp_nation, cust_nation, l_year""",
    8: """SELECT o_year, sum(CASE WHEN nation = 'BRAZIL' THEN volume ELSE 0 END) / sum(volume) AS mkt_share FROM (
            SELECT extract(year FROM o_orderdate) AS o_year, l_extendedprice * (1 - l_discount) AS volume,
                n2.n_name AS nation
            FROM raw.part, raw.supplier, raw.lineitem, raw.orders, raw.customer, raw.nation AS n1, raw.nation AS n2,
                raw.region
            WHERE p_partkey = l_partkey AND s_suppkey = l_suppkey AND l_orderkey = o_orderkey
            AND o_custkey = c_custkey AND c_nationkey = n1.n_nationkey AND n1.n_regionkey = r_regionkey
            AND r_name = 'AMERICA' AND s_nationkey = n2.n_nationkey
            AND o_orderdate BETWEEN DATE '1993-01-01' AND DATE '1996-12-31') AS all_nations
        GROUP BY o_year ORDER BY o_year""",
    9: """SELECT nation, o_year, sum(amount) AS sum_profit FROM (
            SELECT n_name AS nation, extract(year FROM o_orderdate) AS o_year,
                l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity AS amount
            FROM raw.part, raw.supplier, raw.lineitem, raw.partsupp, raw.orders, raw.nation
            WHERE s_suppkey = l_suppkey AND ps_suppkey = l_suppkey AND ps_partkey = l_partkey
            AND p_partkey = l_partkey AND o_orderkey = l_orderkey AND s_nationkey = n_nationkey
            AND p_name LIKE '%green%') AS profit
        GROUP BY nation, o_year ORDER BY nation, o_year DESC""",
    10: """SELECT c_custkey, c_name, sum(l_extendedprice * (1 - l_discount)) AS revenue, c_acctbal, n_name, c_address,
        c_phone, c_comment
        FROM raw.customer, raw.orders, raw.lineitem, raw.nation
        WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey AND o_orderdate >= DATE '1993-10-01'
        AND o_orderdate < DATE '1994-10-01' AND l_returnflag = 'R' AND c_nationkey = n_nationkey
        GROUP BY c_custkey, c_name, c_acctbal, c_phone, n_name, c_address, c_comment ORDER BY revenue DESC LIMIT 20""",
    11: """SELECT ps_partkey, sum(ps_supplycost * ps_availqty) AS value FROM raw.partsupp, raw.supplier, raw.nation
        WHERE ps_suppkey = s_suppkey AND s_nationkey = n_nationkey AND n_name = 'GERMANY' GROUP BY ps_partkey
        HAVING sum(ps_supplycost * ps_availqty) > (
            SELECT sum(ps_supplycost * ps_availqty) * 0.01 FROM raw.partsupp, raw.supplier, raw.nation
            WHERE ps_suppkey = s_suppkey AND s_nationkey = n_nationkey AND n_name = 'GERMANY')
        ORDER BY value DESC""",
    12: """SELECT l_shipmode,
        sum(CASE WHEN o_orderpriority IN ('1-URGENT', '2-HIGH') THEN 1 ELSE 0 END) AS high_line_count,
        sum(CASE WHEN o_orderpriority <> '1-URGENT' AND o_orderpriority <> '2-HIGH' THEN 1 ELSE 0 END) AS low_line_count
        FROM raw.orders, raw.lineitem
        WHERE o_orderkey = l_orderkey AND l_shipmode IN ('MAIL', 'SHIP') AND l_commitdate < l_receiptdate
        AND l_shipdate < l_commitdate AND l_receiptdate >= DATE '1994-01-01' AND l_receiptdate < DATE '1996-01-01'
        GROUP BY l_shipmode ORDER BY l_shipmode""",
    13: """SELECT c_count, count(*) AS custdist FROM (
            SELECT c_custkey, count(o_orderkey) AS c_count FROM raw.customer LEFT OUTER JOIN raw.orders
            ON c_custkey = o_custkey AND o_comment NOT LIKE '%special%requests%' GROUP BY c_custkey) AS c_orders
        GROUP BY c_count ORDER BY custdist DESC, c_count DESC""",
    14: """SELECT 100.00 * sum(CASE WHEN p_type LIKE 'PROMO%' THEN l_extendedprice * (1 - l_discount) ELSE 0 END)
        / sum(l_extendedprice * (1 - l_discount)) AS promo_revenue
        FROM raw.lineitem, raw.part WHERE l_partkey = p_partkey AND l_shipdate >= DATE '1995-01-01'
        AND l_shipdate < DATE '1996-01-01'""",
    15: """WITH revenue AS (
            SELECT l_suppkey AS supplier_no, sum(l_extendedprice * (1 - l_discount)) AS total_revenue FROM raw.lineitem
            WHERE l_shipdate >= DATE '1996-01-01' AND l_shipdate < DATE '1996-12-01' GROUP BY l_suppkey)
        SELECT s_suppkey, s_name, s_address, s_phone, total_revenue FROM raw.supplier, revenue
        WHERE s_suppkey = supplier_no AND total_revenue = (SELECT max(total_revenue) FROM revenue)
        ORDER BY s_suppkey""",
    16: """SELECT p_brand, p_type, p_size, count(DISTINCT ps_suppkey) AS supplier_cnt FROM raw.partsupp, raw.part
        WHERE p_partkey = ps_partkey AND p_brand <> 'Brand#45' AND p_type NOT LIKE 'MEDIUM POLISHED%'
        AND p_size IN (3, 5, 8, 9, 14) AND ps_suppkey NOT IN (
            SELECT s_suppkey FROM raw.supplier WHERE s_comment LIKE '%Customer%Complaints%')
        GROUP BY p_brand, p_type, p_size ORDER BY supplier_cnt DESC, p_brand, p_type, p_size""",
    17: """SELECT sum(l_extendedprice) / 7.0 AS avg_yearly FROM raw.lineitem, raw.part
        WHERE p_partkey = l_partkey AND p_brand = 'Brand#23' AND p_container = 'MED BOX' AND l_quantity < (
            SELECT 0.9 * avg(l_quantity) FROM raw.lineitem WHERE l_partkey = p_partkey)""",
    18: """SELECT c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice, sum(l_quantity) AS quantity
        FROM raw.customer, raw.orders, raw.lineitem
        WHERE o_orderkey IN (SELECT l_orderkey FROM raw.lineitem GROUP BY l_orderkey HAVING sum(l_quantity) > 80)
        AND c_custkey = o_custkey AND o_orderkey = l_orderkey
        GROUP BY c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice ORDER BY o_totalprice DESC, o_orderdate
        LIMIT 100""",
    19: """SELECT sum(l_extendedprice * (1 - l_discount)) AS revenue FROM raw.lineitem, raw.part
        WHERE (p_partkey = l_partkey AND p_brand = 'Brand#12' AND p_container IN ('SM CASE', 'SM BOX')
            AND l_quantity BETWEEN 1 AND 31 AND p_size BETWEEN 1 AND 15 AND l_shipmode IN ('AIR', 'AIR REG'))
        OR (p_partkey = l_partkey AND p_brand = 'Brand#23' AND p_container IN ('MED BAG', 'MED BOX')
            AND l_quantity BETWEEN 10 AND 40 AND p_size BETWEEN 1 AND 15 AND l_shipinstruct = 'DELIVER IN PERSON')""",
    20: """SELECT s_name, s_address FROM raw.supplier, raw.nation
        WHERE s_suppkey IN (
            SELECT ps_suppkey FROM raw.partsupp WHERE ps_partkey IN (
                SELECT p_partkey FROM raw.part WHERE p_name LIKE 'forest%')
            AND ps_availqty > (SELECT 0.5 * sum(l_quantity) FROM raw.lineitem
                WHERE l_partkey = ps_partkey AND l_suppkey = ps_suppkey AND l_shipdate >= DATE '1994-01-01'))
        AND s_nationkey = n_nationkey AND n_name IN ('CANADA', 'FRANCE', 'INDIA') ORDER BY s_name""",
    21: """SELECT s_name, count(*) AS numwait FROM raw.supplier, raw.lineitem AS l1, raw.orders, raw.nation
        WHERE s_suppkey = l1.l_suppkey AND o_orderkey = l1.l_orderkey AND o_orderstatus = 'F'
        AND l1.l_receiptdate > l1.l_commitdate
        AND EXISTS (SELECT * FROM raw.lineitem AS l2
            WHERE l2.l_orderkey = l1.l_orderkey AND l2.l_suppkey <> l1.l_suppkey)
        AND NOT EXISTS (SELECT * FROM raw.lineitem AS l3
            WHERE l3.l_orderkey = l1.l_orderkey AND l3.l_suppkey <> l1.l_suppkey
            AND l3.l_receiptdate > l3.l_commitdate + 1)
        AND s_nationkey = n_nationkey AND n_name <> 'BRAZIL' GROUP BY s_name ORDER BY numwait DESC, s_name LIMIT 100""",
    22: """SELECT cntrycode, count(*) AS numcust, sum(c_acctbal) AS totacctbal FROM (
            SELECT substring(c_phone FROM 1 FOR 2) AS cntrycode, c_acctbal FROM raw.customer
            WHERE substring(c_phone FROM 1 FOR 2) IN ('13', '31', '23', '29', '30', '18', '17')
            AND c_acctbal > (SELECT avg(c_acctbal) FROM raw.customer WHERE c_acctbal > 0.00)
            AND NOT EXISTS (SELECT * FROM raw.orders WHERE o_custkey = c_custkey AND o_comment = 'none')) AS custsale
        GROUP BY cntrycode ORDER BY cntrycode""",
}
