"""What the page of one run shows: its steps over time, its data, its checks, who is hit."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.urls import reverse
from django.utils import timezone

from pipelines_app.access import discretion, redaction
from pipelines_app.models import (
    CheckResult,
    Dataset,
    Pipeline,
    Reject,
    Run,
    RunInput,
    RunState,
    Severity,
    StepRun,
    StepState,
    Trigger,
    TriggerKind,
    User,
    VersionState,
)
from pipelines_app.runs import lifecycle, standing
from pipelines_app.web import pictures, why, words
from pipelines_app.web.pictures import Lane, Stretch, TimeLine
from pipelines_app.web.run_log import Attempt
from pipelines_app.web.why import Piece

TABS = (("", "Steps"), ("checks", "Checks"), ("data", "Data in and out"), ("log", "Log"), ("attempts", "Attempts"))
WRONG = (StepState.FAILED, StepState.QUARANTINED, StepState.WARNED)
AGAIN = frozenset({RunState.FAILED, RunState.QUARANTINED, RunState.CANCELLED})


@dataclass(frozen=True)
class Trouble:
    """The worst step of a run: what happened, where, and what a person can do."""

    step: StepRun
    what: str
    why: str
    todo: str
    skipped: tuple[str, ...]


@dataclass(frozen=True)
class RunPage:
    """One run as its page shows it."""

    run: Run
    steps: list[StepRun]
    untold: int
    line: TimeLine
    took: timedelta | None
    usual: float | None
    ahead: int
    because: list[Piece]
    lacks: str
    trouble: Trouble | None
    checks: list[CheckResult]
    inputs: list[RunInput]
    hit: list[Pipeline]
    again: list[Run]
    is_live: bool
    may_run_again: bool

    @property
    def failing(self) -> int:
        return sum(not result.passed for result in self.checks)

    @property
    def every(self) -> int:
        """How many seconds until the page asks again."""
        return 2 if self.run.state == RunState.RUNNING else 5


def load(run: Run, user: User, attempts: Sequence[Attempt]) -> RunPage:
    """Gather the page; the number of queries does not grow with the run."""
    steps, inputs, untold = _seen(run, user)
    if untold:
        run.reason = discretion.without(run.reason, discretion.hidden_names(user))
    found = CheckResult.objects.filter(step_run__run=run).select_related("check_made__dataset", "step_run__dataset")
    results = list(found.filter(step_run__in=steps).order_by("passed", "step_run__position", "check_made__name"))
    redaction.veil(results, user)
    published = [step for step in steps if step.version and step.version.state == VersionState.PUBLISHED]
    outputs = [(step.dataset.name, reverse("console:dataset", args=[step.dataset.name])) for step in published]
    now = timezone.now()
    return RunPage(
        run=run,
        steps=steps,
        untold=untold,
        line=time_line(run, steps, attempts, results, now),
        took=((run.finished_at or now) - run.started_at) if run.started_at else None,
        usual=_usual(run),
        ahead=_ahead(run),
        because=why.because(run, user) + why.set_off(run, user, outputs),
        lacks=discretion.without(_lacks(run, steps), discretion.hidden_names(user)) if run.partial else "",
        trouble=trouble(steps),
        checks=results,
        inputs=inputs,
        hit=_readers(run, steps, user),
        again=list(run.again.order_by("-id")[:5]),
        is_live=run.state in lifecycle.LIVE,
        may_run_again=run.state in AGAIN,
    )


def _seen(run: Run, user: User) -> tuple[list[StepRun], list[RunInput], int]:
    """The steps and inputs of a run that a person may see, and how many steps they may not."""
    steps = list(run.steps.select_related("dataset", "version"))
    inputs = list(run.inputs.select_related("version__dataset").order_by("version__dataset__name"))
    about = [step.dataset for step in steps] + [pinned.version.dataset for pinned in inputs]
    if not any(dataset.restricted for dataset in about):
        return steps, inputs, 0
    seen = set(
        Dataset.objects.visible_to(user).filter(pk__in=[dataset.pk for dataset in about]).values_list("pk", flat=True)
    )
    shown = [step for step in steps if step.dataset_id in seen]
    return shown, [pinned for pinned in inputs if pinned.version.dataset_id in seen], len(steps) - len(shown)


def _lacks(run: Run, steps: Sequence[StepRun]) -> str:
    """What a partial run went on without, or else what the versions lack that it read."""
    read = [one.version.lacks for one in steps if one.version is not None and one.version.lacks]
    return run.lacks or " and ".join(dict.fromkeys(read))


def _usual(run: Run) -> float | None:
    runs = standing.last_runs([run.pipeline])[run.pipeline_id]
    return standing.usual(last for last in runs if last.pk != run.pk)


def _ahead(run: Run) -> int:
    if run.state != RunState.QUEUED:
        return 0
    return Run.objects.live().filter(pipeline=run.pipeline_id, pk__lt=run.pk).count()


def _readers(run: Run, steps: Sequence[StepRun], user: User) -> list[Pipeline]:
    """The other pipelines that start when what this run makes is published."""
    made = [step.dataset_id for step in steps]
    triggers = Trigger.objects.filter(kind=TriggerKind.DATASET, dataset__in=made).exclude(pipeline=run.pipeline_id)
    return list(Pipeline.objects.visible_to(user).filter(pk__in=triggers.values("pipeline")).order_by("name")[:20])


def trouble(steps: Sequence[StepRun]) -> Trouble | None:
    """The step that is the reason for the run's state, in words; none where all went well."""
    for state in WRONG:
        for step in steps:
            if step.state == state:
                said = words.saying(state).word.lower()
                outcome = f"{step.dataset.name} was published with warnings"
                if state != StepState.WARNED:
                    outcome = f"{step.dataset.name} {'was' if state == StepState.QUARANTINED else 'has'} {said}"
                skipped = tuple(one.dataset.name for one in steps if one.state == StepState.SKIPPED)
                return Trouble(step, outcome, step.error, step.todo or _todo(state), skipped)
    return None


def _todo(state: str) -> str:
    return {
        StepState.FAILED: "Look at the log, change the definition or the data, then run it again.",
        StepState.QUARANTINED: "Send a corrected file, or change the check and run it again.",
        StepState.WARNED: "Look at the rows that fail under Checks; correct the data, or the check.",
    }.get(StepState(state), "")


def time_line(
    run: Run, steps: Sequence[StepRun], attempts: Sequence[Attempt], results: Sequence[CheckResult], now: datetime
) -> TimeLine:
    """The steps from the start of the run: faint while they wait, a bar for each attempt and for checks."""
    span = Span(run.started_at or run.created_at, run.finished_at or now)
    tries: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        tries[attempt.dataset].append(attempt)
    judged: dict[int, list[CheckResult]] = defaultdict(list)
    for result in results:
        judged[result.step_run_id].append(result)
    lanes = []
    for step in steps:
        mine = tries[step.dataset.name]
        lanes.append(_lane(step, mine, span))
        if judged[step.pk] and mine:
            lanes.append(_checks_lane(step, mine[-1], judged[step.pk], span))
    return pictures.gantt(lanes)


@dataclass(frozen=True)
class Span:
    """The stretch of time that a picture shows."""

    begin: datetime
    end: datetime

    def at(self, moment: datetime) -> float:
        return max((moment - self.begin).total_seconds(), 0.0)


def _tried(attempts: Sequence[Attempt], span: Span) -> list[Stretch]:
    """A bar for each attempt that came to nothing, and the wait after it."""
    found = []
    for attempt, following in pairwise(attempts):
        ended = attempt.ended_at or following.at
        found.append(Stretch(span.at(attempt.at), span.at(ended), StepState.FAILED))
        found.append(Stretch(span.at(ended), span.at(following.at), StepState.WAITING, faint=True))
    last = attempts[-1] if attempts else None
    if last is not None and last.came_to_nothing and last.ended_at is not None:
        found.append(Stretch(span.at(last.at), span.at(last.ended_at), StepState.FAILED))
    return found


def _checks_lane(step: StepRun, attempt: Attempt, results: Sequence[CheckResult], span: Span) -> Lane:
    """The checks of a step, at the end of the attempt that they judged."""
    end = attempt.ended_at or step.finished_at or span.end
    wrong = [result for result in results if not result.passed]
    broken = {result.check_made.severity for result in wrong}
    state = "failed" if Severity.BLOCK in broken else "warned" if Severity.WARN in broken else "succeeded"
    start = max(span.at(end) - attempt.checks_seconds, span.at(attempt.at))
    number = f"{len(results):,} check{'' if len(results) == 1 else 's'}"
    note = f"{len(wrong):,} of {number} fail" if wrong else f"{number}, {words.duration(attempt.checks_seconds)}"
    return Lane(f"checks of {step.dataset.name}", [Stretch(start, span.at(end), state)], note=note, url="?tab=checks")


def _lane(step: StepRun, attempts: Sequence[Attempt], span: Span) -> Lane:
    at, now = span.at, span.end
    stretches = []
    first = attempts[0].at if attempts else step.started_at
    until = first or step.finished_at or now
    if step.ready_at and until > step.ready_at:
        stretches.append(Stretch(at(step.ready_at), at(until), StepState.WAITING, faint=True))
    stretches += _tried(attempts, span)
    if step.started_at and step.state != StepState.READY:
        stretches.append(Stretch(at(step.started_at), at(step.finished_at or now), step.state))
    url = reverse("console:dataset", args=[step.dataset.name])
    if not step.started_at:
        return Lane(step.dataset.name, stretches, note=words.saying(step.state).word.lower(), url=url)
    took = words.duration(max(step.finished_at or now, step.started_at) - step.started_at)
    note = f"{took}, attempt {step.attempt}" if step.attempt > 1 else took
    return Lane(step.dataset.name, stretches, note=note, url=url)


def rejects_of(run: Run, user: User) -> list[Reject]:
    """The first rows that were set aside, of the datasets that a person may see."""
    seen = Dataset.objects.visible_to(user)
    rows = Reject.objects.filter(step_run__run=run, step_run__dataset__in=seen).select_related("step_run__dataset")
    return list(rows.order_by("step_run__position", "line")[:100])
