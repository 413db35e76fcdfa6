"""What a pipeline promises its readers beside deadlines: the service levels under `sla`, as values."""

from dataclasses import dataclass
from enum import StrEnum

USUAL_OBJECTIVE = 0.95


class TargetKind(StrEnum):
    """What is measured. Of each there is one row per period, version or run, judged at its own moment."""

    ARRIVAL = "arrival"  # the data of a period are there by a moment
    FRESHNESS = "freshness"  # a version is followed by the next within a time
    DURATION = "duration"  # a run ends within a time
    COMPLETENESS = "completeness"  # of the cells of a version's columns, at least a share is filled
    QUALITY = "quality"  # of the checks on a version, at least a share holds
    SUCCESS_RATE = "success_rate"  # of the runs, at least a share succeeds
    END_TO_END = "end_to_end"  # from what came in to what is published from it, within a time


TIMED = frozenset({TargetKind.FRESHNESS, TargetKind.DURATION, TargetKind.END_TO_END})
OF_RUNS = frozenset({TargetKind.DURATION, TargetKind.SUCCESS_RATE})
LEVELS = frozenset({TargetKind.COMPLETENESS, TargetKind.QUALITY})
BY_SHARE = LEVELS | {TargetKind.SUCCESS_RATE}  # one that is not kept is no breach: the share of all is what is promised


class Window(StrEnum):
    """Over which time kept and missed promises are counted: the last thirty days, or the calendar month."""

    ROLLING = "30d"
    MONTH = "month"


@dataclass(frozen=True, kw_only=True)
class Target:
    """One service level: of a dataset, or of the pipeline's runs where `dataset` is empty.

    `seconds` bounds what is timed, `level` is the least share of a version's cells or checks, `columns` are those
    whose cells count (none named: all). `objective` is the share of all judgements that are to be kept in the window.
    """

    kind: TargetKind
    dataset: str = ""
    seconds: int = 0
    level: float = 0.0
    columns: tuple[str, ...] = ()
    objective: float = USUAL_OBJECTIVE
    window: Window = Window.ROLLING
