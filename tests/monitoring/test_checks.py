"""A promise that is broken opens one alert; the same promise kept closes it."""

import pytest

from monitoring_app.models import Alert
from pipelines_app import events
from pipelines_app.facts import CheckFailed, ChecksHeld, PipelineRevised
from pipelines_app.models import Part
from tests import factories
from tests.monitoring.telling import happen, hear, the_alert, told

pytestmark = pytest.mark.django_db
CHECK, NAME, PIPELINE = "share_cancelled", "mart.daily_operations", "flights-daily"


@pytest.fixture
def dataset():
    pipeline = factories.make_pipeline(PIPELINE)
    return factories.make_dataset(NAME, pipeline=pipeline, period_kind="day")


def see(version):
    """Have readers see a version, and none before it of its period."""
    if version.number is not None:
        where = {"dataset": version.dataset, "environment": version.environment, "period": version.period}
        Part.objects.live().filter(**where).update(until=version.number)
        Part.objects.create(version=version, **where, path=f"data/{version.pk}", rows=1, bytes=1, since=version.number)


def judged(dataset, period, *, passed, state="published", severity="warn"):
    """A run wrote a version and its check said so: the fact to be told of it."""
    run = factories.make_run(dataset.pipeline, state="succeeded", period=period)
    version = factories.make_version(factories.make_step(run, dataset), state=state, period=period)
    see(version)
    message = f"{CHECK} is {0.1 if passed else 0.51}, must be <= 0.2"
    factories.make_result(version, CHECK, passed=passed, message=message)
    about = {"run": run.pk, "pipeline": PIPELINE, "dataset": NAME, "period": period, "version": version.pk}
    if passed:
        return ChecksHeld(**about, checks=[CHECK])
    return CheckFailed(**about, check=CHECK, severity=severity, message=message)


def test_two_bad_days_are_one_alert_that_is_closed_when_both_are_mended(dataset):
    happen(judged(dataset, "2013-02-08", passed=False))
    happen(judged(dataset, "2013-02-09", passed=False))
    alert = the_alert()
    assert (alert.rule, alert.subject, alert.count, alert.period) == (f"check:{CHECK}", NAME, 2, "2013-02-09")
    assert (alert.severity, alert.what) == ("warn", "2013-02-09: share_cancelled is 0.51, must be <= 0.2")
    assert told(alert) == ["opened"]
    stays = f"alert {alert.pk} stays open: %s is wrong still"
    assert happen(judged(dataset, "2013-02-10", passed=True)) == stays % "2013-02-08, 2013-02-09"
    assert happen(judged(dataset, "2013-02-09", passed=True)) == stays % "2013-02-08"
    assert happen(judged(dataset, "2013-02-08", passed=True)) == f"resolved alert {alert.pk}"
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


def test_a_day_that_a_later_one_has_replaced_as_a_whole_keeps_no_alert_open(dataset):
    happen(judged(dataset, "2013-02-08", passed=False))
    good = judged(dataset, "2013-02-09", passed=True)
    Part.objects.exclude(version=good.version).update(until=9)
    happen(good)
    assert the_alert().state == "resolved"


def test_a_failure_of_one_day_that_is_heard_after_a_later_good_day_opens_an_alert(dataset):
    failed = events.record(judged(dataset, "2013-02-08", passed=False), actor="clock")
    happen(judged(dataset, "2013-02-09", passed=True))
    assert "opened alert" in hear(failed)


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
    for period, passed in (("2013-02-08", False), ("2013-02-08", True), ("2013-02-10", False)):
        happen(judged(dataset, period, passed=passed))
    assert list(Alert.objects.order_by("id").values_list("state", "count")) == [("resolved", 1), ("open", 1)]
