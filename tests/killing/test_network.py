"""The network fails: answers that never come, lines that swallow everything, a database that hangs up on everybody."""

import threading
from pathlib import Path

import pytest

from controlplane.sample.client import until
from tests.killing.installations import GRINDING, PUBLISHED, Live, busy_engine, meals_from, mill
from tests.killing.proxy import Weather, proxy
from tests.killing.supplier import Supplier

pytestmark = [pytest.mark.postgres, pytest.mark.chaos]
DAYS = 20
LONGER_LEASE = 9.0  # the engine asks once a second: of a lease of three, that is too much to measure by
LONGER_MEAL = 1_500  # fifteen seconds and more for two quiet cores: none is done with it before that lease ends
OF_DAY = "SELECT count(*) FROM pipelines_app_{what} WHERE period = '{day}'"
STILL_HELD = """
SELECT count(*) FROM pipelines_app_steprun AS step JOIN pipelines_app_dataset AS dataset ON dataset.id = step.dataset_id
WHERE dataset.name = 'mart.mill_meal' AND step.state = 'running' AND step.lease_until > clock_timestamp()
"""
HANG_UP = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


@pytest.mark.promise(2, faults="the answer is cut before its first byte, in its head, in its body")
@pytest.mark.promise(16, faults="the upload is cut in its head, in its body")
@pytest.mark.parametrize(
    ("day", "weather"),
    [
        ("2016-01-01", Weather(cut_answer=0)),
        ("2016-01-02", Weather(cut_answer=12)),
        ("2016-01-03", Weather(cut_answer=600)),
        ("2016-01-04", Weather(cut_request=100)),
        ("2016-01-05", Weather(cut_request=2000)),
    ],
)
def test_a_file_whose_sender_was_cut_off_is_there_once_when_it_was_sent_again(
    day: str, weather: Weather, site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    with proxy(site.production.port) as line:
        cut_off = Supplier(f"http://127.0.0.1:{line.port}", site.keys)
        line.weather = weather
        body = b"n\n" + b"1\n" * 2000
        cut_off.begin([("raw.mill_grist", f"grist_{day}.csv", body)], lambda number: True)
        until(lambda: len(cut_off.refusals) > 1, "the sender to be cut off twice", patience=30)
        arrived = site.count(OF_DAY.format(what="arrival", day=day))
        line.weather = Weather()
        cut_off.finish(60)
    assert arrived == (0 if weather.cut_request else 1)
    supplier.answers += cut_off.answers
    site.settle(60)
    assert site.count(OF_DAY.format(what="arrival", day=day)) == 1
    assert site.count(OF_DAY.format(what="run", day=day)) == 1
    site.judge(supplier, tmp_path)


@pytest.mark.promise(11, faults="the line to the database swallows everything")
def test_a_worker_whose_database_is_silent_stops_its_query_before_its_lease_ends(
    site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    assert site.production.parts["worker"].stop() == 0
    with proxy(site.production.postgres.port) as line:
        through = site.production.postgres.url.replace(str(site.production.postgres.port), str(line.port))
        second = site.second_worker(DATABASE_URL=through, LOOPLINE_LEASE_SECONDS=str(LONGER_LEASE))
        mill(supplier, "2016-02-01", LONGER_MEAL)
        until(lambda: site.count(GRINDING) == 1, "the mill to grind", patience=60)
        engine = until(lambda: busy_engine(second.pid), "a busy engine", patience=30)
        line.weather = Weather(black_hole=True)
        until(lambda: not engine.is_running(), "the engine to be stopped", patience=30)
        held = site.count(STILL_HELD)
        site.production.start_part("worker")
        until(lambda: "2016-02-01" in site.meals("2016-02"), "the meal", patience=240)
        line.weather = Weather()
        line.reset()
        site.settle(60)
        assert second.stop() == 0
    assert held == 1
    site.judge(supplier, tmp_path)


@pytest.mark.promise(14, faults="every connection of PostgreSQL is ended, for ten seconds")
def test_a_database_that_hangs_up_on_everybody_loses_nothing(site: Live, supplier: Supplier, tmp_path: Path) -> None:
    before, over = site.count(PUBLISHED), threading.Event()
    timer = threading.Timer(10, over.set)
    supplier.begin(meals_from("2017-01-01", DAYS), lambda number: True)
    timer.start()
    until(lambda: site.count(HANG_UP) < 0 or over.is_set(), "the ten seconds to be over", patience=60)
    supplier.finish(90)
    until(lambda: site.count(PUBLISHED) - before >= 2 * DAYS, "all versions", patience=120)
    site.settle(60)
    assert site.count(PUBLISHED) - before == 2 * DAYS
    site.judge(supplier, tmp_path)
