"""Eight processes want every step of a long queue: each step is got by one of them, once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from pipelines_app.models import Dataset, Event, Pipeline, Run, StepRun, StepState
from tests import factories, road
from tests.invariants import violations_now
from tests.killing.installations import MILL

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 8


def queue_of(length: int) -> None:
    """A run with many steps, all of them ready."""
    road.register_yaml(MILL)
    pipeline = Pipeline.objects.get()
    run, team = factories.make_run(pipeline), pipeline.team
    datasets = Dataset.objects.bulk_create(
        [Dataset(name=f"mart.claimed_{number}", team=team, pipeline=run.pipeline) for number in range(length)]
    )
    StepRun.objects.bulk_create(
        [
            StepRun(run=run, position=number, dataset=dataset, kind="transform", state=StepState.READY)
            for number, dataset in enumerate(datasets)
        ]
    )


def crowd() -> list["subprocess.Popen[str]"]:
    """The processes, each in the database of this test and ready to begin."""
    where = connection.settings_dict
    url = f"postgresql://{where['USER']}:{where['PASSWORD']}@{where['HOST']}:{where['PORT']}/{where['NAME']}"
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "controlplane.settings.test"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.killing.claimer", f"claimer-{number}"],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
    return processes


@pytest.mark.promise(9, faults="8 processes at once want every step")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("length", [200, pytest.param(1000, marks=pytest.mark.chaos)])
def test_of_eight_processes_exactly_one_gets_each_step(length: int) -> None:
    queue_of(length)
    won: dict[str, list[int]] = {}
    processes = crowd()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for number, process in enumerate(processes):
        told, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        won[f"claimer-{number}"] = [int(pk) for pk in told.split()]
    steps = {step.pk: step for step in StepRun.objects.all()}
    assert sorted(pk for pks in won.values() for pk in pks) == sorted(steps)
    assert all(steps[pk].owner == name for name, pks in won.items() for pk in pks)
    assert {(step.state, step.epoch, step.attempt) for step in steps.values()} == {(StepState.RUNNING, 1, 1)}
    assert Event.objects.filter(kind="step.started").count() == length
    assert sum(bool(pks) for pks in won.values()) > 1, "only one process took part"
    assert [found for found in violations_now() if "moved" not in found] == []
    assert Run.objects.get().state == "running"
