"""What starts a pipeline beside data that arrive, as values: the clock, and datasets of other tools."""

from dataclasses import dataclass
from enum import StrEnum


class CatchUp(StrEnum):
    """Which of the ticks that were missed are made up for."""

    LATEST = "latest"
    ALL = "all"
    NONE = "none"


class Stands(StrEnum):
    """The period that a tick of the clock stands for: the one that ended last before it, or the one it lies in."""

    PREVIOUS = "previous"
    CURRENT = "current"


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When the clock starts a pipeline."""

    cron: str
    timezone: str
    catch_up: CatchUp = CatchUp.LATEST
    period: Stands = Stands.PREVIOUS


@dataclass(frozen=True, kw_only=True)
class Listening:
    """A dataset of another tool, as OpenLineage names it, whose completion starts a pipeline.

    `period` points into the event to what gives the period: a key, or a moment within it.
    """

    namespace: str
    dataset: str
    period: str = "/run/facets/nominalTime/nominalStartTime"
