"""A drop folder that cannot be read, or holds what is not taken, opens an alert; what mends it closes it."""

import pytest

from monitoring_app.models import Alert
from tests import road
from tests.intake.dropped import BYTES, day, look, register

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path, settings):
    settings.DROP_ROOTS = [str(tmp_path)]
    (tmp_path / "in").mkdir()
    register(f"file://{tmp_path}/in")
    return tmp_path / "in"


def alerts():
    road.drain()
    return list(Alert.objects.order_by("id").values_list("rule", "state"))


def test_a_folder_that_is_gone_opens_one_alert_that_ends_when_it_is_back(folder):
    folder.rename(folder.parent / "gone")
    look()
    look(10)
    assert alerts() == [("drop_failing", "open")]
    alert = Alert.objects.get()
    assert "The folder is not there." in alert.what
    assert "Make it, or mount what it is on." in alert.todo
    (folder.parent / "gone").rename(folder)
    look(20)
    assert alerts() == [("drop_failing", "resolved")]


def test_files_that_are_refused_are_one_alert_that_ends_when_the_last_is_gone(folder):
    for name in ("a.csv", "b.csv"):
        (folder / name).write_bytes(BYTES)
    look()
    assert alerts() == [("drop_refused", "open")]
    assert Alert.objects.get().count == 2
    (folder / "a.csv").rename(folder / day(1))
    look(10)
    assert alerts() == [("drop_refused", "open")]
    (folder / "b.csv").unlink()
    look(20)
    assert alerts() == [("drop_refused", "resolved")]


def test_a_drop_that_is_declared_no_more_has_no_alert(folder):
    folder.rename(folder.parent / "gone")
    look()
    assert alerts() == [("drop_failing", "open")]
    road.register_yaml(
        "pipeline: flights-dropped\nteam: ops-analytics\n"
        "sources: {raw.flights: {format: csv, columns: {carrier: VARCHAR, minutes: INTEGER}}}"
    )
    assert alerts() == [("drop_failing", "resolved")]
