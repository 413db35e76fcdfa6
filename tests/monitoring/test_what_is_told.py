"""What a message says of a problem: how bad it is and what is usual, where it comes from, who is hit."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring_app.alerts import impact, lifecycle, volumes
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.channels import endpoints
from monitoring_app.channels.endpoints import Wanted
from monitoring_app.models import Alert, Sla, SlaResult
from pipelines_app.models import Link, Reject
from tests import factories
from tests.monitoring.telling import send_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def pipeline():
    return factories.make_pipeline("sales", team=factories.make_team("ops", email="ops@example.com"))


def link(pipeline, source, target):
    Link.objects.create(revision=pipeline.current, source=source, target=target, by_value=True)


def problem(dataset, rule, **fields):
    given = {"title": f"{dataset} {rule}", "what": "It is wrong.", "severity": "critical", "todo": "Mend it."}
    about = {"rule": rule, "subject": dataset.name, "dataset": dataset, "team": dataset.team, "pipeline": "sales"}
    return Problem(**{**given, **about, **fields})


def opened(*args, **fields):
    alert = lifecycle.open_alert(problem(*args, **fields), cause=factories.make_event())
    alert.refresh_from_db()
    return alert


def runs(pipeline, number, **fields):
    return [factories.make_run(pipeline, state="succeeded", **fields) for _ in range(number)]


def test_a_check_says_what_it_measured_and_what_it_usually_does(pipeline):
    dataset = factories.make_dataset("mart.x", pipeline=pipeline)
    for value in ("0.01", "0.02", "0.03"):
        judged(pipeline, dataset, value, passed=True)
    run = judged(pipeline, dataset, "0.51", passed=False)
    alert = opened(dataset, "check:share", run=run.pk)
    assert alert.how_bad == "0.51, usually 0.02 (3 earlier)"
    assert alert.began_at == run.created_at


def judged(pipeline, dataset, value, *, passed):
    run = factories.make_run(pipeline, state="succeeded")
    version = factories.make_version(factories.make_step(run, dataset))
    result = factories.make_result(version, "share", passed=passed)
    result.value = value
    result.bad_rows, result.total_rows = (0, 10) if passed else (3, 10)
    result.save()
    return run


def test_a_check_of_rows_says_how_many_fail(pipeline):
    dataset = factories.make_dataset("mart.x", pipeline=pipeline)
    for _ in range(3):
        judged(pipeline, dataset, "", passed=True)
    run = judged(pipeline, dataset, "", passed=False)
    assert opened(dataset, "check:share", run=run.pk).how_bad == "3 of 10 rows (30 %), usually none (3 earlier)"


def test_what_is_late_says_for_how_long_and_when_it_usually_comes(pipeline):
    dataset = factories.make_dataset("raw.x", pipeline=pipeline)
    for day in (1, 2, 3):
        arrival = factories.make_arrival(dataset, received_at=timezone.now() - timedelta(days=day, hours=2))
        due = timezone.now() - timedelta(days=day, hours=1)
        factories.make_slot(dataset, period=f"2013-01-0{day}", due_at=due, state="consumed", arrival=arrival)
    due = timezone.now() - timedelta(minutes=15)
    slot = factories.make_slot(dataset, period="2013-01-20", due_at=due, state="late")
    alert = opened(dataset, "late", period="2013-01-20")
    assert alert.how_bad == "15 min overdue, usually it comes 1 h 0 min before its deadline (3 earlier)"
    assert alert.began_at == slot.late_at


def test_what_was_put_aside_says_how_much_and_how_much_usually_comes(pipeline):
    dataset = factories.make_dataset("raw.x", pipeline=pipeline)
    for run in runs(pipeline, 3):
        factories.make_version(factories.make_step(run, dataset), rows=4000)
    run = factories.make_run(pipeline, state="quarantined")
    step = factories.make_step(run, dataset, rejected=200)
    factories.make_version(step, state="quarantined", rows=120)
    Reject.objects.create(step_run=step, line=7, message="not a number")
    alert = opened(dataset, "quarantine", run=run.pk)
    assert alert.how_bad == "120 rows, 200 that cannot be read, usually 4,000 rows (3 earlier)"


def test_a_run_that_failed_says_how_often_and_how_long_it_usually_takes(pipeline):
    lasted = {"started_at": timezone.now() - timedelta(minutes=2)}
    runs(pipeline, 3, **lasted)
    run = factories.make_run(pipeline, state="failed", started_at=timezone.now() - timedelta(seconds=4))
    failed = Problem(rule="run_failed", subject="sales", title="x", what="x", severity="critical", pipeline="sales")
    alert = lifecycle.open_alert(lifecycle.replace(failed, run=run.pk), cause=factories.make_event())
    assert alert.how_bad == "it ran for 4 s, usually 2 min (3 earlier); 1 of the last 4 runs failed"


def promised(dataset, pipeline, **fields):
    terms = {"kind": "freshness", "terms": {}, "sentence": f"{dataset.name} is fresh", "objective": 0.95}
    return Sla.objects.create(pipeline=pipeline, dataset=dataset, window="30d", **terms, **fields)


def test_a_promise_says_how_often_it_was_kept(pipeline):
    dataset = factories.make_dataset("mart.x", pipeline=pipeline)
    sla = promised(dataset, pipeline)
    for number, state in enumerate(("met", "met", "missed")):
        at = timezone.now() - timedelta(hours=3 - number)
        SlaResult.objects.create(sla=sla, subject=f"v{number}", begins_at=at, due_at=at, state=state)
    alert = opened(dataset, "sla:freshness", subject="mart.x/v2")
    assert alert.how_bad == "kept 2 of the last 3 times, 95 % is promised"


@pytest.mark.parametrize("rule", ["check:none", "late", "quarantine", "run_failed", "sla:freshness", "unheard_of"])
def test_where_nothing_is_known_nothing_is_said(pipeline, rule):
    assert opened(factories.make_dataset("raw.x", pipeline=pipeline), rule).how_bad == ""


def test_what_the_problem_says_itself_is_kept(pipeline):
    dataset = factories.make_dataset("mart.x", pipeline=pipeline)
    assert opened(dataset, "unusual", how_bad="0.51, expected 0.01 to 0.04").how_bad == "0.51, expected 0.01 to 0.04"


@pytest.mark.parametrize(
    ("rows", "before", "said"),
    [
        (120, [900] * 5, "raw.a brought 120 rows, usually 900"),
        (1900, [900] * 5, "raw.a brought 1,900 rows, usually 900"),
        (500, [900] * 5, ""),
        (120, [900] * 4, ""),
        (120, [0] * 9, ""),
    ],
)
def test_a_volume_is_odd_by_a_factor_of_two(rows, before, said):
    assert volumes.odd([("raw.a", rows, before)]) == said


@pytest.fixture
def below(pipeline):
    """raw.a, of which mart.b is made, of which another team's mart.c and a restricted mart.d are made."""
    sales = factories.make_team("finance")
    made = {
        "raw.a": factories.make_dataset("raw.a", pipeline=pipeline),
        "mart.b": factories.make_dataset("mart.b", pipeline=pipeline),
        "mart.c": factories.make_dataset("mart.c", team=sales),
        "mart.d": factories.make_dataset("mart.d", team=sales, restricted=True),
    }
    for source, target in (("raw.a", "mart.b"), ("mart.b", "mart.c"), ("mart.b", "mart.d")):
        link(pipeline, made[source], made[target])
    promised(made["mart.b"], pipeline)
    promised(made["mart.d"], pipeline)
    return made


def test_a_source_that_brought_too_little_is_a_probable_cause(pipeline, below):
    for run in runs(pipeline, 5):
        factories.make_version(factories.make_step(run, below["raw.a"]), rows=900)
    run = factories.make_run(pipeline)
    factories.make_version(factories.make_step(run, below["raw.a"]), rows=120)
    assert opened(below["mart.b"], "check:sum", run=run.pk).cause == "raw.a brought 120 rows, usually 900"


def test_who_is_hit_is_named_but_for_what_is_restricted(below):
    found = impact.of(Alert(rule="check:sum", dataset=below["raw.a"]))
    assert found.datasets == ("mart.b", "mart.c")
    assert (found.unnamed, found.teams) == (1, ("finance", "ops"))
    assert found.promises == ("mart.b is fresh",)
    assert found.lines() == [
        "Made from it: mart.b, mart.c and 1 more",
        "Promised: mart.b is fresh",
        "Teams: finance, ops",
    ]


def test_asking_who_is_hit_costs_the_same_however_many_there_are(pipeline, below, django_assert_num_queries):
    alert = Alert(rule="late", dataset=below["raw.a"])
    with django_assert_num_queries(3):
        impact.of(alert)
    for number in range(30):
        link(pipeline, below["mart.b"], factories.make_dataset(f"mart.n{number}", pipeline=pipeline))
    with django_assert_num_queries(3):
        assert impact.of(alert).number == 33


def test_what_nothing_is_made_from_hits_nobody():
    assert impact.of(Alert(rule="channel", pk=1)) is impact.NOBODY
    assert impact.NOBODY.lines() == []


def test_a_mail_says_what_since_when_how_bad_why_who_is_hit_what_to_do_and_where(pipeline, below, mailbox, settings):
    settings.PUBLIC_URL = "https://loop.example"
    alert = opened(below["raw.a"], "quarantine", how_bad="120 rows, usually 900 (20 earlier)")
    send_all()
    (mail,) = mailbox.messages
    body = mail.get_content().replace("\r\n", "\n")
    since = f"Since: {alert.first_at.day} {alert.first_at:%B %Y, %H:%M} UTC"
    assert body.startswith(
        "It is wrong.\n\nHow bad: 120 rows, usually 900 (20 earlier)\n\n"
        "Who is hit:\n- Made from it: mart.b, mart.c and 1 more\n- Promised: mart.b is fresh\n- Teams: finance, ops\n\n"
        f"What to do: Mend it.\n\nAbout: raw.a\n{since}"
    )
    assert body.endswith(f"https://loop.example/alerts/{alert.pk}/\n")
    assert "mart.d" not in body


def test_a_program_is_told_the_same_as_named_things(pipeline, below, receiver):
    wanted = Wanted(alerts=True, kinds=())
    endpoints.add(pipeline.team, url=receiver.url, name="ours", wanted=wanted, actor="user:ana", owner="a@example.com")
    opened(below["raw.a"], "quarantine", how_bad="120 rows")
    send_all()
    told = next(json.loads(body)["data"] for _, body in receiver.heard)
    assert (told["severity"], told["how_bad"], told["todo"]) == ("critical", "120 rows", "Mend it.")
    hit = {"datasets": ["mart.b", "mart.c"], "unnamed": 1, "promises": ["mart.b is fresh"], "teams": ["finance", "ops"]}
    assert told["hit"] == hit


def test_the_end_says_for_how_long_it_was(pipeline, below):
    alert = opened(below["raw.a"], "quarantine")
    Alert.objects.filter(pk=alert.pk).update(first_at=alert.first_at - timedelta(hours=2))
    alert.refresh_from_db()
    lifecycle.end(alert, because="mended", actor="user:ana")
    body = alert.notifications.get(about="resolved").body
    assert "for 2 h 0 min" in body
    assert "Who is hit" not in body
