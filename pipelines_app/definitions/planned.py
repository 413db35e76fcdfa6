"""What a plan says: values that every door shows in its own way."""

from dataclasses import dataclass, field

from pipelines_app.compiler.changing import ChangeKind, StepChange
from pipelines_app.compiler.compiled import CompiledStep
from pipelines_app.compiler.definition import BUILT, OnChange, PeriodKind
from pipelines_app.definitions.reach import Reader
from pipelines_app.definitions.register import Prepared
from pipelines_app.definitions.templates import PreparedTemplate

HARM = list(ChangeKind)
_EVOLVES = {
    OnChange.ADD_COLUMNS: "on_schema_change: add_columns: earlier rows stay and are empty in the new columns",
    OnChange.REBUILD: (
        "on_schema_change: rebuild: what is there counts no longer from the next version on; a backfill makes it anew"
    ),
}


@dataclass(frozen=True, kw_only=True)
class PlannedStep:
    """One dataset of a planned pipeline: what becomes of it, whom that reaches, and what was made before.

    `periods` is how many periods readers see by now (0 for a dataset without periods or data); `rows` how many rows.
    """

    change: StepChange
    step: CompiledStep | None
    readers: tuple[Reader, ...] = ()
    periods: int = 0
    rows: int = 0

    @property
    def then(self) -> str:
        """What becomes of the data that are there."""
        if self.change.kind is ChangeKind.REMOVED:
            return "is made no longer; what was made stays readable"
        if not self.rows:
            return "is made with the next run" if self.change.builds else "stays"
        if not self.change.builds:
            return "is used as it is"
        if self.step is not None and self.change.gone + self.change.added and self.step.policy in _EVOLVES:
            return _EVOLVES[self.step.policy]
        if self.step is not None and self.step.materialise in BUILT:
            return (
                "is built on: the rows that came with earlier periods stay as they came; "
                "a period that is done again takes its place, and all from it on is built anew"
            )
        if self.step is not None and self.step.period != PeriodKind.NONE:
            return (
                f"new periods are made the new way; {self.periods:,} stay as they are until a backfill makes them anew"
            )
        return "is made anew with the next run"


@dataclass(frozen=True, kw_only=True)
class PlannedPipeline:
    """One pipeline of a plan; `revision` is the number it would have, `was` the one it has (0 for none).

    `settings` are the other entries of its definition that differ, such as `start` or `schedule`.
    """

    file: str
    name: str
    team: str
    was: int
    revision: int
    steps: tuple[PlannedStep, ...] = ()
    settings: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    prepared: Prepared | None = field(default=None, repr=False)

    @property
    def unchanged(self) -> bool:
        return self.prepared is None

    @property
    def differs(self) -> bool:
        """Whether any of its datasets is not as it was."""
        return any(step.change.kind is not ChangeKind.SAME for step in self.steps)

    @property
    def external(self) -> list[str]:
        """The datasets it reads and does not make."""
        return sorted(self.prepared.compiled.external) if self.prepared else []

    @property
    def worst(self) -> int:
        """Its most harmful change, as a place in the order of harm."""
        return min((HARM.index(step.change.kind) for step in self.steps), default=len(HARM))


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One pipeline that a template made and that the plan leaves as it is: at which revision, and what it would meet.

    `problems` are the faults it would have with the template as it is to be; without a name where it may not be seen.
    """

    pipeline: str
    team: str
    revision: int
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlannedTemplate:
    """One template of a plan; `was` is the revision it has (0 for none), `revision` the one it would have."""

    prepared: PreparedTemplate = field(repr=False)
    file: str
    changes: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    staying: tuple[Standing, ...] = ()

    @property
    def name(self) -> str:
        return self.prepared.template.name

    @property
    def team(self) -> str:
        return self.prepared.template.team

    @property
    def was(self) -> int:
        return self.prepared.was

    @property
    def revision(self) -> int:
        return self.prepared.number

    @property
    def unchanged(self) -> bool:
        return self.prepared.unchanged

    @property
    def breaks(self) -> tuple[Standing, ...]:
        """The pipelines whose values do not fit it any more."""
        return tuple(one for one in self.staying if one.problems)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What would happen: the pipelines, the most harmful first; `state` names what it was made against."""

    pipelines: tuple[PlannedPipeline, ...]
    state: str
    templates: tuple[PlannedTemplate, ...] = ()

    @property
    def revised(self) -> tuple[PlannedTemplate, ...]:
        """The templates that differ from what is registered."""
        return tuple(one for one in self.templates if not one.unchanged)

    @property
    def is_empty(self) -> bool:
        return not self.changed and not self.revised

    @property
    def changed(self) -> tuple[PlannedPipeline, ...]:
        return tuple(one for one in self.pipelines if not one.unchanged)

    @property
    def broken(self) -> tuple[Reader, ...]:
        """The readers that would no longer find a column they use."""
        steps = (step for one in self.pipelines for step in one.steps)
        return tuple(reader for step in steps for reader in step.readers if reader.breaks)
