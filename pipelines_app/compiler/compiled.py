"""What a definition compiles to: values that are shown, stored with the revision, planned and run."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipelines_app.compiler.definition import (
    NO_KEEPING,
    PARTED,
    WHOLE,
    CheckSpec,
    Column,
    Definition,
    Effort,
    Keeping,
    Materialisation,
    OnChange,
    PeriodKind,
    Source,
)


class StepKind(StrEnum):
    LOAD = "load"
    TRANSFORM = "transform"


class EdgeKind(StrEnum):
    DIRECT = "direct"
    INDIRECT = "indirect"


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A column feeds a column: by its value (direct), or by filter, join, grouping or order (indirect).

    `how` says so in the words of OpenLineage (IDENTITY, AGGREGATION, FILTER ...), and `masked` that the value cannot be
    read from the other, as from a hash or a count. An indirect edge that touches every output column has an empty
    `column`; one from a table of which no column is used has an empty `from_column`.
    """

    from_dataset: str
    from_column: str
    dataset: str
    column: str
    kind: EdgeKind
    how: tuple[str, ...] = ()
    masked: bool = False


@dataclass(frozen=True, kw_only=True)
class Known:
    """A dataset that exists already and that the pipeline's team may read."""

    columns: tuple[Column, ...]
    period: PeriodKind


@dataclass(frozen=True, kw_only=True)
class CompiledStep:
    """One step ready to be planned.

    `sql` is the canonical, bound, qualified text in its `dialect` (empty for a load); `recipe` is its
    fingerprint: equal recipe, period and inputs give equal output unless `deterministic` is False. `inputs` are the
    datasets it reads; `partial` says why some of its edges could not be told. `period` is what it is run by; `given`
    are the columns of its query, where those are not the ones of its dataset.
    """

    dataset: str
    kind: StepKind
    materialise: Materialisation
    period: PeriodKind
    inputs: tuple[str, ...]
    columns: tuple[Column, ...]
    sql: str
    recipe: str
    deterministic: bool
    checks: tuple[CheckSpec, ...]
    edges: tuple[Edge, ...]
    effort: Effort
    source: Source | None = None
    partial: tuple[str, ...] = ()
    keeping: Keeping = NO_KEEPING
    given: tuple[Column, ...] = ()
    on_change: OnChange = OnChange.USUAL
    dialect: str = "duckdb"

    @property
    def policy(self) -> OnChange:
        """What becomes of earlier rows when the columns change; those made by period are else read as declared."""
        usual = {Materialisation.TABLE: OnChange.REBUILD, Materialisation.VIEW: OnChange.REBUILD}
        if self.on_change is not OnChange.USUAL or self.materialise is Materialisation.INCREMENTAL:
            return self.on_change
        return usual.get(self.materialise, OnChange.FAIL)

    @property
    def by_period(self) -> bool:
        """Whether a run carries it out for its own period alone."""
        return self.materialise not in WHOLE and self.period is not PeriodKind.NONE

    @property
    def shown_by(self) -> PeriodKind:
        """The period that readers find its dataset by; a dataset that is built of all periods has none."""
        return self.period if self.kind is StepKind.LOAD or self.materialise in PARTED else PeriodKind.NONE

    @property
    def rows(self) -> tuple[Column, ...]:
        """The columns of its query."""
        return self.given or self.columns


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A whole definition; each step follows those it reads, and `external` are read but made elsewhere."""

    definition: Definition
    steps: tuple[CompiledStep, ...]
    external: Mapping[str, Known]
    warnings: tuple[str, ...] = ()
