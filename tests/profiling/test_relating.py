"""From files to a key of two columns: found in three days, shown, proposed, and broken by the day that repeats one."""

from controlplane import sweep
from monitoring_app.expectations import deciding
from monitoring_app.models import Alert, Expectation, Profile
from tests import factories, road
from tests.api.callers import Caller
from tests.profiling import shop

PIPELINE = """
pipeline: tills
team: shop
sources:
  raw.tills:
    format: csv
    period: day
    from: tills_{period}.csv
    columns: {till: VARCHAR, ticket: INTEGER, shop: VARCHAR}
"""


def send(day: int, *, again: bool = False) -> None:
    lines = [f"t{n % 10},{n // 10},shop {n % 10 // 3}" for n in range(120)]
    lines += lines[:3] if again else []
    body = "\n".join(["till,ticket,shop", *lines, ""]).encode()
    road.send("raw.tills", body, name=f"tills_2024-05-{day:02}.csv")
    road.drain()
    shop.measure()
    road.drain()


def test_a_key_of_two_columns_is_found_shown_proposed_and_broken(db, client):
    road.register_yaml(PIPELINE)
    for day in range(1, 6):
        send(day)
        assert bool(Profile.objects.order_by("-pk").filter(is_merged=False).first().holds) is (day > 1)
    sweep.keep_house()
    vic = factories.make_user("vic", team=road.team("shop"))
    client.force_login(vic)
    page = client.get("/datasets/raw.tills/profile").content.decode()
    assert "<code>till + ticket</code>" in page
    assert "<code>shop</code> by <code>till</code>" in page
    told = Caller(vic).get("/datasets/raw.tills/profile").json()["holds"]
    assert {"left": ["till"], "right": "shop", "value": 0.0} in told
    key = Expectation.objects.get(kind="compound_unique")
    assert (key.sentence, key.kept, key.seen) == ("till and ticket together are different in every row", 4, 4)
    deciding.accept(key, actor="user:ana")
    send(6, again=True)
    assert (
        "till and ticket together are different in every row: it was 2.44 %"
        in Alert.objects.get(rule="expectation").what
    )
    send(7)
    assert Alert.objects.get(rule="expectation").state == "resolved"
