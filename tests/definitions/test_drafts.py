"""Drafts are tried as a whole, run dry without a trace, registered, and forgotten in time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pipelines_app import lake
from pipelines_app.definitions import drafts, rehearsing, samples, trying
from pipelines_app.definitions.register import Author
from pipelines_app.errors import DefinitionInvalid, EngineError
from pipelines_app.intake import receiving
from pipelines_app.models import Dataset, Draft, Event, Pipeline
from tests.factories import make_team, make_user

pytestmark = pytest.mark.django_db
TEAMS = frozenset({"shop"})
ORDERS = b"id,amount\n1,10\n2,x\n3,30\n"


def document(**changes):
    source = {
        "format": "csv",
        "columns": {"id": "BIGINT", "amount": "DOUBLE"},
        "tolerance": 1,
        "checks": [{"unique": "id"}],
    }
    steps = [
        {"dataset": "mart.total", "sql": "SELECT sum(amount) AS total FROM staging.orders"},
        {
            "dataset": "staging.orders",
            "sql": "SELECT id, amount FROM raw.orders",
            "checks": [{"between": {"column": "amount", "max": 20}}],
        },
    ]
    return {"pipeline": "orders", "team": "shop", "sources": {"raw.orders": source}, "steps": steps, **changes}


def sample(draft, content=ORDERS):
    received = receiving.receive([content], max_bytes=1 << 20)
    return samples.keep(
        drafts.folder(draft), received.place, name="orders.csv", size=received.bytes, sha256=received.sha256
    )


@pytest.fixture
def draft():
    return drafts.begin(make_user(team=make_team("shop")), document())


def files():
    return {path for name in ("data", "exports", "arrivals") for path in (lake.root() / name).rglob("*")}


def test_a_dry_run_tells_everything_and_leaves_nothing(draft):
    kept = {"raw.orders": sample(draft)}
    before = files(), Event.objects.count()
    compiled = trying.whole(draft.document, None, teams=TEAMS).compiled
    result = rehearsing.rehearse(compiled, kept)
    assert (files(), Event.objects.count()) == before
    assert not Dataset.objects.exists()
    parts = {part.dataset: part for part in result.parts}
    assert (parts["raw.orders"].rows_in, parts["raw.orders"].rows_out, parts["raw.orders"].rejected) == (3, 2, 1)
    assert "'x' is not a number" in parts["raw.orders"].rejects[0]
    assert parts["raw.orders"].held == 1
    assert parts["staging.orders"].state == "quarantined"
    assert "amount is 30" in parts["staging.orders"].judgements[0].message
    assert parts["mart.total"].rows_out == 1
    assert result.state == "quarantined"


def test_what_reads_a_failed_step_is_skipped(draft):
    steps = [
        {"dataset": "staging.a", "sql": "SELECT error(CAST(id AS VARCHAR)) AS a FROM raw.orders"},
        {"dataset": "mart.b", "sql": "SELECT a FROM staging.a"},
    ]
    steps[0]["sql"] = "SELECT CAST('x' || CAST(id AS VARCHAR) AS INTEGER) AS a FROM raw.orders"
    compiled = trying.whole(document(steps=steps), None, teams=TEAMS).compiled
    result = rehearsing.rehearse(compiled, {"raw.orders": sample(draft)})
    assert [part.state for part in result.parts] == ["succeeded", "failed", "skipped"]
    assert result.parts[2].note == "It reads staging.a, which was not made."


def test_a_sample_beyond_the_tolerance_would_be_quarantined(draft):
    changed = document()
    del changed["sources"]["raw.orders"]["tolerance"]
    compiled = trying.whole(changed, None, teams=TEAMS).compiled
    assert rehearsing.rehearse(compiled, {"raw.orders": sample(draft)}).parts[0].state == "quarantined"


def test_without_a_sample_steps_run_over_nothing():
    make_team("shop")
    compiled = trying.whole(document(), None, teams=TEAMS).compiled
    parts = rehearsing.rehearse(compiled, {}).parts
    assert parts[0].note == "no sample: no rows"
    assert parts[1].rows_out == 0


def test_steps_that_are_only_typed_are_laid_out_in_their_order(draft):
    bench = trying.bench(draft.document, None, {"raw.orders": sample(draft)})
    assert bench.laid.order == ["staging.orders", "mart.total"]
    assert trying.preview(bench, "mart.total").rows == ((40.0,),)
    assert [column.type for column in trying.check(bench, 0).columns] == ["DOUBLE"]
    profile = trying.profile(bench, "staging.orders")
    assert [(one.name, one.rows, one.distinct) for one in profile] == [("id", 2, 2), ("amount", 2, 2)]


def test_a_step_over_a_faulty_one_says_which_to_mend(draft):
    draft.document["steps"][1]["sql"] = "SELECT nothing FROM raw.orders"
    bench = trying.bench(draft.document, None, {})
    assert trying.check(bench, 0).problems[0].message == (
        "this reads staging.orders, which has a problem of its own; mend that first"
    )


def test_a_cut_sample_is_refused_by_the_engine(draft):
    with pytest.raises(EngineError, match="it is empty"):
        samples.look(sample(draft, b""), samples.Format.CSV)


def test_registering_a_draft_takes_it_away(draft):
    author = Author(actor="user:ana", user=draft.author, teams=TEAMS)
    found = sample(draft)
    drafts.note(draft, samples={"raw.orders": found}, doors={})
    revision, made = drafts.register_draft(draft, author=author)
    assert (revision.number, made) == (1, True)
    assert not Draft.objects.exists()
    assert not lake.path(found.place).exists()


def test_a_draft_with_faults_is_not_registered(draft):
    draft.document["steps"][0]["dataset"] = "total"
    with pytest.raises(DefinitionInvalid, match="must be written layer"):
        drafts.register_draft(draft, author=Author(actor="user:ana", user=draft.author, teams=TEAMS))
    assert not Pipeline.objects.exists()


def test_a_replaced_sample_is_removed(draft):
    first, second = sample(draft), sample(draft)
    drafts.note(draft, samples={"raw.orders": first}, doors={"raw.orders": "webhook"})
    drafts.note(draft, samples={"raw.orders": second}, doors={"raw.orders": "webhook"})
    assert not lake.path(first.place).exists()
    assert lake.path(second.place).exists()
    assert drafts.door_of(draft, "raw.orders") == "webhook"


def test_drafts_nobody_touches_are_forgotten(draft):
    assert drafts.tidy(timezone.now()) == 0
    assert drafts.tidy(timezone.now() + timedelta(days=31)) == 1
    assert not Draft.objects.exists()
