"""From measured days to promises in force: proposed, accepted, edited, evolved, retired, judged, and told of."""

import pytest
import yaml
from django.db import IntegrityError, transaction

from monitoring_app.alerts import people
from monitoring_app.expectations import deciding, exporting, labelling, looking, policies, remembering, trying
from monitoring_app.expectations.deciding import Wanted
from monitoring_app.models import Alert, Breach, Expectation, Outlook
from pipelines_app.compiler import checks
from pipelines_app.definitions.authors import Author
from pipelines_app.errors import IllegalMove
from pipelines_app.models import Event
from tests.expectations import days
from tests.monitoring import past

ANA = "user:ana"


def in_force(dataset, *kinds):
    for kind in kinds:
        deciding.accept(days.the(dataset, kind), actor=ANA)


def test_after_the_third_day_promises_are_proposed_with_their_reason(sales):
    days.history(sales, 2, tell=True)
    assert (days.sweep(), Expectation.objects.count()) == (0, 0)
    days.publish(sales, past.shop(2))
    assert days.sweep() == 1
    rows = days.the(sales, "row_count_between")
    assert (rows.state, rows.kept, rows.seen) == ("proposed", 3, 3)
    assert rows.changes.get().because == "in 3 of 3 days"
    assert Outlook.objects.get().known == 3
    assert days.sweep() == 0


def test_the_more_is_known_the_less_often_is_it_looked_at(sales):
    Outlook.objects.create(dataset=sales, known=40)
    for _ in range(3):
        looking.came(sales)
    assert Outlook.objects.get().due_at is None
    looking.came(sales)
    assert Outlook.objects.get().due_at is not None


def test_looking_again_renews_proposals_and_never_brings_back_what_was_refused(known):
    count = Expectation.objects.count()
    deciding.retire(days.the(known, "unique"), actor=ANA, because="ids are reused")
    days.publish(known, past.shop(8), tell=False)
    assert days.look(known).proposed == 0
    assert Expectation.objects.count() == count
    assert days.the(known, "row_count_between").seen == 9
    assert days.the(known, "unique").state == "retired"


def test_a_broken_promise_opens_one_alert_of_the_dataset_that_the_next_good_day_closes(known):
    in_force(known, "row_count_between", "null_rate_between", "in_set")
    days.publish(known, past.shop(8, rows=900, nulls=500, city="Chur"))
    alert = Alert.objects.get()
    assert (alert.rule, alert.subject, alert.severity) == ("expectation", known.name, "warn")
    assert alert.title.startswith("raw.sales of 2024-01-09 is not as expected: the number of rows is between")
    assert "it was 900" in alert.what
    assert "Chur" in alert.what
    assert Breach.objects.count() == 3
    rows = days.the(known, "row_count_between")
    assert (rows.judged, rows.broken) == (1, 1)
    days.publish(known, past.shop(9))
    alert.refresh_from_db()
    assert alert.state == "resolved"
    assert days.the(known, "row_count_between").judged == 2
    assert Outlook.objects.get().broken_by is None


def test_an_older_day_that_is_good_does_not_close_it_and_proposals_are_not_judged(known):
    days.publish(known, past.shop(20, rows=900))
    assert not Alert.objects.exists()
    in_force(known, "row_count_between")
    days.publish(known, past.shop(21, rows=900))
    days.publish(known, past.shop(10))
    assert Alert.objects.unresolved().count() == 1


def test_what_was_put_aside_is_neither_judged_nor_learned_from(known):
    in_force(known, "row_count_between")
    for day in range(8, 12):
        days.publish(known, past.shop(day, rows=900), state="quarantined")
    assert not Alert.objects.exists()
    assert days.look(known).batches == 8
    assert days.the(known, "row_count_between").seen == 8


def test_this_was_fine_widens_and_closes_the_alert_and_says_what_it_did(known):
    in_force(known, "row_count_between")
    odd = days.publish(known, past.shop(8, rows=900))
    row = labelling.label(days.the(known, "row_count_between"), odd, verdict="fine", actor=ANA)
    days.road.drain()
    found = days.the(known, "row_count_between")
    assert deciding.promise_of(found).high >= 900
    assert row.effect.endswith("It would have alarmed 0 of 9 times, before 1.")
    assert Alert.objects.get().state == "resolved"
    assert [one.action for one in found.changes.order_by("number")] == ["proposed", "accepted", "labelled"]
    days.publish(known, past.shop(9, rows=890))
    assert not Alert.objects.unresolved().exists()


def test_a_word_about_the_alert_is_one_about_all_that_the_batch_broke(known):
    in_force(known, "row_count_between", "null_rate_between")
    days.publish(known, past.shop(8, rows=900, nulls=500))
    people.judge(Alert.objects.get(), "fine", actor=ANA)
    days.road.drain()
    assert set(Breach.objects.values_list("verdict", "verdict_by")) == {("fine", ANA)}
    assert Alert.objects.get().state == "resolved"


def test_what_is_broken_ends_with_the_promise_it_broke(known):
    in_force(known, "row_count_between", "null_rate_between")
    days.publish(known, past.shop(8, rows=900, nulls=500))
    deciding.edit(days.the(known, "row_count_between"), Wanted(high=2000), actor=ANA)
    days.road.drain()
    assert Alert.objects.get().state == "open"
    deciding.retire(days.the(known, "null_rate_between"), actor=ANA)
    days.road.drain()
    assert Alert.objects.get().state == "resolved"


def test_this_was_bad_tightens_and_the_batch_teaches_nothing_any_more(known):
    in_force(known, "row_count_between")
    found = days.the(known, "row_count_between")
    missed = days.publish(known, past.shop(8, rows=int(deciding.promise_of(found).high) - 2))
    assert not Alert.objects.exists()
    row = labelling.label(found, missed, verdict="bad", actor=ANA)
    assert "It would have alarmed 1 of 9 times, before 0." in row.effect
    assert missed not in remembering.good(remembering.stored(known))
    before = deciding.promise_of(days.the(known, "row_count_between"))
    days.look(known)
    assert deciding.promise_of(days.the(known, "row_count_between")) == before  # a person's word stands
    usual = remembering.stored(known)[3]
    again = labelling.label(found, usual, verdict="bad", actor=ANA)
    assert again.effect.startswith("It lies among what was usual")


def test_what_is_in_force_evolves_by_steps_and_what_a_person_set_stays(known):
    in_force(known, "row_count_between", "null_rate_between")
    deciding.edit(days.the(known, "null_rate_between"), Wanted(high=0.5), actor=ANA, because="we know")
    before = deciding.promise_of(days.the(known, "row_count_between"))
    for day in range(8, 40):
        days.publish(known, past.shop(day, rows=100 + 3 * (day % 5)), tell=False)
    assert days.look(known).evolved == 1
    rows = days.the(known, "row_count_between")
    after = deciding.promise_of(rows)
    assert before.low < after.low
    assert after.high < before.high
    change = rows.changes.latest("number")
    assert (change.action, change.actor, change.because) == (
        "evolved",
        "platform",
        "tightened by what came after 40 days",
    )
    assert deciding.promise_of(days.the(known, "null_rate_between")).high == 0.5
    assert Event.objects.filter(kind="expectation.edited").count() == 2


@pytest.mark.parametrize(("policy", "state"), [("accept", "accepted"), ("manage", "managed")])
def test_a_policy_accepts_what_is_sure_by_itself(sales, policy, state):
    policies.choose(sales, policy, author=Author(actor=ANA, user=None, teams=frozenset()))
    days.history(sales, 6)
    assert days.look(sales).accepted == 0  # six days are too few
    days.publish(sales, past.shop(6), tell=False)
    assert days.look(sales).accepted == Expectation.objects.filter(state=state).count() > 5
    assert Event.objects.filter(kind="expectation.accepted", actor="platform").exists()
    assert not Expectation.objects.filter(state="proposed").exists()


def test_what_history_speaks_against_ends_by_itself_or_is_doubted(sales):
    days.history(sales, 8)
    days.look(sales)
    deciding.manage(days.the(sales, "unique"), because="by the policy")
    deciding.accept(days.the(sales, "null_rate_between"), actor=ANA)
    for day in range(8, 16):
        odd = past.batch(
            day, id=[1, 1, 2], code=["A1", "A2", "A3"], city=["Bern"] * 3, paid=[None] * 3, amount=[1, 2, 3]
        )
        days.publish(sales, odd, tell=False)
    assert days.look(sales).retired == 1
    assert days.the(sales, "unique").state == "retired"
    assert days.the(sales, "null_rate_between").doubt


def test_only_some_moves_are_allowed_and_bounds_must_be_in_order(known):
    found = days.the(known, "row_count_between")
    deciding.accept(found, actor=ANA)
    with pytest.raises(IllegalMove):
        deciding.accept(found, actor=ANA)
    with pytest.raises(IllegalMove, match="is above"):
        deciding.edit(found, Wanted(low=10, high=5), actor=ANA)
    deciding.retire(found, actor=ANA)
    with pytest.raises(IllegalMove, match="retired"):
        deciding.edit(found, Wanted(low=1), actor=ANA)
    deciding.accept(found, actor=ANA)  # on second thoughts
    with transaction.atomic(), pytest.raises(IntegrityError):
        Expectation.objects.create(dataset=known, kind=found.kind, about=found.about, sentence="twice")


def test_another_bound_is_tried_on_every_day_before_it_is_set(known):
    found = days.the(known, "row_count_between")
    trial = trying.tried(found)
    assert (trial.alarms, trial.judged) == (0, 8)
    assert [one.value for one in trial.tried][:3] == ["100", "103", "106"]
    tight = trying.tried(found, low=103)
    assert [one.name for one in tight.tried if one.judged.is_kept is False] == ["2024-01-01", "2024-01-06"]
    assert Expectation.objects.get(pk=found.pk).sentence == found.sentence


def test_accepted_expectations_are_checks_that_a_definition_takes(known):
    in_force(known, "row_count_between", "not_null", "drift_below", "in_set")
    deciding.edit(days.the(known, "row_count_between"), Wanted(severity="block"), actor=ANA)
    text = exporting.lines(Expectation.objects.in_force().order_by("pk"))
    found = yaml.safe_load(text)["checks"]
    assert [next(iter(one)) for one in found] == ["row_count_between", "not_null", "in_set"]
    specs = [spec for entry in found for spec in checks.parse(entry, "checks")]
    assert specs[0].severity == "block"
    assert {spec.severity for spec in specs[1:]} == {"warn"}
    assert "# kept by the watch alone: no value of city" in text
