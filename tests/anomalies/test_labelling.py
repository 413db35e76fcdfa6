"""A label changes what comes after: what was fine is learned in full, what was bad teaches nothing."""

import pytest

from monitoring_app.anomalies import labelling, lessons
from monitoring_app.anomalies.labelling import Said
from monitoring_app.learning import explaining
from monitoring_app.models import Alert, Anomaly, Judgement, Sensitivity
from pipelines_app.errors import IllegalMove
from pipelines_app.models import AuditEntry, Event
from tests.anomalies import past

ANA = "user:ana"


def say(label, *, note="", **about):
    found = list(Anomaly.objects.filter(**about).select_related("dataset__team"))
    labelled = labelling.label(found, Said(label=label, actor=ANA, note=note))
    past.hear()
    return labelled


def of_nulls(number) -> Anomaly:
    return Anomaly.objects.get(metric="null_share", period=past.day(number))


def test_what_was_fine_is_usual_from_then_on_and_closes_its_alert(flights):
    past.next_day(flights, 12, nulls=0.48)
    was = of_nulls(12).high
    say("fine", note="a strike")
    said = of_nulls(12)
    assert (said.label, said.labelled_by, said.note, said.state) == ("fine", ANA, "a strike", "closed")
    assert said.effect.startswith("The bound for share of NULLs in delay is now ")
    assert said.effect.endswith(f"; it was {explaining.share(was)}.")
    assert 0.48 < float(said.effect.split(" is now ")[1].split(";")[0]) < 0.6
    assert Alert.objects.get().state == "resolved"
    past.next_day(flights, 13, nulls=0.02)
    past.next_day(flights, 14, nulls=0.48)
    assert not Anomaly.objects.filter(period=past.day(14)).exists()
    past.next_day(flights, 15, nulls=0.6)
    assert of_nulls(15).score > 1


def test_what_was_bad_teaches_nothing_and_stays_open(flights):
    past.next_day(flights, 12, nulls=0.48)
    said = say("bad")[0]
    assert said.effect.startswith("The batch is kept out of what is learned. The bound for share of NULLs")
    assert Alert.objects.get().state == "open"
    usual = past.next_day(flights, 13, nulls=0.021)
    assert said.profile_id not in {lesson.profile for lesson in lessons.before(usual)}
    assert Judgement.objects.get(profile=usual).batches == 12
    past.next_day(flights, 14, nulls=0.48)
    assert of_nulls(14).high == pytest.approx(said.high, abs=0.01)


def test_a_label_is_audited_and_said_and_can_be_taken_back(flights):
    past.next_day(flights, 12, nulls=0.48)
    say("bad")
    say("none")
    assert of_nulls(12).effect == ""
    labels = [entry.change["after"] for entry in AuditEntry.objects.filter(action="anomaly.labelled").order_by("pk")]
    assert labels == ["bad", "none"]
    assert Event.objects.filter(kind="anomaly.labelled", actor=ANA).count() == 2
    with pytest.raises(IllegalMove, match="no label"):
        say("perhaps")


def test_columns_that_were_fine_are_expected_from_then_on(flights):
    past.next_day(flights, 12, names=("late", "carrier"))
    say("fine", metric="columns_match")
    assert "not told again" in Anomaly.objects.filter(metric="columns_match").first().effect
    past.next_day(flights, 13, names=("late", "carrier"))
    assert not Anomaly.objects.filter(period=past.day(13), metric="columns_match").exists()


@pytest.mark.parametrize(
    ("value", "is_told"), [(0, False), (0.1, False), (1, True), (5, True)], ids=["never", "calm", "usual", "nervous"]
)
def test_the_sensitivity_of_a_dataset_decides_what_is_told(flights, value, is_told):
    labelling.set_sensitivity(flights, value, actor=ANA)
    past.next_day(flights, 12, nulls=0.16)
    assert Anomaly.objects.filter(metric="null_share").exists() is is_told
    assert AuditEntry.objects.get(action="sensitivity.set").change == {"before": 1.0, "after": value}


def test_a_sensitivity_has_bounds(flights):
    for value in (-1, 5.1, float("nan")):
        with pytest.raises(IllegalMove, match="cannot be set"):
            labelling.set_sensitivity(flights, value, actor=ANA)
    assert not Sensitivity.objects.exists()
