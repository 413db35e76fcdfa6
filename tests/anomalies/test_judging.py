"""Every batch is judged by those before it; what is unusual is one alert, and the next usual batch closes it."""

from monitoring_app.anomalies import judging, lessons, memory, pending
from monitoring_app.facts import ProfileMeasured
from monitoring_app.models import Alert, Anomaly, Judgement, Notification, Profile
from pipelines_app import events
from pipelines_app.environments import mapping
from pipelines_app.models import Environment, Event
from tests.anomalies import past


def alert(dataset) -> Alert:
    return Alert.objects.get(rule="unusual", subject=dataset.name)


def test_usual_days_surprise_nobody(flights):
    assert not Anomaly.objects.exists()
    assert not Alert.objects.exists()
    last = Judgement.objects.order_by("-pk").first()
    assert (last.state, last.is_unusual, last.batches, last.event) == ("judged", False, 11, None)


def test_what_is_unusual_is_written_down_with_what_was_expected(flights):
    profile = past.next_day(flights, 12, nulls=0.48)
    worst = Anomaly.objects.get(metric="null_share")
    assert (worst.profile, worst.period, worst.column, worst.source) == (profile, past.day(12), "delay", "batch")
    assert (worst.value, worst.kind, worst.state, worst.label) == (0.48, "null_share", "open", "none")
    assert 0 <= worst.low < 0.02
    assert 0.02 <= worst.expected <= 0.024 < worst.high < 0.3
    assert worst.score > 1
    assert worst.words == "share of NULLs in delay 0.48; usually 0.02 to 0.024"
    assert worst.course[0] == {"period": past.day(0), "value": 0.02}
    assert len(worst.course) == 12


def test_one_alert_names_what_surprised_most_and_the_next_usual_batch_closes_it(flights):
    past.next_day(flights, 12, nulls=0.48, rows=300)
    opened = alert(flights)
    assert opened.severity == "warn"
    assert opened.title.startswith(f"raw.flights of {past.day(12)} is unusual: ")
    assert "share of NULLs in delay 0.48; usually 0.02 to 0.024" in opened.what
    assert "rows 300; usually 900 to 906" in opened.what
    found = Event.objects.get(kind="anomaly.found")
    assert found.cause.kind == "profile.measured"
    assert found.body["words"].startswith(Anomaly.objects.order_by("-score").first().words)
    past.next_day(flights, 13, nulls=0.5)
    again = alert(flights)
    assert (again.pk, again.count, again.period) == (opened.pk, 2, past.day(13))
    assert Anomaly.objects.open().count() == Anomaly.objects.filter(period=past.day(13)).count() == 1
    past.next_day(flights, 14, nulls=0.02)
    closed = alert(flights)
    assert closed.state == "resolved"
    assert closed.entries.order_by("-pk").first().text == f"{past.day(14)} is as usual"
    assert not Anomaly.objects.open().exists()
    assert not Notification.objects.filter(alert=closed, about="changed").exists()


def test_what_is_put_aside_is_judged_and_shown_teaches_nothing_and_opens_no_second_alert(flights):
    held = past.next_day(flights, 12, nulls=0.6, state="quarantined")
    shown = Anomaly.objects.get(metric="null_share")
    assert (shown.profile, shown.state) == (held, "closed")
    assert "quarantine" in shown.closed_because
    assert not Alert.objects.exists()
    good = past.next_day(flights, 12, nulls=0.02)
    assert held.pk not in {lesson.profile for lesson in lessons.up_to_now(good)}
    assert Judgement.objects.get(profile=good).batches == 12


def test_a_correction_of_the_period_closes_what_the_first_version_showed(flights):
    past.next_day(flights, 12, nulls=0.48)
    past.next_day(flights, 12, nulls=0.021)
    assert alert(flights).state == "resolved"


def test_what_stays_as_unusual_stays_open_until_it_is_how_things_are(flights):
    for number in range(12, 17):
        past.next_day(flights, number, nulls=0.48)
        assert alert(flights).state == "open", number
    assert Anomaly.objects.open().get(metric="null_share").times == 5
    past.next_day(flights, 17, nulls=0.48)
    assert alert(flights).state == "resolved"


def test_a_batch_of_long_ago_says_nothing_about_the_newest(flights):
    past.next_day(flights, 12, nulls=0.48)
    past.judge(past.store(flights, past.batch("2012-12-31", nulls=0.02)))
    assert alert(flights).state == "open"


def test_columns_that_are_missing_and_new_are_named(flights):
    past.next_day(flights, 12, names=("late", "carrier"))
    found = {(one.column, one.words, one.value) for one in Anomaly.objects.filter(metric="columns_match")}
    assert found == {("delay", "missing: delay", None), ("late", "new: late", None)}


def test_the_same_rows_again_are_told(flights):
    past.next_day(flights, 12, nulls=0.021, content=past.batch(past.day(11), nulls=0.021, rows=904).content)
    assert Anomaly.objects.get().words == "the same rows came before"


def test_fewer_than_three_batches_teach_no_numbers(db):
    dataset = past.table()
    past.days(dataset, 2)
    past.next_day(dataset, 2, nulls=0.9, rows=5)
    assert not Anomaly.objects.exists()


def test_a_dataset_without_periods_is_judged_version_by_version(db):
    dataset = past.table("mart.sold", period="none")
    for number in range(8):
        past.judge(past.store(dataset, past.batch(rows=900 + number)))
    past.judge(past.store(dataset, past.batch(nulls=0.7)))
    assert alert(dataset).title.startswith("mart.sold is unusual: share of NULLs in delay 0.70")
    past.judge(past.store(dataset, past.batch(rows=909)))
    assert alert(dataset).state == "resolved"


def test_a_batch_waits_until_those_before_it_are_judged(flights):
    first, second = (past.store(flights, past.batch(past.day(at))) for at in (12, 13))
    Profile.objects.filter(pk=first.pk).update(state="pending")
    assert past.judge(second).state == "waiting"
    Profile.objects.filter(pk=first.pk).update(state="measured")
    assert past.judge(first).state == "judged"
    following = Judgement.objects.get(profile=second)
    judging.judge(following.pk)
    following.refresh_from_db()
    assert (following.state, following.batches) == ("judged", 13)


def test_what_nobody_in_production_reads_is_not_judged(flights):
    profile = past.store(flights, past.batch(past.day(12), nulls=0.9))
    aside = Environment.objects.create(name="try")
    Profile.objects.filter(pk=profile.pk).update(environment=aside)
    fact = ProfileMeasured(
        profile=profile.pk, dataset="raw.flights", period=profile.period, version=1, rows=1, published=True
    )
    assert pending.hear(events.record(fact, actor="user:test"), fact).startswith("ignored")
    whole = past.store(flights, past.batch(""))
    fact = ProfileMeasured(profile=whole.pk, dataset="raw.flights", period="", version=1, rows=1, published=True)
    assert pending.hear(events.record(fact, actor="user:test"), fact) == "ignored: it is no batch"


def test_what_dies_again_and_again_is_given_up(flights):
    profile = past.store(flights, past.batch(past.day(12)))
    judgement = Judgement.objects.create(profile=profile, dataset=flights, attempts=judging.ATTEMPTS)
    judging.judge(judgement.pk)
    judgement.refresh_from_db()
    assert judgement.state == "failed"
    assert not judging.waiting(judgement.judged_at).exists()


def test_what_is_remembered_judges_like_what_is_learned_anew(flights):
    profile = past.store(flights, past.batch(past.day(12), nulls=0.3))
    remembered = judging.looked_at(profile)
    memory.forget()
    anew = judging.looked_at(profile)
    assert remembered.is_unusual
    assert (remembered.score, remembered.surprises) == (anew.score, anew.surprises)


def test_what_nobody_asked_for_is_forgotten_and_what_was_asked_for_is_not(flights):
    profile = past.store(flights, past.batch(past.day(12)))
    wanted = lessons.up_to_now(profile)
    known = memory.take(flights.pk, wanted)
    memory.give_back(flights.pk, known)
    memory.forget_unused(since=known.used_at)
    assert memory.take(flights.pk, wanted) is known
    memory.give_back(flights.pk, known)
    memory.forget_unused(since=known.used_at + 1)
    assert memory.take(flights.pk, wanted) is not known


def test_a_usual_batch_costs_a_fixed_number_of_queries(flights, django_assert_num_queries):
    profile = past.store(flights, past.batch(past.day(12)))
    judgement = Judgement.objects.create(profile=profile, dataset=flights)
    mapping.production()
    with django_assert_num_queries(17):
        judging.judge(judgement.pk)
