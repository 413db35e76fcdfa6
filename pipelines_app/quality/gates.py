"""The gate between staging and publishing: every check of a dataset, judged on the staged version itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlglot import exp

from pipelines_app.access import redaction
from pipelines_app.compiler import checks, drafting, statements
from pipelines_app.compiler.checks import Judgement, Measures
from pipelines_app.compiler.compiled import CompiledStep
from pipelines_app.compiler.definition import CheckSpec, Severity, Source
from pipelines_app.engines.base import Answer, Audit, Engine, Limits, Relation, Written
from pipelines_app.environments import mapping
from pipelines_app.environments.mapping import Content
from pipelines_app.models import Dataset, Environment
from pipelines_app.quality import remembering


@dataclass(frozen=True, kw_only=True)
class Result:
    """One check, how it was kept, and up to ten rows that fail it as {columns, rows}."""

    spec: CheckSpec
    judgement: Judgement
    sample: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A step's gate, made before the step runs: what its checks will ask of the output, and of which other datasets."""

    step: CompiledStep
    measures: Measures
    audit: Audit
    engine: Engine


@dataclass(frozen=True, kw_only=True)
class Staging:
    """A staged version as the gate sees it: its file with the audit's answers, and the rows set aside on the way in.

    `output` is what is kept in place of the file; what `sensitive` columns hold is said to nobody.
    """

    written: Written
    rejected: int = 0
    rejects_said: str = ""
    output: Relation | None = None
    sensitive: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a staged version may be published, everything its checks said, and which of them stand against it."""

    results: tuple[Result, ...]
    refusal: str = ""
    todo: str = ""
    blocking: tuple[Result, ...] = ()

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
        return self.admits and any(result.spec.severity is not Severity.INFO for result in self.failed)

    @property
    def because(self) -> str:
        """What stands against it, or what somebody should look at, in a sentence."""
        return self.refusal or "; ".join(result.judgement.message for result in self.failed)


def prepare(
    step: CompiledStep, environment: Environment, *, engine: Engine, as_of: datetime, period: str = ""
) -> Gate | None:
    """The gate of a step, or nothing where no check guards its dataset."""
    if not step.checks:
        return None
    past, before = remembering.past(step, environment, period)
    measures = checks.measure(step.checks, step.dataset, step.columns, as_of, past)
    others = (*_others(step, environment), *before)
    audit = Audit(dataset=step.dataset, statements=tuple(measures.statements), others=others)
    return Gate(step=step, measures=measures, audit=audit, engine=engine)


def judge(source: Source | None, gate: Gate | None, staging: Staging, limits: Limits) -> Verdict:
    """Judge a staged version by its audit; a breach of a blocking check, or too many rows set aside, refuses it."""
    results = _results(gate, staging, limits) if gate else ()
    refusal = _too_many_rejects(source, staging)
    if refusal:
        todo = "Send a corrected file for the period, or mend the contract."
        return Verdict(results=results, refusal=refusal, todo=todo)
    blocking = [result for result in results if not result.judgement.passed and result.spec.severity is Severity.BLOCK]
    if blocking:
        refusal = "; ".join(result.judgement.message for result in blocking)
        todo = "Mend the data or the check, then run it again."
        return Verdict(results=results, refusal=refusal, todo=todo, blocking=tuple(blocking))
    return Verdict(results=results)


def _too_many_rejects(source: Source | None, staging: Staging) -> str:
    total = staging.written.rows + staging.rejected
    if source is None or source.tolerance.admits(staging.rejected, total):
        return ""
    allowed = int(max(source.tolerance.count, source.tolerance.share * total))
    said = f": {staging.rejects_said}" if staging.rejects_said else ""
    return f"{staging.rejected:,} of {total:,} rows do not fit the contract, {allowed:,} are tolerated{said}"


def _results(gate: Gate, staging: Staging, limits: Limits) -> tuple[Result, ...]:
    known = replace(gate.measures.past, content=staging.written.fingerprint)
    judged_all = checks.judge_all(replace(gate.measures, past=known), staging.written.answers)
    judgements = [redaction.judgement(one, staging.sensitive) for one in judged_all]
    judged = list(zip(gate.step.checks, judgements, strict=True))
    failing = [spec for spec, judgement in judged if not judgement.passed]
    samples = _samples(failing, gate, staging, limits) if failing else {}
    return tuple(
        Result(spec=spec, judgement=judgement, sample=samples.get(spec.name, {})) for spec, judgement in judged
    )


def _samples(
    failing: Sequence[CheckSpec], gate: Gate, staging: Staging, limits: Limits
) -> dict[str, dict[str, object]]:
    step = gate.step
    past = gate.measures.past
    queries = {spec.name: checks.sample_query(spec, step.dataset, step.columns, past) for spec in failing}
    asked = {name: query for name, query in queries.items() if query is not None}
    if not asked:
        return {}
    output = staging.output or Relation(name=step.dataset, columns=step.columns, files=(staging.written.path,))
    answers = gate.engine.measure(list(asked.values()), [output, *gate.audit.others], limits)
    return {name: _shown(answer) for name, answer in zip(asked, answers, strict=True)}


def _shown(answer: Answer) -> dict[str, object]:
    return {"columns": [column.name for column in answer.columns], "rows": [list(row) for row in answer.rows[:10]]}


def compared(step: CompiledStep, environment: Environment) -> dict[str, str]:
    """What a step's checks compare it with: the identity of what readers see now, by dataset."""
    return {content.relation.name: content.identity for content in _compared(step, environment)}


def hold_at_any_time(specs: Sequence[CheckSpec]) -> bool:
    """Whether checks that held once hold again for the same rows, whatever the time is by then."""
    return not any(spec.kind == "freshness_within" or _reads_the_clock(spec) for spec in specs)


def _reads_the_clock(spec: CheckSpec) -> bool:
    conditions = [spec.where, str(spec.arguments.get("expression") or "")]
    trees: list[exp.Expr] = [statements.parse_condition(condition) for condition in conditions if condition]
    if "sql" in spec.arguments:
        trees.append(statements.parse(str(spec.arguments["sql"])))
    return any(drafting.unsteady(tree) for tree in trees)


def _others(step: CompiledStep, environment: Environment) -> list[Relation]:
    return [content.relation for content in _compared(step, environment)]


def _compared(step: CompiledStep, environment: Environment) -> list[Content]:
    """The other datasets that checks look at: checks against other datasets look at what readers see."""
    names = {name for spec in step.checks for name in checks.datasets(spec)} - {step.dataset}
    if not names:
        return []
    datasets = list(Dataset.objects.filter(name__in=names).order_by("name"))
    versions = mapping.current(environment, datasets)
    found = []
    for dataset in datasets:
        columns = mapping.columns_of(dataset.columns)
        if dataset.pk in versions:
            found.append(mapping.content(versions[dataset.pk], columns=columns or None))
        else:
            found.append(Content(relation=Relation(name=dataset.name, columns=columns), identity="", rows=0))
    return found
