"""What happened to a run or a step of ours, as an OpenLineage event."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from monitoring_app.openlineage import facets
from monitoring_app.openlineage.facets import Json
from pipelines_app.compiler import periods
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.models import Dataset, DatasetVersion, Edge, Run, StepRun
from pipelines_app.runs import planning

HOUSE = uuid.UUID("6f1a52f6-7f0e-5c0e-9b3b-6d2f0f3f7a11")


@dataclass(frozen=True, kw_only=True)
class Happening:
    """Which transition, when, and why if it went wrong."""

    kind: str
    at: datetime
    because: str = ""


def run_id(of: str, pk: int) -> str:
    """The id of a run or a step: the same whenever it is told of."""
    return str(uuid.uuid5(HOUSE, f"{settings.OPENLINEAGE_NAMESPACE}/{of}/{pk}"))


def of_run(run: Run, happening: Happening) -> Json:
    """A run as a whole: its job is the pipeline."""
    job = {"ownership": facets.owners("Job", run.pipeline.team.name)}
    return _event(happening, run_id("run", run.pk), run.pipeline.name, _of_run(run, happening)) | {
        "job": _job(run.pipeline.name, job),
        "inputs": [],
        "outputs": [],
    }


def of_step(step: StepRun, happening: Happening, version: DatasetVersion | None = None) -> Json:
    """One step: its job is the dataset that it makes, within the run of its pipeline."""
    run = step.run
    compiled = next(one for one in planning.compiled_of(run).steps if one.dataset == step.dataset.name)
    name = f"{run.pipeline.name}.{step.dataset.name}"
    parent = facets.parent(run_id("run", run.pk), settings.OPENLINEAGE_NAMESPACE, run.pipeline.name)
    job = {"ownership": facets.owners("Job", run.pipeline.team.name)}
    job |= {"sql": facets.sql(compiled.sql, compiled.dialect)} if compiled.sql else {}
    return _event(happening, run_id("step", step.pk), name, _of_run(run, happening) | {"parent": parent}) | {
        "job": _job(name, job),
        "inputs": _inputs(compiled.inputs, version),
        "outputs": [_output(step, version)],
    }


def _event(happening: Happening, identity: str, job: str, run: Json) -> Json:
    return {
        "eventType": happening.kind,
        "eventTime": happening.at.isoformat(),
        "producer": facets.PRODUCER,
        "schemaURL": f"{facets.CORE}#/$defs/RunEvent",
        "run": {"runId": identity, "facets": run},
    }


def _job(name: str, said: Json) -> Json:
    return {"namespace": settings.OPENLINEAGE_NAMESPACE, "name": name, "facets": said}


def _of_run(run: Run, happening: Happening) -> Json:
    said: Json = {}
    kind = next((one for one in PeriodKind if one != PeriodKind.NONE and periods.is_valid(one, run.period)), None)
    if kind is not None:
        start, end = periods.start(kind, run.period), periods.end(kind, run.period)
        said["nominalTime"] = facets.nominal(start.isoformat(), end.isoformat())
    if happening.because:
        said["errorMessage"] = facets.error(happening.because)
    return said


def _named(name: str, said: Json) -> Json:
    return {"namespace": settings.OPENLINEAGE_NAMESPACE, "name": name, "facets": said}


def _inputs(names: tuple[str, ...], version: DatasetVersion | None) -> list[Json]:
    read = {}
    if version is not None:
        numbers = version.inputs.values_list("read__dataset__name", "read__number").order_by("read")
        read = {name: number for name, number in numbers if number is not None}
    datasets = {one.name: one for one in Dataset.objects.filter(name__in=names)}
    found = []
    for name in names:
        said = {"schema": facets.schema(datasets[name].columns)} if name in datasets else {}
        found.append(_named(name, said | ({"version": facets.version(str(read[name]))} if name in read else {})))
    return found


def _output(step: StepRun, version: DatasetVersion | None) -> Json:
    dataset = step.dataset
    edges = Edge.objects.filter(revision=step.run.revision_id, target=dataset).order_by("pk")
    ways = edges.values_list("source__name", "source_column", "target_column", "kind", "how", "masked")
    lineage = facets.column_lineage(
        settings.OPENLINEAGE_NAMESPACE,
        [
            (name, left, right, kind, how.split(",") if how else (), masked)
            for name, left, right, kind, how, masked in ways
        ],
    )
    said = {"ownership": facets.owners("Dataset", dataset.team.name), "columnLineage": lineage}
    if version is None:
        return _named(dataset.name, said | {"schema": facets.schema(dataset.columns)})
    results = version.check_results.values_list(
        "check_made__kind", "check_made__name", "check_made__severity", "passed"
    )
    said |= {
        "schema": facets.schema(version.columns),
        "dataQualityMetrics": facets.metrics(version.rows, version.bytes),
    }
    said |= {"version": facets.version(str(version.number))} if version.number is not None else {}
    said |= {"dataQualityAssertions": facets.assertions(results.order_by("pk"))}
    counted = facets.statistics(version.rows, version.bytes, version.parts.count())
    return _named(dataset.name, said) | {"outputFacets": {"outputStatistics": counted}}
