"""What an upload will set off, said before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines_app.compiler.compiled import CompiledStep
from pipelines_app.compiler.definition import Mode, PeriodKind, Source
from pipelines_app.environments import mapping
from pipelines_app.errors import ArrivalRefused
from pipelines_app.intake import accepting
from pipelines_app.models import Dataset, Pipeline, Slot, TriggerKind, User
from pipelines_app.runs import planning
from pipelines_app.web import telling, words

EXAMPLES = accepting.EXAMPLES
JOINS = {
    Mode.REPLACE: "The file replaces all rows of {dataset}.",
    Mode.PARTITION: "The file replaces the rows of its {kind} in {dataset}; other periods stay.",
    Mode.APPEND: "The rows are added to {dataset}.",
}


@dataclass(frozen=True)
class Effect:
    """What will happen, in sentences, or what is still missing."""

    period: str = ""
    problem: str = ""
    joins: str = ""
    slot: str = ""
    pipeline: str = ""
    is_paused: bool = False
    made: list[str] = field(default_factory=list)
    readers: list[str] = field(default_factory=list)


def of(user: User, dataset: Dataset, source: Source, *, name: str = "", period: str = "") -> Effect:
    """The effect of a file of this name; without a name, what holds for any."""
    key, problem = _period(source, name, period)
    pipeline = dataset.pipeline
    if pipeline is None or pipeline.current_id is None:
        return Effect(problem="No pipeline reads this dataset now.")
    made = downstream(dataset.name, planning.compiled(pipeline.current_id).steps)
    readers = Pipeline.objects.visible_to(user).filter(
        triggers__kind=TriggerKind.DATASET, triggers__dataset__name__in=[dataset.name, *made]
    )
    return Effect(
        period=key,
        problem=problem,
        joins=JOINS[source.mode].format(dataset=dataset.name, kind=source.period) + _replaced(dataset, source, key),
        slot=_slot(dataset, key),
        pipeline=pipeline.name,
        is_paused=pipeline.paused_at is not None,
        made=made,
        readers=sorted(set(readers.values_list("name", flat=True))),
    )


def _period(source: Source, name: str, given: str) -> tuple[str, str]:
    if not name and not given:
        return "", ""
    try:
        return accepting.period_of(source, name=name or "the file", given=given), ""
    except ArrivalRefused as refusal:
        return "", telling.sentence(refusal)


def downstream(dataset: str, steps: Sequence[CompiledStep]) -> list[str]:
    """The datasets of a pipeline that are made from one of its sources; steps come after what they read."""
    touched = {dataset}
    made = []
    for step in steps:
        if touched.intersection(step.inputs):
            touched.add(step.dataset)
            made.append(step.dataset)
    return made


def _replaced(dataset: Dataset, source: Source, key: str) -> str:
    if source.mode is Mode.APPEND or (source.period is not PeriodKind.NONE and not key):
        return ""
    if not mapping.has_period(mapping.production(), dataset, key):
        return ""
    return f" {words.period(key)} is there already and will be replaced." if key else " It has rows now."


def _slot(dataset: Dataset, key: str) -> str:
    slot = Slot.objects.open().filter(dataset=dataset, period=key).first() if key else None
    if slot is None:
        return ""
    return "It is late: this file is awaited." if slot.state == "late" else "This file is expected."
