"""Registrations at the same time: what two of them see as free goes to one, and a former owner publishes no more."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from pipelines_app.compiler import documents
from pipelines_app.definitions import register
from pipelines_app.definitions.register import Author
from pipelines_app.errors import DefinitionInvalid, NameTaken
from pipelines_app.models import Dataset, DatasetVersion, Pipeline, Run, RunState, StepRun, StepState
from pipelines_app.quality.gates import Verdict
from pipelines_app.runs import leases, publishing
from tests import road
from tests.runs.test_machine import staged

AUTHOR = Author(actor="user:test", user=None, teams=frozenset({"ops-analytics"}))


def document(name: str, dataset: str, sql: str) -> dict[str, object]:
    return {"pipeline": name, "team": "ops-analytics", "steps": [{"dataset": dataset, "sql": sql}]}


def write_at_once(*written: dict[str, object]) -> list[Exception | None]:
    """Compile all of them before any is written, then write them at the same time."""
    compiled = threading.Barrier(len(written))

    def one(given: dict[str, object]) -> Exception | None:
        try:
            prepared = register.prepare(documents.parse(given))
            compiled.wait(30)
            register.write(prepared, author=AUTHOR)
        except (NameTaken, DefinitionInvalid) as refused:
            return refused
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(len(written)) as pool:
        return list(pool.map(one, written))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_pipelines_registered_at_once_with_one_dataset_the_second_is_refused() -> None:
    road.team()
    said = write_at_once(*(document(name, "mart.same", "SELECT 1 AS a") for name in ("one", "two")))
    assert sorted(type(one).__name__ for one in said) == ["NameTaken", "NoneType"]
    assert Dataset.objects.get().pipeline == Pipeline.objects.get()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_revisions_that_close_a_circle_at_once_the_second_is_refused() -> None:
    road.team()
    for name in ("one", "two"):
        register.register(document(name, f"mart.{name}", "SELECT 1 AS a"), author=AUTHOR)
    said = write_at_once(
        document("one", "mart.one", "SELECT a FROM mart.two"), document("two", "mart.two", "SELECT a FROM mart.one")
    )
    assert sorted(type(one).__name__ for one in said) == ["DefinitionInvalid", "NoneType"]


@pytest.mark.django_db
def test_a_run_begun_before_its_dataset_went_to_another_pipeline_fails_and_publishes_nothing() -> None:
    road.register_sample("flights-daily")
    road.send_flights("2013-01-05")
    road._deliver()
    claim = leases.claim(StepRun.objects.get(state=StepState.READY).pk, "one")
    done = staged(claim)
    Dataset.objects.filter(pk=claim.step.dataset_id).update(
        pipeline=Pipeline.objects.create(name="new", team=road.team())
    )
    publishing.publish(done, Verdict(results=()))
    step = StepRun.objects.get(pk=claim.step.pk)
    assert (step.state, step.error) == (
        StepState.FAILED,
        "raw.flights is no longer made by flights-daily: nothing was published.",
    )
    assert Run.objects.get().state == RunState.FAILED
    assert not DatasetVersion.objects.exists()
