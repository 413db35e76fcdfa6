"""What was put aside is one alert, whatever broke; good data for the same place close it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring_app.alerts import lifecycle
from monitoring_app.models import Alert
from pipelines_app import events
from pipelines_app.facts import CheckFailed, DataQuarantined, DatasetPublished, PipelineRevised
from pipelines_app.models import Arrival, Dataset, Reject
from tests import factories
from tests.monitoring.telling import happen, hear, the_alert, told

pytestmark = pytest.mark.django_db
NAME, PIPELINE, DAY, FILE = "raw.flights", "flights-daily", "2013-01-25", "flights_2013-01-25.csv"


@pytest.fixture
def dataset():
    pipeline = factories.make_pipeline(PIPELINE)
    return factories.make_dataset(NAME, pipeline=pipeline, period_kind="day", is_source=True)


@pytest.fixture
def step(dataset):
    run = factories.make_run(dataset.pipeline, state="quarantined", period=DAY)
    Arrival.objects.create(
        dataset=dataset, door="api", name=FILE, period=DAY, bytes=1, sha256="0", path="a/1", sender="user:ana", run=run
    )
    return factories.make_step(run, dataset, state="quarantined", todo="Send a corrected file for the period.")


def put_aside(step, because, *, version=None, period=DAY):
    return DataQuarantined(
        run=step.run_id, pipeline=PIPELINE, dataset=NAME, period=period, because=because, version=version
    )


def published(step, period=DAY):
    return DatasetPublished(
        run=step.run_id, pipeline=PIPELINE, dataset=NAME, period=period, version=9, number=2, rows=842
    )


def test_a_bad_file_opens_an_alert_that_says_where_and_what_to_do_and_a_good_one_closes_it(step):
    Reject.objects.create(
        step_run=step, file=FILE, line=4000, column="dep_delay", kind="cast", message="'abc' is not a BIGINT"
    )
    happen(put_aside(step, "1 of 842 rows do not fit the contract, 0 are tolerated"))
    alert = the_alert()
    assert (alert.rule, alert.subject, alert.severity) == ("quarantine", f"{NAME}/{DAY}", "critical")
    assert alert.title.startswith(f"{FILE} was quarantined: 1 of 842 rows")
    assert "line 4,000, column dep_delay: 'abc' is not a BIGINT" in alert.what
    assert alert.todo == "Send a corrected file for the period."
    happen(published(step))
    alert.refresh_from_db()
    assert alert.state == "resolved"


def test_a_file_that_cannot_be_read_at_all_opens_an_alert(step):
    happen(put_aside(step, "The gzip stream ends too early."))
    assert the_alert().what.startswith(f"{FILE} for {NAME} of {DAY} was put aside: The gzip stream ends too early")


def test_checks_that_block_a_version_are_told_in_its_one_alert(step):
    version = factories.make_version(step, state="quarantined", period=DAY)
    for name in ("not_null_carrier", "row_count"):
        factories.make_result(version, name, passed=False, severity="block")
        about = {"run": step.run_id, "pipeline": PIPELINE, "dataset": NAME, "period": DAY, "version": version.pk}
        said = happen(CheckFailed(**about, check=name, severity="block", message=f"{name} fails"))
        assert said == "told with the quarantine of the version"
    happen(put_aside(step, "not_null_carrier fails; row_count fails", version=version.pk))
    alert = the_alert()
    assert "not_null_carrier: not_null_carrier fails" in alert.what
    assert "row_count: row_count fails" in alert.what


def test_another_days_good_file_leaves_the_alert_open(step):
    happen(put_aside(step, "empty"))
    happen(published(step, period="2013-01-26"))
    assert the_alert().state == "open"


def test_a_publication_of_the_whole_dataset_closes_every_days_alert(step):
    happen(put_aside(step, "empty"))
    happen(put_aside(step, "empty", period="2013-01-26"))
    happen(published(step, period=""))
    assert not Alert.objects.unresolved().exists()


def test_a_quarantine_that_is_heard_after_the_good_file_opens_nothing(step):
    aside = events.record(put_aside(step, "empty"), actor="clock")
    happen(published(step))
    assert hear(aside) == "ignored: good data were published since"
    assert not Alert.objects.exists()


def test_a_publication_that_is_heard_after_a_newer_quarantine_closes_nothing(step):
    happen(put_aside(step, "broken"))
    good = events.record(published(step), actor="clock")
    happen(put_aside(step, "empty"))
    assert hear(good) == "ignored: newer data were put aside since"
    assert the_alert().state == "open"


def test_another_cause_under_an_open_alert_is_told_again_and_one_that_was_told_is_not(step):
    causes = [
        "3 of 842 rows do not fit: a",
        "5 of 900 rows do not fit: b",
        "The gzip stream ends",
        "2 of 9 rows do not fit",
    ]
    for because in causes:
        happen(put_aside(step, because))
    alert = the_alert()
    assert (alert.count, told(alert)) == (4, ["opened", "changed"])
    notification = alert.notifications.get(about="changed")
    assert notification.subject.startswith(f"[Another cause: critical] {FILE} was quarantined: The gzip stream ends")


def test_another_cause_under_a_snoozed_alert_waits_for_the_snooze_to_end(step):
    happen(put_aside(step, "empty"))
    lifecycle.snooze(the_alert(), until=timezone.now() + timedelta(hours=1), actor="user:ana")
    happen(put_aside(step, "The gzip stream ends"))
    assert told(the_alert()) == ["opened"]


def test_an_alert_about_a_source_that_its_pipeline_takes_no_more_is_closed_with_the_reason(step):
    happen(put_aside(step, "empty"))
    happen(PipelineRevised(pipeline=PIPELINE, revision=2))
    assert the_alert().state == "open"
    Dataset.objects.update(pipeline=None)
    happen(PipelineRevised(pipeline=PIPELINE, revision=3))
    alert = the_alert()
    assert (alert.state, alert.entries.latest("id").text) == ("resolved", "revision 3 does not make the dataset")
