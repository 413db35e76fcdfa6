"""The gate between staging and publishing: every check of a dataset, judged on the staged version itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pipelines_app import lake
from pipelines_app.compiler import checks
from pipelines_app.compiler.checks import Judgement
from pipelines_app.compiler.compiled import CompiledStep
from pipelines_app.compiler.definition import CheckSpec, Column, Severity
from pipelines_app.engines.base import Answer, Limits, Relation
from pipelines_app.environments import mapping
from pipelines_app.models import Dataset, Environment


@dataclass(frozen=True, kw_only=True)
class Result:
    """One check, how it was kept, and up to ten rows that fail it as {columns, rows}."""

    spec: CheckSpec
    judgement: Judgement
    sample: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Staging:
    """A staged version as the gate sees it: what wrote it, its file and schema, the rows set aside on the way in."""

    step: CompiledStep
    environment: Environment
    file: Path
    columns: tuple[Column, ...]
    rows: int
    rejected: int = 0
    rejects_said: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a staged version may be published, and everything its checks said."""

    results: tuple[Result, ...]
    refusal: str = ""
    todo: str = ""

    @property
    def failed(self) -> list[Result]:
        return [result for result in self.results if not result.judgement.passed]

    @property
    def held(self) -> list[Result]:
        return [result for result in self.results if result.judgement.passed]

    @property
    def admits(self) -> bool:
        """Nothing stands against publishing."""
        return not self.refusal

    @property
    def warns(self) -> bool:
        """It may be published, and somebody should look."""
        return self.admits and bool(self.failed)

    @property
    def because(self) -> str:
        """What stands against it, or what somebody should look at, in a sentence."""
        return self.refusal or "; ".join(result.judgement.message for result in self.failed)


def judge(staging: Staging, limits: Limits, *, as_of: datetime) -> Verdict:
    """Run the checks on a staged version; a breach of a blocking one, or too many rows set aside, refuses it."""
    results = _results(staging, limits, as_of)
    source = staging.step.source
    total = staging.rows + staging.rejected
    if source is not None and not source.tolerance.admits(staging.rejected, total):
        allowed = int(max(source.tolerance.count, source.tolerance.share * total))
        refusal = (
            f"{staging.rejected:,} of {total:,} rows do not fit the contract, {allowed:,} are tolerated"
            f"{': ' + staging.rejects_said if staging.rejects_said else ''}"
        )
        return Verdict(
            results=results, refusal=refusal, todo="Send a corrected file for the period, or mend the contract."
        )
    blocking = [result for result in results if not result.judgement.passed and result.spec.severity is Severity.BLOCK]
    if blocking:
        refusal = "; ".join(result.judgement.message for result in blocking)
        return Verdict(results=results, refusal=refusal, todo="Mend the data or the check, then run it again.")
    return Verdict(results=results)


def _results(staging: Staging, limits: Limits, as_of: datetime) -> tuple[Result, ...]:
    step = staging.step
    if not step.checks:
        return ()
    measures = checks.measure(step.checks, step.dataset, staging.columns, as_of)
    relations = [
        Relation(name=step.dataset, columns=staging.columns, files=(staging.file,)),
        *_others(staging),
    ]
    engine = lake.engine()
    judgements = checks.judge_all(measures, engine.measure(measures.statements, relations, limits))
    failing = [spec for spec, judgement in zip(step.checks, judgements, strict=True) if not judgement.passed]
    samples = _samples(failing, staging, relations, limits)
    return tuple(
        Result(spec=spec, judgement=judgement, sample=samples.get(spec.name, {}))
        for spec, judgement in zip(step.checks, judgements, strict=True)
    )


def _samples(
    failing: Sequence[CheckSpec], staging: Staging, relations: Sequence[Relation], limits: Limits
) -> dict[str, dict[str, object]]:
    queries = {spec.name: checks.sample_query(spec, staging.step.dataset, staging.columns) for spec in failing}
    asked = {name: query for name, query in queries.items() if query is not None}
    if not asked:
        return {}
    answers = lake.engine().measure(list(asked.values()), relations, limits)
    return {name: _shown(answer) for name, answer in zip(asked, answers, strict=True)}


def _shown(answer: Answer) -> dict[str, object]:
    return {"columns": [column.name for column in answer.columns], "rows": [list(row) for row in answer.rows[:10]]}


def _others(staging: Staging) -> list[Relation]:
    """The current versions of the other datasets that checks look at."""
    names = {name for spec in staging.step.checks for name in checks.datasets(spec)} - {staging.step.dataset}
    if not names:
        return []
    datasets = list(Dataset.objects.filter(name__in=names))
    versions = mapping.current(staging.environment, datasets)
    there = [mapping.content(version).relation for version in versions.values()]
    empty = [
        Relation(name=dataset.name, columns=mapping.columns_of(dataset.columns))
        for dataset in datasets
        if dataset.pk not in versions
    ]
    return there + empty
