"""Keys of several columns and what determines what: which are tried, how they are counted, what goes on."""

import duckdb
import pytest
import yaml
from sqlglot import exp

from monitoring_app.learning import measures, promise_checks, promise_words, proposing
from monitoring_app.profiling import choosing, relating
from monitoring_app.profiling.asking import Asked
from monitoring_app.profiling.profile import Hold, Profile
from pipelines_app.compiler import check_catalogue
from pipelines_app.compiler.definition import Column
from tests.monitoring import past

TICKETS = """
    SELECT (n % 20)::VARCHAR AS till, (n // 20) AS ticket, 'shop ' || (n % 20 // 4) AS shop,
        'town ' || (n % 20 // 8) AS town, n * 1.5::DOUBLE AS amount, 'x' AS same
    FROM range(400) AS t(n)
"""
LEGS = """
    SELECT 'c' || n % 5 AS carrier, n // 5 AS flight, 'here' AS origin FROM range(200) AS t(n)
    UNION ALL SELECT 'c' || n % 5, n // 5, 'there' FROM range(20) AS t(n)
"""
KEY, OF_SHOP = Hold(left=("till", "ticket")), Hold(left=("till",), right="shop")


class Table:
    """Rows on the real engine."""

    def __init__(self, sql: str) -> None:
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute(f"CREATE TABLE t AS {sql}")
        described = self.connection.execute("DESCRIBE t").fetchall()
        self.asked = Asked(columns=[Column(name=row[0], type=row[1]) for row in described])

    def _row(self, statement: exp.Select) -> dict:
        cursor = self.connection.execute(statement.sql("duckdb"))
        return dict(zip([one[0] for one in cursor.description], cursor.fetchone(), strict=True))

    def profile(self) -> Profile:
        return choosing.told(self._row(choosing.statement(exp.to_table("t"), self.asked)), self.asked)

    def counted(self, *holds: Hold, one_in: int = 1) -> dict[Hold, float]:
        return relating.read(self._row(relating.statement(exp.to_table("t"), holds, one_in)), holds, one_in)


def test_what_could_hold_and_would_not_by_chance_is_tried():
    tried = relating.worth_trying(Table(TICKETS).profile())
    assert {KEY, OF_SHOP, Hold(left=("shop",), right="town")} <= set(tried)
    names = {name for hold in tried for name in (*hold.left, hold.right)}
    assert not names & {"amount", "same"}
    assert OF_SHOP.right not in {hold.left[0] for hold in tried if hold.right == "till"}
    few = relating.worth_trying(Table(f"{TICKETS} LIMIT 6").profile())
    assert few == ()


@pytest.mark.parametrize("one_in", [1, 4])
def test_keys_and_partners_are_counted_exactly_and_in_samples(one_in):
    table = Table(TICKETS)
    assert table.counted(KEY, OF_SHOP, one_in=one_in) == {KEY: 0, OF_SHOP: 0}
    broken = Table(f"{TICKETS} UNION ALL SELECT till, ticket, 'elsewhere', town, amount, same FROM ({TICKETS})")
    found = broken.counted(KEY, OF_SHOP, one_in=one_in)
    assert (found[KEY], found[OF_SHOP]) == (0.5, 1)


def test_what_is_empty_contradicts_nothing():
    table = Table("SELECT UNNEST([NULL, NULL, 'a', 'a']) AS till, UNNEST(['x', 'y', 'z', NULL]) AS shop")
    assert table.counted(OF_SHOP) == {OF_SHOP: 0}
    assert Table("SELECT NULL::VARCHAR AS till, 'x' AS shop").counted(OF_SHOP) == {}


def test_a_third_column_is_tried_beside_the_pairs_that_are_nearly_a_key():
    table, pair = Table(LEGS), Hold(left=("carrier", "flight"))
    first = table.counted(*relating.worth_trying(table.profile()))
    assert first[pair] == pytest.approx(20 / 220)
    second = table.counted(*relating.widened(table.profile(), first))
    assert relating.going_on([first, second]) == (Hold(left=("carrier", "flight", "origin")),)


def test_only_what_held_goes_on_and_no_key_wider_than_another():
    wide, other = Hold(left=("till", "ticket", "shop")), Hold(left=("ticket", "town"))
    back = Hold(left=("shop",), right="till")
    seen = [{KEY: 0, wide: 0, other: 0.2, OF_SHOP: 0, back: 0}] * 3
    assert relating.going_on(seen) == (KEY, OF_SHOP)
    assert relating.going_on([*seen, {KEY: 0.001, OF_SHOP: 0.5}]) == (wide, OF_SHOP)
    assert relating.going_on([*seen * 4, {KEY: 0.001, OF_SHOP: 0.5}]) == (KEY, OF_SHOP)


def batches(*holds):
    return [past.batch(day, holds=one, till=["a", "b"] * 50) for day, one in enumerate(holds)]


def test_what_held_is_proposed_in_words_and_as_checks_and_broken_by_the_first_exception():
    found = proposing.viable(batches(*[{KEY: 0.0, OF_SHOP: 0.0}] * 6))
    key, partner = found["compound_unique\ntill\nticket"], found["determines\ntill\nshop"]
    assert "duplicate_rows_below" not in found
    assert promise_words.sentence(key.promise) == "till and ticket together are different in every row"
    assert promise_words.sentence(partner.promise).startswith("each till has one shop")
    (odd,) = batches({KEY: 0.01, OF_SHOP: 0.3})
    assert [measures.judge(one.promise, odd).is_kept for one in (key, partner)] == [False, False]
    assert promise_checks.entries(key.promise, "block", "raw.t") == [
        {"compound_unique": {"columns": ["till", "ticket"]}}
    ]
    (entry,) = promise_checks.entries(partner.promise, "warn", "raw.t")
    (spec,) = check_catalogue.parse(yaml.safe_load(yaml.safe_dump(entry)), "checks[0]")
    table = Table(
        f"{TICKETS} UNION ALL SELECT till, ticket, 'elsewhere', town, amount, same FROM ({TICKETS}) LIMIT 401"
    )
    table.connection.execute("CREATE SCHEMA raw; ALTER TABLE t RENAME TO moved; CREATE VIEW raw.t AS FROM moved")
    assert len(table.connection.execute(spec.arguments["sql"]).fetchall()) == 1


def test_a_key_that_history_broke_is_not_proposed():
    odd = [{KEY: 0.0}, {KEY: 0.1}] * 4
    assert not [name for name in proposing.viable(batches(*odd)) if name.startswith("compound")]
