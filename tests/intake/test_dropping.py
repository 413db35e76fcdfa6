"""Files dropped into a folder: read only when whole, taken exactly once; whatever is odd is said, and not lost."""

import os
import threading

import pytest

from pipelines_app import failpoints
from pipelines_app.errors import DefinitionInvalid
from pipelines_app.failpoints import Broken
from pipelines_app.intake import dropping, keys, places
from pipelines_app.models import Arrival, Door, DropSource, DropTaken, Event
from tests import road
from tests.intake.dropped import BYTES, NOON, day, look, register

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path, settings):
    settings.DROP_ROOTS = [str(tmp_path)]
    inbox = tmp_path / "in"
    inbox.mkdir()
    return inbox


def facts(kind):
    return [event.body for event in Event.objects.filter(kind=kind).order_by("id")]


def test_a_dropped_file_is_taken_in_and_moved_and_its_run_starts(folder) -> None:
    register(f"file://{folder}")
    (folder / day(1)).write_bytes(BYTES)
    source = look()
    arrival = Arrival.objects.get()
    assert (arrival.name, arrival.period, arrival.door) == (day(1), "2026-05-01", Door.DROP)
    assert [path.name for path in folder.iterdir()] == ["taken"]
    assert (folder / "taken" / f"{arrival.pk}_{day(1)}").read_bytes() == BYTES
    assert (source.state, source.looked_at, source.unfinished, source.behind) == ("open", NOON, 0, 0)
    road.drain()
    arrival.refresh_from_db()
    assert arrival.state == "consumed"
    look(10)
    assert Arrival.objects.count() == 1


def test_what_is_remembered_is_left_where_it_is_and_never_read_again(folder) -> None:
    register(f"file://{folder}", taken="remember")
    for number in (1, 2):
        (folder / day(number)).write_bytes(BYTES)
        look()
    assert sorted(path.name for path in folder.iterdir()) == [day(1), day(2)]
    (folder / day(1)).write_bytes(BYTES + b"LX,13\n")
    look(10)
    assert list(Arrival.objects.order_by("id").values_list("period", flat=True)) == [
        "2026-05-01",
        "2026-05-02",
        "2026-05-01",
    ]


def test_a_file_with_a_name_that_says_it_is_unfinished_waits_for_its_name(folder) -> None:
    register(f"file://{folder}", pattern="flights_*")
    (folder / f"{day(1)}.part").write_bytes(b"carrier")
    (folder / f".{day(2)}").write_bytes(b"carrier")
    look()
    assert not Arrival.objects.exists()
    (folder / f"{day(1)}.part").rename(folder / day(1))
    look(10)
    assert Arrival.objects.get().name == day(1)


def test_a_file_waits_for_its_marker(folder) -> None:
    register(f"file://{folder}", whole="done")
    (folder / day(1)).write_bytes(BYTES)
    assert look().unfinished == 1
    assert not Arrival.objects.exists()
    (folder / f"{day(1)}.done").touch()
    assert look(10).unfinished == 0
    assert Arrival.objects.get().bytes == len(BYTES)
    assert [path.name for path in folder.iterdir()] == ["taken"]


@pytest.mark.promise(17, faults="a writer that pauses in the middle of a file")
@pytest.mark.promise(17)
def test_a_file_whose_writer_pauses_is_read_only_when_it_is_whole(folder) -> None:
    register(f"file://{folder}", whole="stable", stable_seconds=10)
    file = (folder / day(1)).open("wb")
    file.write(b"carrier,minutes\n")
    file.flush()
    assert look(0).unfinished == 1
    assert look(5).unfinished == 1  # it pauses, for less than it would take to be whole
    file.write(b"LX,12\n")
    file.flush()
    assert look(11).unfinished == 1  # 11 seconds after the first look, and it has changed
    assert not Arrival.objects.exists()
    file.write(b"LX,13\n")
    file.close()
    look(20)
    assert not Arrival.objects.exists()
    look(31)
    assert Arrival.objects.get().bytes == len(b"carrier,minutes\nLX,12\nLX,13\n")


@pytest.mark.promise(17, faults="a file that changes while it is read")
@pytest.mark.promise(17)
def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_look(folder, monkeypatch) -> None:
    register(f"file://{folder}")
    (folder / day(1)).write_bytes(BYTES * 50_000)
    monkeypatch.setattr(places, "PIECE", 1000)
    read, writes = os.read, iter([b"LX,14\n"])

    def slowly(file, size):
        for more in writes:
            with (folder / day(1)).open("ab") as late:
                late.write(more)
        return read(file, size)

    monkeypatch.setattr(places.os, "read", slowly)
    assert look().unfinished == 1
    assert not Arrival.objects.exists()
    look(10)
    assert Arrival.objects.get().bytes == len(BYTES) * 50_000 + len(b"LX,14\n")


@pytest.mark.parametrize("place", ["after_receive", "before_accept"])
def test_a_crash_before_the_acceptance_leaves_the_file_to_be_taken_once(folder, tmp_path, settings, place) -> None:
    register(f"file://{folder}")
    (folder / day(1)).write_bytes(BYTES)
    _break(settings, tmp_path, place)
    with pytest.raises(Broken):
        look()
    assert (folder / day(1)).exists()
    assert not Arrival.objects.exists()
    look(400)
    assert Arrival.objects.count() == 1
    assert not (folder / day(1)).exists()


@pytest.mark.promise(17, faults="a crash between the acceptance and the move")
def test_a_crash_between_the_acceptance_and_the_move_takes_the_file_once(folder, monkeypatch) -> None:
    register(f"file://{folder}")
    (folder / day(1)).write_bytes(BYTES)
    with monkeypatch.context() as broken:
        broken.setattr(places.os, "rename", _crash)
        with pytest.raises(Broken):
            look()
    assert (folder / day(1)).exists()
    assert Arrival.objects.count() == 1
    look(10)
    assert Arrival.objects.count() == 1
    assert [path.name for path in (folder / "taken").iterdir()] == [f"{Arrival.objects.get().pk}_{day(1)}"]


def _break(settings, tmp_path, place):
    settings.FAILPOINTS = str(tmp_path / "points")
    (tmp_path / "points").mkdir()
    (tmp_path / "points" / f"{place}.1").write_text("fail")
    assert place in failpoints.PLACES


def _crash(*args, **more):
    raise Broken("here")


def test_the_same_file_dropped_again_after_it_was_moved_is_taken_again_and_has_no_second_effect(folder) -> None:
    register(f"file://{folder}")
    for seconds in (0, 10):
        (folder / day(1)).write_bytes(BYTES)
        os.utime(folder / day(1), (1_700_000_000, 1_700_000_000))
        look(seconds)
    assert list(Arrival.objects.order_by("id").values_list("state", flat=True)) == ["pending", "duplicate"]


def test_a_file_whose_name_gives_no_period_is_refused_once_and_said_where_it_lies(folder) -> None:
    source = register(f"file://{folder}")
    (folder / "latest.csv").write_bytes(BYTES)
    look()
    look(10)
    refused = DropTaken.objects.get()
    assert "gives no day for raw.flights" in refused.refused
    assert [fact["name"] for fact in facts("drop.refused")] == ["latest.csv"]
    assert (folder / "latest.csv").exists()
    (folder / "latest.csv").rename(folder / day(1))
    look(20)
    assert Arrival.objects.get().period == "2026-05-01"
    assert facts("drop.cleared") == [{"dataset": "raw.flights"}]
    assert not source.taken.exclude(refused="").exists()


def test_a_revision_looks_again_at_what_was_refused(folder) -> None:
    register(f"file://{folder}", taken="remember")
    (folder / "f_2026-05-01.csv").write_bytes(BYTES)
    look()
    road.register_yaml(
        f"""
        pipeline: flights-dropped
        team: ops-analytics
        sources:
          raw.flights:
            format: csv
            columns: {{carrier: VARCHAR, minutes: INTEGER}}
            period: day
            from: "f_{{period}}.csv"
            drop: {{url: "file://{folder}", taken: remember}}
        """
    )
    look(10)
    assert Arrival.objects.get().period == "2026-05-01"


def test_a_folder_that_disappears_is_said_once_and_nothing_is_lost(folder) -> None:
    register(f"file://{folder}")
    folder.rename(folder.parent / "gone")
    source = look()
    assert (source.state, source.error) == ("failing", "The folder is not there.")
    assert source.failing_since == NOON
    assert look(10).failing_since == NOON
    (folder.parent / "gone" / day(1)).write_bytes(BYTES)
    (folder.parent / "gone").rename(folder)
    assert look(20).state == "open"
    assert Arrival.objects.count() == 1
    assert [fact["error"] for fact in facts("drop.failed")] == ["The folder is not there."]
    assert len(facts("drop.mended")) == 1


def denied(monkeypatch, name: str) -> None:
    """Whoever runs the tests may read everything: the system says no in place of the rights."""
    open_it = os.open

    def no(path, *flags, **more):
        if str(path).endswith(name):
            raise PermissionError(13, "Permission denied", str(path))
        return open_it(path, *flags, **more)

    monkeypatch.setattr(os, "open", no)


def test_a_folder_that_may_not_be_read_is_said_with_what_to_do(folder, monkeypatch) -> None:
    register(f"file://{folder}")
    (folder / day(1)).write_bytes(BYTES)
    with monkeypatch.context() as patch:
        denied(patch, folder.name)
        source = look()
    assert (source.state, source.error) == ("failing", "The folder may not be read.")
    assert source.todo == "Give the platform's user the right to."
    assert look(10).state == "open"
    assert Arrival.objects.count() == 1


def test_a_file_that_may_not_be_read_keeps_no_other_back_and_comes_in_when_it_may(folder, monkeypatch) -> None:
    register(f"file://{folder}")
    for number in (1, 2):
        (folder / day(number)).write_bytes(BYTES)
    with monkeypatch.context() as patch:
        denied(patch, day(1))
        assert look().state == "open"
    assert [arrival.name for arrival in Arrival.objects.all()] == [day(2)]
    refused = DropTaken.objects.exclude(refused="").get()
    assert refused.refused.startswith(f"'{day(1)}' may not be read. Give the platform's user the right to read it")
    keys.look_again(DropSource.objects.get())
    look(10)
    assert {arrival.name for arrival in Arrival.objects.all()} == {day(1), day(2)}


def test_links_pipes_and_folders_are_never_followed(folder, tmp_path) -> None:
    register(f"file://{folder}", pattern="*.csv")
    secret = tmp_path / "secret"
    secret.write_bytes(b"do not read")
    (folder / day(1)).symlink_to(secret)
    os.mkfifo(folder / day(2))
    (folder / day(3)).mkdir()
    source = look()
    assert (source.state, Arrival.objects.count(), DropTaken.objects.count()) == ("open", 0, 0)


def test_a_file_that_becomes_a_link_after_it_was_listed_is_not_read(folder, tmp_path) -> None:
    register(f"file://{folder}")
    (folder / day(1)).write_bytes(BYTES)
    place = places.Folder(f"file://{folder}", "ops-analytics")
    [found] = place.list("*").files
    (folder / day(1)).unlink()
    (folder / day(1)).symlink_to(tmp_path / "secret")
    (tmp_path / "secret").write_bytes(BYTES)
    with pytest.raises(OSError, match="symbolic"):
        list(place.read(found))
    place.close()


def test_a_folder_reached_through_a_link_is_not_opened(folder, tmp_path) -> None:
    register(f"file://{folder}")
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / day(1)).write_bytes(BYTES)
    assert look().state == "failing"
    assert not Arrival.objects.exists()


@pytest.mark.parametrize("root", ["", "other-team=/{tmp}", "/{tmp}/in/deeper"])
def test_a_folder_that_is_not_allowed_is_refused_when_it_is_declared_and_when_it_is_looked_at(
    folder, tmp_path, settings, root
) -> None:
    register(f"file://{folder}")
    settings.DROP_ROOTS = [root.format(tmp=str(tmp_path).lstrip("/"))] if root else []
    assert "is in no folder that ops-analytics may use here" in look().error
    with pytest.raises(DefinitionInvalid, match="may use here"):
        register(f"file://{folder}/x")


def test_a_folder_may_be_a_teams_own(folder, settings) -> None:
    settings.DROP_ROOTS = [f"ops-analytics={folder}"]
    register(f"file://{folder}")
    (folder / day(1)).write_bytes(BYTES)
    look()
    assert Arrival.objects.count() == 1


def test_odd_names_are_kept_as_text(folder) -> None:
    register(f"file://{folder}", pattern="*", taken="remember")
    for name in (b"\xff\xfe_2026.csv", "x\u202e.csv".encode(), b"x\ny.csv", b"a" * 250 + b".csv", b"-rf.csv"):
        descriptor = os.open(os.path.join(os.fsencode(folder), name), os.O_CREAT | os.O_WRONLY)  # noqa: PTH118
        os.write(descriptor, BYTES)
        os.close(descriptor)
    look()
    look(10)
    assert DropTaken.objects.exclude(refused="").count() == 5
    assert all(row.path.isprintable() for row in DropTaken.objects.all())


def test_fifty_thousand_files_are_taken_so_many_a_look(folder, monkeypatch) -> None:
    monkeypatch.setattr(dropping, "MOST_TAKEN", 20)
    register(f"file://{folder}", pattern="flights_*", whole="stable", stable_seconds=10)
    whole, other = BYTES, folder / "seed"
    other.write_bytes(whole)
    for number in range(50_000):
        os.link(other, folder / f"flights_{number}.csv")
    source = look()
    assert (source.state, source.unfinished, source.behind) == ("open", dropping.MOST_WATCHED, 49_000)
    source = look(10)
    assert DropTaken.objects.count() == 20
    assert source.behind == 50_000 - 20
    assert source.next_look == NOON.replace(second=20)


def test_more_files_than_a_look_takes_are_taken_in_the_next(folder, monkeypatch) -> None:
    monkeypatch.setattr(dropping, "MOST_TAKEN", 2)
    register(f"file://{folder}")
    for number in range(1, 6):
        (folder / day(number)).write_bytes(BYTES)
        os.utime(folder / day(number), (number, number))
    assert look().behind == 3
    assert DropSource.objects.get().next_look == NOON
    assert dropping.look_all(NOON)
    assert not dropping.look_all(NOON)
    assert [arrival.period[-2:] for arrival in Arrival.objects.order_by("id")] == ["01", "02", "03", "04", "05"]


@pytest.mark.django_db(transaction=True)
def test_two_looks_at_once_take_a_file_once(folder) -> None:
    register(f"file://{folder}", taken="remember")
    for number in range(1, 9):
        (folder / day(number)).write_bytes(BYTES)
    begin = threading.Barrier(2)

    def at_once():
        begin.wait(10)
        look()
        dropping.events.transaction.get_connection().close()

    threads = [threading.Thread(target=at_once) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Arrival.objects.count() == 8
    assert DropTaken.objects.count() == 8
