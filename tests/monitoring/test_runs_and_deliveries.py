"""The machine's own failures: runs that fail, events that cannot be handed over."""

import pytest

from monitoring_app.models import Alert
from pipelines_app import events
from pipelines_app.facts import DeliveryReleased, DeliveryStuck, RunMoved
from pipelines_app.models import Delivery
from tests import factories
from tests.monitoring.telling import happen, hear, the_alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def pipeline():
    return factories.make_pipeline("flights-daily")


def ended(pipeline, period, state):
    run = factories.make_run(pipeline, state=state, period=period)
    return RunMoved(run=run.pk, pipeline=pipeline.name, period=period, state=state, because="out of memory")


def test_failed_runs_of_a_pipeline_are_one_alert_which_ends_when_none_is_left_failed(pipeline):
    happen(ended(pipeline, "2013-01-08", "failed"))
    happen(ended(pipeline, "2013-01-09", "failed"))
    assert the_alert().count == 2
    assert "2013-01-08 failed and was not run again" in happen(ended(pipeline, "2013-01-09", "succeeded"))
    assert happen(ended(pipeline, "2013-01-08", "warned")).startswith("resolved")
    assert the_alert().state == "resolved"


def test_a_failure_that_is_heard_after_its_success_opens_nothing(pipeline):
    failed = events.record(ended(pipeline, "", "failed"), actor="clock")
    happen(ended(pipeline, "", "succeeded"))
    assert hear(failed) == "ignored: a newer run of the same period did not fail"
    assert not Alert.objects.exists()


@pytest.mark.parametrize("state", ["queued", "running", "cancelled"])
def test_a_run_that_only_moves_is_no_news(pipeline, state):
    event = events.record(ended(pipeline, "", state), actor="user:ana")
    assert not Delivery.objects.filter(event=event, consumer="alerts").exists()


def stuck_delivery(pipeline):
    event = factories.make_event(ended(pipeline, "", "queued"))
    Delivery.objects.create(event=event, consumer="readiness", state="stuck")
    return event


def test_an_event_that_cannot_be_handed_over_opens_an_alert_until_it_is_tried_again(pipeline):
    event = stuck_delivery(pipeline)
    happen(DeliveryStuck(event=event.pk, consumer="readiness", error="KeyError: 'x'"))
    alert = the_alert()
    assert (alert.rule, alert.team, alert.severity) == ("delivery_stuck", pipeline.team, "critical")
    happen(DeliveryReleased(event=event.pk, consumer="readiness"))
    assert the_alert().state == "resolved"


def test_an_event_that_was_tried_again_meanwhile_opens_nothing(pipeline):
    event = stuck_delivery(pipeline)
    Delivery.objects.filter(event=event, consumer="readiness").update(state="pending")
    assert happen(DeliveryStuck(event=event.pk, consumer="readiness", error="")).startswith("ignored")


def test_an_event_of_nobody_is_the_platforms_own_problem():
    event = factories.make_event()
    Delivery.objects.create(event=event, consumer="readiness", state="stuck")
    happen(DeliveryStuck(event=event.pk, consumer="readiness", error="boom"))
    alert = the_alert()
    assert alert.team is None
    assert alert.notifications.get().channel.kind == "console"
