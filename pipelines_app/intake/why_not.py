"""Why a pipeline has not run yet: for every period that waits, its conditions with those that hold ticked off."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pipelines_app.access import discretion
from pipelines_app.environments import mapping
from pipelines_app.models import Pipeline, Run, RunState, User, Waiting, WaitState
from pipelines_app.runs import limits

MOST = 50
THEN = {"wait": "it goes on waiting", "partial": "it runs with what is there", "skip": "the period is skipped"}


@dataclass(frozen=True, kw_only=True)
class Tick:
    """One condition in words, and whether it holds; where it depends on others, those."""

    text: str
    holds: bool
    at: datetime | None = None
    parts: tuple["Tick", ...] = ()


@dataclass(frozen=True, kw_only=True)
class Why:
    """One period of a pipeline that has not run, or only with a part: since when, on what, until when."""

    period: str
    state: str
    since: datetime
    ticks: tuple[Tick, ...]
    at_latest: datetime | None = None
    then: str = ""
    overdue: bool = False
    run: int | None = None
    lacks: tuple[str, ...] = field(default=())


def of(pipeline: Pipeline, user: User, *, now: datetime) -> list[Why]:
    """What waits, the longest waiting first: periods by the policy, and runs that are queued; four queries."""
    waits = Waiting.objects.open().filter(pipeline=pipeline).order_by("since", "id")[:MOST]
    queued = list(Run.objects.filter(pipeline=pipeline, state=RunState.QUEUED).order_by("-priority", "id")[:MOST])
    running = list(Run.objects.filter(pipeline=pipeline, state=RunState.RUNNING).values_list("pk", flat=True)[:MOST])
    hidden = discretion.hidden_names(user)
    full = limits.obstacle(pipeline, mapping.production()) if queued else ""
    return [
        *(_of_wait(wait, pipeline, now, hidden) for wait in waits),
        *(_of_queued(run, pipeline, running, place, full) for place, run in enumerate(queued)),
    ]


def _of_wait(wait: Waiting, pipeline: Pipeline, now: datetime, hidden: frozenset[str]) -> Why:
    inputs = tuple(_input(one, hidden) for one in wait.inputs)
    met = sum(tick.holds for tick in inputs)
    number = len(inputs)
    wanted = "All inputs are there" if wait.needed >= number else f"At least {wait.needed} of {number} inputs are there"
    ticks = [Tick(text=wanted, holds=met >= wait.needed, parts=inputs)]
    if wait.not_before is not None:
        ticks.append(Tick(text="Not before", holds=now >= wait.not_before, at=wait.not_before))
    return Why(
        period=wait.period,
        state=wait.state,
        since=wait.since,
        ticks=(*ticks, _goes_on(pipeline)),
        at_latest=wait.at_latest if wait.state == WaitState.WAITING else None,
        then=THEN.get(wait.then, ""),
        overdue=wait.overdue,
        run=wait.run_id,
        lacks=tuple(tick.text for tick in inputs if not tick.holds),
    )


def _goes_on(pipeline: Pipeline) -> Tick:
    return Tick(text="The pipeline is not paused", holds=pipeline.paused_at is None)


def _input(condition: dict[str, Any], hidden: frozenset[str]) -> Tick:
    name = str(condition["dataset"])
    wanted, come, missing = int(condition["wanted"]), int(condition["come"]), list(condition["missing"])
    if name in hidden:
        return Tick(text=discretion.UNTOLD, holds=come >= wanted)
    if wanted == 1:
        return Tick(text=name, holds=come >= wanted)
    lacks = _listed(missing, wanted - come)
    return Tick(text=f"{name}: {come:,} of {wanted:,}{lacks}", holds=come >= wanted)


def _listed(missing: Iterable[str], number: int) -> str:
    named = list(missing)[:5]
    if not number:
        return ""
    more = f" and {number - len(named):,} more" if number > len(named) else ""
    return f", without {', '.join(named)}{more}"


def _of_queued(run: Run, pipeline: Pipeline, running: list[int], place: int, full: str) -> Why:
    first = "Nothing runs before it" if not place else f"{place:,} queued before it"
    busy = f"Run {running[0]} is over" if running else "No other run of the pipeline is at work"
    ticks = (
        _goes_on(pipeline),
        Tick(text=busy, holds=not running),
        Tick(text=first, holds=not place),
        *([Tick(text=f"It waits {full}", holds=False)] if full.startswith("for a place") else []),
    )
    return Why(period=run.period, state=run.state, since=run.created_at, ticks=ticks, run=run.pk)
