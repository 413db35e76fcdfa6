"""Arriving files become trusted datasets, or are put aside with reasons: the sample's own files, good and bad."""

import gzip

import pytest

from controlplane.sample.playing import broken
from monitoring_app.models import Alert, AlertState
from pipelines_app.environments import mapping
from pipelines_app.models import (
    Arrival,
    ArrivalState,
    CheckResult,
    Current,
    Dataset,
    DatasetVersion,
    Delivery,
    DeliveryState,
    Event,
    Reject,
    Run,
    RunState,
    StepState,
    VersionState,
)
from tests import road

pytestmark = pytest.mark.django_db
DAY = "2013-01-05"


def current(name: str) -> DatasetVersion:
    return Current.objects.select_related("version").get(dataset__name=name).version


@pytest.fixture
def flights() -> None:
    road.register_sample("flights-daily")


@pytest.mark.usefixtures("flights")
def test_a_days_file_becomes_four_datasets_with_every_row_counted() -> None:
    body = road.SCRIPT.flights(DAY)
    arrival = road.send_flights(DAY)
    road.drain()
    run = Run.objects.get()
    rows = body.count(b"\n") - 1
    assert (run.state, run.period) == (RunState.SUCCEEDED, DAY)
    assert [(step.dataset.name, step.rows_out) for step in run.steps.all()][:2] == [
        ("raw.flights", rows),
        ("staging.flights", rows),
    ]
    assert current("mart.daily_operations").rows == 3
    arrival.refresh_from_db()
    assert (arrival.state, arrival.run) == (ArrivalState.CONSUMED, run)
    assert not Delivery.objects.exclude(state=DeliveryState.DONE).exists()


@pytest.mark.usefixtures("flights")
def test_a_second_day_rewrites_nothing_of_the_first() -> None:
    road.send_flights("2013-01-05")
    road.drain()
    first = set(current("raw.flights").parts.values_list("path", flat=True))
    road.send_flights("2013-01-06")
    road.drain()
    version = current("raw.flights")
    paths = set(type(version.parts.get()).objects.of_version(version).values_list("path", flat=True))
    assert version.number == 2
    assert first < paths
    assert len(paths) == 2


@pytest.mark.promise(21, faults="a correction")
@pytest.mark.usefixtures("flights")
def test_a_corrected_file_replaces_its_own_period_and_no_other() -> None:
    for day in ("2013-01-05", "2013-01-06"):
        road.send_flights(day)
        road.drain()
    before = current("raw.flights").total_rows
    shorter = b"".join(road.SCRIPT.flights("2013-01-05").splitlines(keepends=True)[:-10])
    road.send_flights("2013-01-05", shorter)
    road.drain()
    assert current("raw.flights").total_rows == before - 10
    assert current("staging.flights").total_rows == before - 10
    assert mapping.periods(mapping.production(), Dataset.objects.get(name="raw.flights")) == {
        "2013-01-05",
        "2013-01-06",
    }


@pytest.mark.promise(21, faults="the same file again")
@pytest.mark.usefixtures("flights")
def test_a_file_sent_twice_has_one_effect() -> None:
    road.send_flights(DAY)
    road.drain()
    twin = road.send_flights(DAY)
    road.drain()
    assert twin.state == ArrivalState.DUPLICATE
    assert "one effect is enough" in twin.disposition
    assert Run.objects.count() == 1
    assert current("raw.flights").number == 1


@pytest.mark.usefixtures("flights")
def test_a_few_bad_rows_are_set_aside_with_reasons_and_the_rest_is_published() -> None:
    lines = road.SCRIPT.flights(DAY).decode().splitlines(keepends=True)
    cells = lines[400].split(",")
    cells[6] = "soon"
    lines[400] = ",".join(cells)
    road.send_flights(DAY, "".join(lines).encode())
    road.drain()
    version = current("raw.flights")
    reject = Reject.objects.get()
    assert (version.rejected, version.rows) == (1, len(lines) - 2)
    assert (reject.line, reject.column) == (401, "arr_time")
    assert "'soon' is not a whole number" in reject.message
    assert "1 set aside" in Arrival.objects.get().disposition


@pytest.mark.usefixtures("flights")
def test_too_many_bad_rows_are_quarantined_readers_keep_the_last_good_version_and_a_good_file_heals() -> None:
    road.send_flights(DAY)
    road.drain()
    good = current("raw.flights")
    road.send_flights(DAY, broken(road.SCRIPT.flights(DAY)))
    road.drain()
    run = Run.objects.latest("id")
    assert run.state == RunState.QUARANTINED
    assert [step.state for step in run.steps.all()] == [
        StepState.QUARANTINED,
        StepState.SKIPPED,
        StepState.SKIPPED,
        StepState.SKIPPED,
    ]
    assert current("raw.flights") == good
    alert = Alert.objects.get(rule="quarantine")
    assert alert.state == AlertState.OPEN
    assert "40 of" in alert.title
    road.send_flights(DAY, road.SCRIPT.flights(DAY)[:-1])
    road.drain()
    alert.refresh_from_db()
    assert alert.state == AlertState.RESOLVED


BAD_FILES = [
    ("a missing column", lambda body: b"\n".join(line.rpartition(b",")[0] for line in body.splitlines())),
    ("an extra column", lambda body: b"\n".join(line + b",1" for line in body.splitlines())),
    ("a truncated gzip", lambda body: gzip.compress(body)[:2000]),
    ("a wrong encoding", lambda body: body.replace(b"UA,", "Ü,".encode("latin-1"))),
    ("an empty file", lambda body: b""),
    ("a header alone", lambda body: body.splitlines(keepends=True)[0]),
]
SAID = {
    "a missing column": "time_hour",
    "an extra column": "column",
    "a truncated gzip": "gzip",
    "a wrong encoding": "utf-8",
    "an empty file": "empty",
    "a header alone": "no rows",
}


@pytest.mark.usefixtures("flights")
@pytest.mark.parametrize(("what", "spoil"), BAD_FILES, ids=[name for name, _ in BAD_FILES])
def test_a_file_that_cannot_be_read_is_kept_and_quarantined_in_words(what, spoil) -> None:
    body = spoil(road.SCRIPT.flights(DAY))
    arrival = road.send_flights(DAY, body) if body else road.send("raw.flights", b"", name=f"flights_{DAY}.csv")
    road.drain()
    arrival.refresh_from_db()
    assert arrival.state == ArrivalState.QUARANTINED
    assert SAID[what] in arrival.disposition.lower()
    assert Run.objects.get().state == RunState.QUARANTINED
    assert Alert.objects.get().rule == "quarantine"
    assert not Current.objects.exists()
    assert Alert.objects.get().todo


@pytest.mark.usefixtures("flights")
def test_the_original_is_kept_and_replayed_after_the_contract_was_mended() -> None:
    body = road.SCRIPT.flights(DAY).replace(b"sched_arr_time", b"planned_arrival", 1)
    arrival = road.send_flights(DAY, body)
    road.drain()
    definition = (road.SAMPLE / "pipelines" / "2-flights-daily.yaml").read_text()
    road.register_yaml(definition.replace("sched_arr_time: INTEGER", "planned_arrival: INTEGER"))
    from_intake = road.accepting.replay(arrival, actor="user:ana")
    road.drain()
    from_intake.refresh_from_db()
    assert (from_intake.state, from_intake.replay_of) == (ArrivalState.CONSUMED, arrival)
    assert current("staging.flights").rows == body.count(b"\n") - 1
    assert Alert.objects.get().state == AlertState.RESOLVED


@pytest.mark.usefixtures("flights")
def test_a_failing_warning_publishes_and_opens_one_alert_that_a_good_day_after_it_does_not_close() -> None:
    for day in ("2013-02-08", "2013-02-09"):
        road.send_flights(day)
        road.drain()
    run = Run.objects.latest("id")
    alert = Alert.objects.get(rule="check:share_cancelled")
    assert run.state == RunState.WARNED
    assert (alert.state, alert.count) == (AlertState.OPEN, 2)
    assert CheckResult.objects.filter(passed=False).count() == 2
    assert current("mart.daily_operations").state == VersionState.PUBLISHED
    road.send_flights("2013-02-10")
    road.drain()
    alert.refresh_from_db()
    assert alert.state == AlertState.OPEN  # both days are as they were


def test_a_chain_of_pipelines_starts_when_all_it_reads_is_there_in_any_order() -> None:
    road.register_sample()
    road.send_flights(DAY)
    road.drain()
    assert not Run.objects.filter(pipeline__name="delays-and-weather").exists()
    waiting = Delivery.objects.filter(event__kind="dataset.published", outcome__contains="waits for")
    assert "core.airlines" in waiting.latest("id").outcome
    road.send_weather(DAY)
    road.drain()
    assert not Run.objects.filter(pipeline__name="delays-and-weather").exists()
    road.send_reference()
    road.drain()
    run = Run.objects.get(pipeline__name="delays-and-weather")
    assert (run.state, run.period) == (RunState.SUCCEEDED, DAY)
    assert current("mart.delays_and_weather").rows > 20


@pytest.mark.promise(29)
@pytest.mark.usefixtures("flights")
def test_every_event_has_a_cause_and_every_state_of_a_run_its_event() -> None:
    road.send_flights(DAY)
    road.drain()
    run = Run.objects.get()
    begun = Event.objects.filter(cause=None)
    assert set(begun.values_list("kind", flat=True)) == {"pipeline.revised", "arrival.accepted"}
    moves = Event.objects.filter(run=run.pk, kind="run.moved").order_by("id")
    assert [event.body["state"] for event in moves] == ["queued", "running", "succeeded"]
    published = Event.objects.filter(run=run.pk, kind="dataset.published")
    assert published.count() == 4


@pytest.mark.promise(21, 28, faults="a replay")
@pytest.mark.usefixtures("flights")
def test_the_same_file_replayed_is_reused_not_computed_again() -> None:
    arrival = road.send_flights(DAY)
    road.drain()
    road.accepting.replay(arrival, actor="user:ana")
    road.drain()
    run = Run.objects.latest("id")
    assert run.state == RunState.SUCCEEDED
    assert {step.state for step in run.steps.all()} == {StepState.REUSED}
    assert DatasetVersion.objects.count() == 4
