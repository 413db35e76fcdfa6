"""Every fact has words, and the words carry what matters."""

from dataclasses import MISSING, fields

import pytest

from pipelines_app import facts, facts_expected
from pipelines_app.facts import KINDS
from pipelines_app.web import sentences

RUN = {"run": 7, "pipeline": "orders", "dataset": "mart.totals"}
VERSION = {**RUN, "period": "2013-02-08", "version": 3}

SAID = [
    (facts.PipelineRevised(pipeline="orders", revision=2, why="faster"), "revision 2 registered: faster", "info"),
    (facts.TemplateRevised(template="summed", revision=2), "revision 2 of the template registered", "info"),
    (
        facts.TemplateRolledOut(template="summed", revision=2, pipelines=3, why="now"),
        "revision 2 of the template rolled out to 3 pipelines: now",
        "info",
    ),
    (facts.PipelinePaused(pipeline="orders"), "paused: what comes in waits", "warn"),
    (
        facts.ArrivalAccepted(
            dataset="raw.orders",
            period="2013-02-08",
            arrival=1,
            name="orders.csv",
            bytes=84 * 1024,
            sha256="9f31" + "0" * 56 + "c02a",
            door="form",
        ),
        "orders.csv was uploaded in the console for 8 February 2013, 84 KiB, sha256 9f31…c02a",
        "info",
    ),
    (
        facts_expected.SlotBecameLate(
            dataset="raw.orders", period="2013-02-08", slot=1, due_at="2013-02-09T07:00:00+01:00"
        ),
        "late for 8 February 2013: it was due by 9 Feb 2013, 07:00 UTC+01:00",
        "bad",
    ),
    (
        facts_expected.SlotFilled(dataset="raw.orders", period="", slot=1, arrival=2, late_seconds=90),
        "what was expected has come, 1 m 30 s late",
        "good",
    ),
    (
        facts.RunMoved(run=7, pipeline="orders", period="", state="failed", because="no"),
        "run 7 is over: failed: no",
        "bad",
    ),
    (facts.StepHeld(**RUN, missing=["raw.a", "raw.b"]), "waits for raw.a and raw.b; its arrival starts it", "warn"),
    (facts.StepStarted(**RUN, owner="w1", epoch=2, attempt=2), "started, attempt 2", "info"),
    (facts.StepStarted(**RUN, owner="w1", epoch=1, attempt=1), "started", "info"),
    (
        facts.DataQuarantined(**RUN, period="2013-02-08", because="a.csv: column 'v' is missing."),
        "quarantined for 8 February 2013: a.csv: column 'v' is missing; readers keep the last good version",
        "bad",
    ),
    (
        facts.StepStaged(**RUN, rows=1, rejected=3, bytes=100, seconds=0.5),
        "wrote 1 row, 3 set aside, 100 B in 500 ms",
        "warn",
    ),
    (
        facts.CheckFailed(**VERSION, check="small", severity="warn", message="910 is too much"),
        "small fails: 910 is too much",
        "warn",
    ),
    (facts.CheckFailed(**VERSION, check="small", severity="block", message="no"), "small fails: no", "bad"),
    (facts.ChecksHeld(**VERSION, checks=["a"]), "1 check holds: a", "good"),
    (
        facts.DatasetPublished(**VERSION, number=5, rows=1234),
        "version 5 published for 8 February 2013: 1,234 rows",
        "good",
    ),
]


@pytest.mark.parametrize(("fact", "text", "level"), SAID, ids=lambda value: getattr(value, "kind", ""))
def test_a_fact_is_said_in_words_with_its_level(fact, text, level):
    said = sentences.say(fact)
    assert (said.text, said.level) == (text, level)


def _example(kind):
    samples = {"str": "2013-02-09T07:00:00+00:00", "int": 1, "float": 1.0, "list[str]": ["a"]}
    known = {field.name: field for field in fields(KINDS[kind]) if field.default is MISSING}
    return {name: samples.get(getattr(field.type, "__name__", str(field.type)), 1) for name, field in known.items()} | {
        name: ["a"] for name in known if name in {"missing", "checks"}
    }


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {""}))
def test_no_kind_of_fact_is_without_words(kind):
    said = sentences.of(kind, _example(kind))
    assert said.subject
    assert said.text
    assert said.level in sentences.LEVELS


def test_a_kind_of_a_later_release_is_said_by_its_name_and_its_own_words():
    said = sentences.of("sla.breached", {"dataset": "mart.totals", "because": "two hours old", "severity": "critical"})
    assert said == sentences.Said("mart.totals", "sla breached: two hours old", "bad")


@pytest.mark.parametrize(
    ("actor", "who"),
    [
        ("user:ana", "ana"),
        ("token:robot", "the token robot"),
        ("webhook:7f", "the webhook 7f"),
        ("clock", "the clock"),
        ("platform", "the platform"),
    ],
)
def test_an_actor_is_named_as_people_name_it(actor, who):
    assert sentences.who(actor) == who
