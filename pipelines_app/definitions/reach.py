"""Who is affected by a change of datasets: readers and their readers, by the columns that they use."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import F

from pipelines_app.compiler.changing import StepChange
from pipelines_app.compiler.compiled import Compiled
from pipelines_app.models import Edge

MOST = 2_000  # datasets that are looked at for one plan
ROWS = ""  # stands for all columns: the rows themselves may be others


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A dataset made from a changed one: through which columns, and which of them it will no longer find."""

    dataset: str
    pipeline: str
    team: str
    through: str
    columns: tuple[str, ...]
    breaks: tuple[str, ...] = ()

    def unnamed(self) -> "Reader":
        """The same without a word of which it is."""
        return replace(self, dataset="", pipeline="", team="", through="", columns=())


@dataclass
class _Reading:
    """What one dataset takes from another, column by column."""

    pipeline: str
    team: str
    pairs: set[tuple[str, str]] = field(default_factory=set)

    @property
    def used(self) -> frozenset[str]:
        return frozenset(source for source, _ in self.pairs if source)

    def reached(self, columns: frozenset[str]) -> frozenset[str]:
        """The columns of the reader that a change of these columns reaches."""
        if ROWS in columns:
            return frozenset({ROWS})
        return frozenset(target for source, target in self.pairs if source in columns)


Readings = dict[str, dict[str, _Reading]]


def readers(changes: Sequence[StepChange], planned: Sequence[Compiled]) -> dict[str, list[Reader]]:
    """For each changed dataset the datasets that its change reaches, the nearest first, as they will be made."""
    asked = [change for change in changes if change.reaches_readers]
    found: dict[str, list[Reader]] = {}
    readings: Readings = {}
    known: set[str] = set()
    for change in asked:
        start = frozenset({ROWS}) if change.touches(frozenset()) else frozenset(map(str.lower, change.columns))
        found[change.dataset] = _walk(change, start, planned, readings, known)
    return found


def _walk(
    change: StepChange, start: frozenset[str], planned: Sequence[Compiled], readings: Readings, known: set[str]
) -> list[Reader]:
    reached: list[Reader] = []
    changed = {change.dataset: start}
    waiting = deque([change.dataset])
    while waiting and len(changed) < MOST:
        level = [waiting.popleft() for _ in range(len(waiting))]
        _learn(readings, level, planned, known)
        for name in level:
            for target, reading in sorted(readings.get(name, {}).items()):
                columns = reading.reached(changed[name])
                if not columns or columns <= changed.get(target, frozenset()):
                    continue
                if target not in changed:
                    reached.append(_reader(change, name, target, reading))
                changed[target] = changed.get(target, frozenset()) | columns
                waiting.append(target)
    return reached


def _reader(change: StepChange, through: str, target: str, reading: _Reading) -> Reader:
    direct = through == change.dataset
    return Reader(
        dataset=target,
        pipeline=reading.pipeline,
        team=reading.team,
        through=through,
        columns=tuple(sorted(reading.used)) if direct else (),
        breaks=change.breaks(reading.used) if direct else (),
    )


def _learn(readings: Readings, names: Iterable[str], planned: Sequence[Compiled], known: set[str]) -> None:
    """Read who reads these datasets: of pipelines in the plan as they will be, of all others as they are."""
    asked = set(names) - known
    known |= asked
    if not asked:
        return
    mine = {compiled.definition.pipeline for compiled in planned}
    edges = Edge.objects.filter(source__name__in=asked, revision_id=F("revision__pipeline__current_id"))
    edges = edges.exclude(revision__pipeline__name__in=mine)
    rows = edges.values_list(
        "source__name",
        "source_column",
        "target__name",
        "target_column",
        "revision__pipeline__name",
        "revision__pipeline__team__name",
    )
    for source, column, target, fed, pipeline, team in rows:
        _note(readings, (source, column), (target, fed), pipeline, team)
    for compiled in planned:
        definition = compiled.definition
        for step in compiled.steps:
            for edge in step.edges:
                if edge.from_dataset in asked:
                    left, right = (edge.from_dataset, edge.from_column), (step.dataset, edge.column)
                    _note(readings, left, right, definition.pipeline, definition.team)


def _note(readings: Readings, left: tuple[str, str], right: tuple[str, str], pipeline: str, team: str) -> None:
    reading = readings.setdefault(left[0], {}).setdefault(right[0], _Reading(pipeline, team))
    reading.pairs.add((left[1].lower(), right[1].lower()))
