"""Runs: the list and its filters; one run with its cause, steps, checks, log and data."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from pipelines_app.facts import RunMoved
from pipelines_app.models import Event, Run, RunState
from pipelines_app.web import run_log
from tests import factories
from tests.web import orders

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    """Ana, an editor of the team shop, signed in."""
    team = factories.make_team("shop")
    user = factories.make_user("ana", team=team, role="editor")
    client.force_login(user)
    return user


def show(client, run, **query):
    return client.get(reverse("console:run", args=[run.pk]), query)


def text(answer):
    return answer.content.decode()


def test_a_run_says_why_it_ran_and_what_it_set_off(client, ana):
    orders.register()
    orders.send()
    run, following = Run.objects.order_by("id")
    page = " ".join(text(show(client, run)).split())
    assert "orders_2013-02-08.csv</a> was uploaded by ana at" in page
    assert "It published" in page
    assert f"report (run {following.pk})</a>" in page
    second = " ".join(text(show(client, following)).split())
    assert "mart.totals</a> version 1 for 8 February 2013 was published at" in second
    assert "and that began when" in second


def test_a_run_shows_rows_checks_and_log_on_one_screen(client, ana):
    orders.register()
    orders.send(orders.LARGE)
    run = Run.objects.order_by("id").first()
    page = text(show(client, run))
    assert "Succeeded with warnings" in page
    assert "mart.totals was published with warnings" in page
    assert "small fails" in page
    assert "amount &lt; 100" in page
    assert "version 1 published for 8 February 2013: 1 row" in page


def test_a_quarantined_run_says_what_why_who_is_hit_and_what_to_do(client, ana):
    orders.register()
    orders.send(orders.BROKEN)
    run = Run.objects.get()
    page = text(show(client, run))
    for words in ("raw.orders was quarantined", "Who is hit", "What to do", f"run-{run.pk}", "Run again", "report"):
        assert words in page
    rejected = text(show(client, run, tab="data"))
    assert "Rows set aside" in rejected
    assert "orders_2013-02-08.csv" in rejected


def test_the_log_is_filtered_by_level_and_words_and_each_line_has_an_address(client, ana):
    orders.register()
    orders.send(orders.BROKEN)
    run = Run.objects.get()
    whole = text(show(client, run, tab="log"))
    event = Event.objects.get(kind="data.quarantined")
    assert f'href="#event-{event.pk}"' in whole
    bad = text(show(client, run, tab="log", level="bad"))
    assert "quarantined for" in bad
    assert "is queued" not in bad
    assert "is queued" in text(show(client, run, tab="log", q="QUEUED"))
    assert "None of the" in text(show(client, run, tab="log", q="no such words"))


def test_the_log_can_be_taken_along_as_csv(client, ana):
    orders.register()
    orders.send()
    run = Run.objects.order_by("id").first()
    answer = show(client, run, tab="log", format="csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0] == "event,at,kind,about,level,text"
    assert len(lines) > 8


def test_a_long_log_shows_its_end_and_its_csv_holds_all_of_it(client, ana):
    run = factories.make_run(factories.make_pipeline("orders", team=ana.teams.get()), state="failed")
    for number in range(run_log.SHOWN + 5):
        factories.make_event(RunMoved(run=run.pk, pipeline="orders", period="", state="failed", because=f"no {number}"))
    page = text(show(client, run, tab="log"))
    assert "no 404" in page
    assert "failed: no 3<" not in page
    assert "5 earlier lines are not shown" in page
    assert len(b"".join(show(client, run, tab="log", format="csv").streaming_content).splitlines()) == 406


def test_the_attempts_of_every_step_are_listed_with_what_came_of_them(client, ana):
    orders.register()
    orders.send()
    page = text(show(client, Run.objects.order_by("id").first(), tab="attempts"))
    assert "version 1 published" in page


def test_a_live_run_asks_again_and_a_finished_one_does_not(client, ana):
    pipeline = factories.make_pipeline("orders", team=ana.teams.get())
    running = factories.make_run(pipeline, started_at=timezone.now())
    assert 'data-live-every="2"' in text(show(client, running))
    Run.objects.update(state="failed", finished_at=timezone.now())
    assert "data-live-every" not in text(show(client, running))


def test_a_queued_run_says_how_many_are_ahead_of_it(client, ana):
    pipeline = factories.make_pipeline("orders", team=ana.teams.get())
    factories.make_run(pipeline, started_at=timezone.now())
    factories.make_run(pipeline, state="queued", period="2013-02-01")
    last = factories.make_run(pipeline, state="queued", period="2013-02-02")
    assert "2 ahead of it" in text(show(client, last))


def test_the_fragment_is_the_part_that_lives_and_caches_know_it(client, ana):
    run = factories.make_run(factories.make_pipeline("orders", team=ana.teams.get()))
    answer = client.get(reverse("console:run", args=[run.pk]), headers={"HX-Request": "true"})
    assert text(answer).lstrip().startswith('<div id="run"')
    assert "HX-Request" in answer.headers["Vary"]


@pytest.mark.parametrize("events", [1, 40])
def test_the_page_of_a_run_takes_the_same_number_of_queries_whatever_happened_in_it(
    client, ana, events, django_assert_num_queries
):
    pipeline = factories.make_pipeline("orders", team=ana.teams.get())
    run = factories.make_run(pipeline, state="failed", started_at=timezone.now())
    for number in range(events):
        dataset = factories.make_dataset(f"mart.t{number}", pipeline=pipeline)
        step = factories.make_step(run, dataset, state="succeeded")
        factories.make_result(factories.make_version(step), "small", passed=bool(number))
    with django_assert_num_queries(18):
        show(client, run)


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_takes_the_same_number_of_queries_for_any_number_of_runs(client, ana, rows, django_assert_num_queries):
    pipeline = factories.make_pipeline("orders", team=ana.teams.get())
    for _ in range(rows):
        factories.make_run(pipeline, state="succeeded")
    with django_assert_num_queries(7):
        client.get(reverse("console:runs"))


def test_the_list_is_filtered_by_state_pipeline_period_and_age(client, ana):
    one = factories.make_pipeline("one", team=ana.teams.get())
    two = factories.make_pipeline("two", team=ana.teams.get())
    failed = factories.make_run(one, state="failed", period="2013-02-08", reason="disk")
    old = factories.make_run(two, state="succeeded", created_at=timezone.now() - timedelta(days=9))

    def listed(**query):
        return {run.pk for run in client.get(reverse("console:runs"), query).context["page"].rows}

    assert listed() == {failed.pk, old.pk}
    assert listed(state="failed") == listed(state="wrong") == listed(period="2013-02") == {failed.pk}
    assert listed(pipeline="two") == {old.pk}
    assert listed(age="7") == {failed.pk}
    assert listed(state="live") == set()


def test_an_empty_list_says_whether_nothing_ran_or_nothing_matches(client, ana):
    assert "Nothing has run yet" in text(client.get(reverse("console:runs")))
    assert "No run matches" in text(client.get(reverse("console:runs"), {"state": "failed"}))


def test_a_run_of_a_restricted_pipeline_of_another_team_is_not_there(client, ana):
    run = factories.make_run(factories.make_pipeline("secret", restricted=True))
    assert show(client, run).status_code == 404
    assert "secret" not in text(client.get(reverse("console:runs")))


def test_cancelling_is_for_the_teams_editors_and_final(client, ana):
    run = factories.make_run(factories.make_pipeline("orders", team=ana.teams.get()), state="queued")
    other = factories.make_run(factories.make_pipeline("other"), state="queued")
    assert client.post(reverse("console:run-cancel", args=[other.pk])).status_code == 404
    answer = client.post(reverse("console:run-cancel", args=[run.pk]), follow=True)
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert "is cancelled" in text(answer)
    again = client.post(reverse("console:run-cancel", args=[run.pk]), follow=True)
    assert "cannot become" in text(again)


def test_running_again_leads_to_the_new_run(client, ana):
    pipeline = factories.make_pipeline("orders", team=ana.teams.get(), paused_at=timezone.now())
    run = factories.make_run(pipeline, state="failed")
    answer = client.post(reverse("console:run-retry", args=[run.pk]))
    assert answer.url == reverse("console:run", args=[Run.objects.latest("id").pk])
    assert Run.objects.count() == 2


def test_a_viewer_sees_no_buttons(client, ana):
    run = factories.make_run(factories.make_pipeline("other"), state="failed")
    assert "Run again" not in text(show(client, run))


def test_hostile_words_stay_words(client, ana):
    pipeline = factories.make_pipeline("orders", team=ana.teams.get())
    hostile = "<script>alert(1)</script>\u202e" + "x" * 200
    run = factories.make_run(pipeline, state="failed", reason=hostile)
    step = factories.make_step(run, factories.make_dataset("mart.t", pipeline=pipeline), state="failed", error=hostile)
    page = text(show(client, run)) + text(client.get(reverse("console:runs")))
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert step.pk


def test_nobody_sees_runs_without_signing_in(client):
    assert client.get(reverse("console:runs")).status_code == 302
