"""What outside things leave behind goes when it is old, and nothing that is still needed goes with it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from controlplane import sweep
from pipelines_app import events
from pipelines_app.facts_outside import ScheduleTicked
from pipelines_app.intake import housekeeping, openlineage, pruning, runevents
from pipelines_app.models import Arrival, DropTaken, ForeignRun, Link, Tick
from tests import factories, road
from tests.intake.dropped import BYTES, NOON, day, look, register

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path, settings):
    settings.DROP_ROOTS = [str(tmp_path)]
    settings.TAKEN_DAYS = 30
    (tmp_path / "in").mkdir()
    register(f"file://{tmp_path}/in")
    return tmp_path / "in"


def drop(folder, number: int) -> None:
    (folder / day(number)).write_bytes(BYTES + f"X{number},1\n".encode())
    look(number)


def much_later(days: int = 31) -> datetime:
    return timezone.now() + timedelta(days=days)


def test_files_that_were_taken_long_ago_go_with_the_notes_of_them_and_what_came_stays(folder) -> None:
    drop(folder, 1)
    drop(folder, 2)
    DropTaken.objects.filter(path=day(1)).update(at=timezone.now() - timedelta(days=31))
    kept = DropTaken.objects.get(path=day(2))
    (folder / "taken" / "somebody-elses").write_text("x")
    assert pruning.empty_taken(timezone.now()) == 1
    left = {path.name for path in (folder / "taken").iterdir()}
    assert left == {f"{kept.arrival_id}_{day(2)}", "somebody-elses"}
    assert list(DropTaken.objects.all()) == [kept]
    assert all(road.receiving.lake.path(one.path).exists() for one in Arrival.objects.all())
    (folder / day(1)).write_bytes(BYTES + b"X1,1\n")
    look(60)
    assert Arrival.objects.order_by("-id")[0].state == "duplicate"  # the same again has no second effect


def test_what_is_only_remembered_and_what_is_kept_for_good_does_not_go(folder, settings) -> None:
    drop(folder, 1)
    settings.TAKEN_DAYS = 0
    assert pruning.empty_taken(much_later()) == 0
    settings.TAKEN_DAYS = 30
    register(f"file://{folder}", taken="remember")
    drop(folder, 2)
    pruning.empty_taken(much_later())
    assert list(DropTaken.objects.values_list("path", "moved")) == [(day(2), False)]
    assert look(60).behind == 0
    assert Arrival.objects.count() == 2


def test_a_folder_that_is_gone_keeps_its_notes_until_it_is_back(folder) -> None:
    drop(folder, 1)
    folder.rename(folder.parent / "gone")
    assert pruning.empty_taken(much_later()) == 0
    assert DropTaken.objects.count() == 1
    (folder.parent / "gone").rename(folder)
    assert pruning.empty_taken(much_later()) == 1
    assert list((folder / "taken").iterdir()) == []
    assert any(chore.do is pruning.empty_taken for chore in sweep.OUTSIDE_CHORES)


def test_old_ticks_go_but_for_the_newest_of_each_clock_and_their_events_after_them(settings) -> None:
    pipeline = factories.make_pipeline("a")
    for number in range(3):
        at = NOON + timedelta(days=number)
        event = events.record(ScheduleTicked(pipeline="a", period="", tick=at.isoformat()), actor="clock")
        Tick.objects.create(pipeline=pipeline, at=at, event=event)
    road.drain()
    pruning.forget(timezone.now())
    assert Tick.objects.count() == 3
    housekeeping.tidy(NOON + timedelta(days=settings.EVENT_DAYS + 5))
    assert [tick.at for tick in Tick.objects.all()] == [NOON + timedelta(days=2)]


RUN = "01890a5d-ac96-774b-bcce-b302099a80{:02}"


def tell(number: int, kind: str, output: str, at: datetime) -> None:
    body = {
        "eventType": kind,
        "eventTime": at.isoformat(),
        "run": {"runId": RUN.format(number)},
        "job": {"namespace": "n", "name": "load"},
        "producer": "https://example.org/tool",
        "inputs": [{"namespace": "n", "name": "from"}],
        "outputs": [{"namespace": "n", "name": output}],
    }
    event = runevents.read(json.dumps(body).encode())
    openlineage.record(event, team=road.team(), sender="token:t", now=at)


def test_old_runs_of_other_tools_go_when_they_are_over_with_the_edges_that_nobody_told_of_since(settings) -> None:
    new = datetime(2026, 5, 4, tzinfo=UTC)
    old = new - timedelta(days=settings.EVENT_DAYS + 1)
    tell(1, "COMPLETE", "kept", old)
    tell(2, "COMPLETE", "gone", old)
    tell(3, "START", "going", old)
    tell(4, "COMPLETE", "kept", new)
    assert pruning.forget(new) == 3  # two runs and a link
    assert sorted(str(run.run_id)[-2:] for run in ForeignRun.objects.all()) == ["03", "04"]
    assert [link.foreign_target.name for link in Link.objects.all()] == ["kept"]
