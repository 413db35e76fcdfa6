"""Numbers for Prometheus: to whom they are told, what they say, and what they cost."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from controlplane import sweep
from controlplane.settings import environment
from monitoring_app.alerts import lifecycle
from monitoring_app.alerts.lifecycle import Problem
from tests import factories

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).resolve().parents[2] / "docs"
STATEMENTS = 13


def told(client, **headers):
    answer = client.get("/metrics", **headers)
    assert answer.status_code == 200
    return {one.name: one.samples for one in text_string_to_metric_families(answer.content.decode())}


def publish(run, name, team, *, hours, restricted=False):
    step = factories.make_step(run, factories.make_dataset(name, team=team, restricted=restricted))
    factories.make_current(factories.make_version(step, created_at=timezone.now() - timedelta(hours=hours)))


def make_things():
    team = factories.make_team("ops")
    dataset = factories.make_dataset("raw.flights", team=team, period_kind="day")
    factories.make_slot(dataset, state="late")
    run = factories.make_run(factories.make_pipeline("p", team=team), state="queued")
    publish(run, "mart.open", team, hours=2)
    publish(run, "mart.secret", team, hours=2, restricted=True)
    problem = Problem(rule="check:sum", subject="raw.flights", title="x", what="x", severity="warn", dataset=dataset)
    lifecycle.open_alert(problem, cause=factories.make_event())
    sweep.beat("sweep", timezone.now())
    sweep.beat("worker:a", timezone.now())
    sweep.beat("worker:b", timezone.now() - timedelta(minutes=3))


def test_what_is_told_is_what_there_is(client):
    make_things()
    found = told(client)
    values = {name: [(one.labels, one.value) for one in samples] for name, samples in found.items()}
    assert values["loopline_arrivals_overdue"] == [({"state": "late"}, 1)]
    assert values["loopline_alerts_open"] == [({"rule": "check", "severity": "warn", "state": "open"}, 1)]
    assert values["loopline_runs_live"] == [({"state": "queued"}, 1)]
    assert [labels for labels, _ in values["loopline_dataset_age_seconds"]] == [{"dataset": "mart.open"}]
    assert 7200 <= values["loopline_dataset_age_seconds"][0][1] < 7300
    assert values["loopline_datasets_unnamed"] == [({}, 1)]
    assert values["loopline_workers_alive"] == [({}, 1)]
    assert {labels["queue"] for labels, _ in values["loopline_queue_age_seconds"]} == {"steps", "events", "messages"}


def test_the_number_of_statements_does_not_grow(client, django_assert_num_queries):
    with django_assert_num_queries(STATEMENTS):
        told(client)
    make_things()
    with django_assert_num_queries(STATEMENTS):
        told(client)


def test_an_answer_is_good_for_a_few_seconds(client, settings, django_assert_num_queries):
    settings.METRICS_SECONDS = 5
    cache.delete("metrics")
    told(client)
    with django_assert_num_queries(0):
        told(client)
    cache.delete("metrics")


PROXIED = {"HTTP_X_FORWARDED_FOR": "10.0.0.7"}
NEAR = ["10.0.0.0/8"]


@pytest.mark.parametrize(
    ("token", "near", "asked", "status"),
    [
        ("", [], {}, 200),
        ("", [], {"REMOTE_ADDR": "::1"}, 200),
        ("", [], {"REMOTE_ADDR": "10.0.0.7"}, 403),
        ("", [], {"REMOTE_ADDR": ""}, 403),
        ("", [], PROXIED, 403),
        ("", [], {"HTTP_AUTHORIZATION": "Bearer ", "REMOTE_ADDR": "10.0.0.7"}, 403),
        ("", NEAR, {"REMOTE_ADDR": "10.0.0.7"}, 200),
        ("", NEAR, {"REMOTE_ADDR": "10.0.0.7", **PROXIED}, 403),
        ("", NEAR, {}, 403),
        ("s3cret", [], {}, 403),
        ("s3cret", [], {"HTTP_AUTHORIZATION": "Bearer wrong"}, 403),
        ("s3cret", [], {"HTTP_AUTHORIZATION": "Bearer s3cret", "REMOTE_ADDR": "10.0.0.7"}, 200),
        ("s3cret", [], {"HTTP_AUTHORIZATION": "Bearer s3cret", **PROXIED}, 200),
        ("s3cret", NEAR, {"REMOTE_ADDR": "10.0.0.7"}, 200),
    ],
)
def test_they_are_told_to_who_has_the_token_or_asks_from_near(client, settings, token, near, asked, status):
    settings.METRICS_TOKEN, settings.METRICS_FROM = token, near
    assert client.get("/metrics", **asked).status_code == status


def test_networks_that_are_none_are_refused_when_the_platform_starts(monkeypatch):
    monkeypatch.setenv("NEAR", "10.0.0.7, 192.0.2.0/24")
    assert environment.networks("NEAR") == ["10.0.0.7/32", "192.0.2.0/24"]
    monkeypatch.setenv("NEAR", "the-office")
    with pytest.raises(ImproperlyConfigured, match="Write addresses or networks"):
        environment.networks("NEAR")


def named(text):
    return set(re.findall(r"loopline_[a-z_]+[a-z]", text))


def test_the_dashboard_and_the_guide_name_what_is_told(client):
    make_things()
    names = set(told(client))
    board = json.loads((DOCS / "grafana" / "loopline.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert named(" ".join(asked)) <= names
    assert named((DOCS / "guides" / "metrics.md").read_text()) == names
