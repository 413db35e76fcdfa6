"""A promise that is broken opens one alert; the same promise kept closes it."""

import pytest

from monitoring_app.models import Alert
from pipelines_app import events
from pipelines_app.facts import CheckFailed, ChecksHeld, PipelineRevised
from tests import factories
from tests.monitoring.telling import happen, hear, the_alert, told

pytestmark = pytest.mark.django_db
CHECK, NAME, PIPELINE = "share_cancelled", "mart.daily_operations", "flights-daily"


@pytest.fixture
def dataset():
    pipeline = factories.make_pipeline(PIPELINE)
    return factories.make_dataset(NAME, pipeline=pipeline, period_kind="day")


def judged(dataset, period, *, passed, state="published", severity="warn"):
    """A run wrote a version and its check said so: the fact to be told of it."""
    run = factories.make_run(dataset.pipeline, state="succeeded", period=period)
    version = factories.make_version(factories.make_step(run, dataset), state=state, period=period)
    message = f"{CHECK} is {0.1 if passed else 0.51}, must be <= 0.2"
    factories.make_result(version, CHECK, passed=passed, message=message)
    about = {"run": run.pk, "pipeline": PIPELINE, "dataset": NAME, "period": period, "version": version.pk}
    if passed:
        return ChecksHeld(**about, checks=[CHECK])
    return CheckFailed(**about, check=CHECK, severity=severity, message=message)


def test_two_bad_days_are_one_alert_and_the_next_good_day_closes_it(dataset):
    happen(judged(dataset, "2013-02-08", passed=False))
    happen(judged(dataset, "2013-02-09", passed=False))
    alert = the_alert()
    assert (alert.rule, alert.subject, alert.count, alert.period) == (f"check:{CHECK}", NAME, 2, "2013-02-09")
    assert (alert.severity, alert.what) == ("warn", "2013-02-09: share_cancelled is 0.51, must be <= 0.2")
    assert told(alert) == ["opened"]
    happen(judged(dataset, "2013-02-10", passed=True))
    alert.refresh_from_db()
    assert (alert.state, told(alert)) == ("resolved", ["opened", "resolved"])


def test_an_earlier_day_that_is_good_does_not_close_the_alert(dataset):
    happen(judged(dataset, "2013-02-08", passed=False))
    assert "stays open" in happen(judged(dataset, "2013-01-05", passed=True))
    assert the_alert().state == "open"


def test_a_dataset_without_periods_is_judged_as_a_whole(dataset):
    dataset.period_kind = "none"
    dataset.save()
    happen(judged(dataset, "2013-02-08", passed=False))
    happen(judged(dataset, "2013-01-05", passed=True))
    assert the_alert().state == "resolved"


def test_a_failure_that_is_heard_after_its_correction_opens_nothing(dataset):
    failed = events.record(judged(dataset, "2013-02-08", passed=False), actor="clock")
    happen(judged(dataset, "2013-02-08", passed=True))
    assert hear(failed) == "ignored: a newer version holds"
    assert not Alert.objects.exists()


def test_a_success_that_is_heard_after_a_newer_failure_closes_nothing(dataset):
    happen(judged(dataset, "2013-02-07", passed=False))
    held = events.record(judged(dataset, "2013-02-08", passed=True), actor="clock")
    happen(judged(dataset, "2013-02-08", passed=False))
    assert "stays open: a newer version fails" in hear(held)


def test_a_version_that_readers_never_saw_closes_nothing(dataset):
    happen(judged(dataset, "2013-02-08", passed=False))
    assert "readers never saw" in happen(judged(dataset, "2013-02-09", passed=True, state="quarantined"))


def test_a_check_that_begins_to_block_makes_the_alert_worse_and_people_are_told_again(dataset):
    happen(judged(dataset, "2013-02-08", passed=False))
    happen(judged(dataset, "2013-02-09", passed=False, severity="block"))
    alert = the_alert()
    assert (alert.severity, told(alert)) == ("critical", ["opened", "worse"])


def test_a_check_that_is_declared_no_more_takes_its_alert_with_it(dataset):
    happen(judged(dataset, "2013-02-08", passed=False))
    happen(PipelineRevised(pipeline=PIPELINE, revision=1))
    assert the_alert().state == "open"
    factories.make_revision(dataset.pipeline)
    happen(PipelineRevised(pipeline=PIPELINE, revision=2))
    assert the_alert().state == "resolved"


def test_the_same_problem_after_it_was_mended_is_a_new_alert(dataset):
    for period, passed in (("2013-02-08", False), ("2013-02-09", True), ("2013-02-10", False)):
        happen(judged(dataset, period, passed=passed))
    assert list(Alert.objects.order_by("id").values_list("state", "count")) == [("resolved", 1), ("open", 1)]
