"""From files to an alert: nobody wrote a check, and a day that is unlike the others is told of."""

from controlplane import sweep
from monitoring_app.expectations import deciding
from monitoring_app.models import Alert, Expectation
from pipelines_app.models import Dataset, Event
from tests import road
from tests.profiling import shop


def test_what_three_files_teach_is_held_against_the_fourth(db):
    road.register_yaml(shop.PIPELINE)
    for day in ("2024-05-01", "2024-05-02", "2024-05-03"):
        shop.send(day, rows=30)
        shop.measure()
        road.drain()
    sweep.keep_house()
    sales = Dataset.objects.get(name="raw.sales")
    proposed = Expectation.objects.filter(dataset=sales)
    assert {one.state for one in proposed} == {"proposed"}
    assert "city is one of Bern, Chur, Genf" in proposed.get(kind="in_set").sentence
    assert proposed.get(kind="timestamp_within_batch_window").columns == ["sold_at"]
    deciding.accept(proposed.get(kind="in_set"), actor="user:ana")
    odd = shop.day_of("2024-05-04", rows=30).replace(b"Bern", b"Paris")
    shop.send("2024-05-04", odd)
    shop.measure()
    road.drain()
    alert = Alert.objects.get(rule="expectation")
    assert alert.subject == "raw.sales"
    assert "it was 33.3 % (Paris)" in alert.what
    broken = Event.objects.get(kind="expectations.broken")
    assert broken.cause.kind == "profile.measured"
    shop.send("2024-05-05", rows=30)
    shop.measure()
    road.drain()
    alert.refresh_from_db()
    assert alert.state == "resolved"
