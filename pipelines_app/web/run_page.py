"""What the page of one run shows: its steps over time, its data, its checks, who is hit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone

from pipelines_app.models import (
    CheckResult,
    Pipeline,
    Reject,
    Run,
    RunInput,
    RunState,
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


@dataclass(frozen=True)
class RunPage:
    """One run as its page shows it."""

    run: Run
    steps: list[StepRun]
    line: TimeLine
    took: timedelta | None
    usual: float | None
    ahead: int
    because: list[Piece]
    trouble: Trouble | None
    checks: list[CheckResult]
    inputs: list[RunInput]
    hit: list[Pipeline]
    is_live: bool
    may_run_again: bool

    @property
    def failing(self) -> int:
        return sum(not result.passed for result in self.checks)

    @property
    def every(self) -> int:
        """How many seconds until the page asks again."""
        return 2 if self.run.state == RunState.RUNNING else 5


def load(run: Run, user: User) -> RunPage:
    """Gather the page; the number of queries does not grow with the run."""
    steps = list(run.steps.select_related("dataset", "version"))
    results = CheckResult.objects.filter(step_run__run=run).select_related("check_made", "step_run__dataset")
    inputs = list(run.inputs.select_related("version__dataset").order_by("version__dataset__name"))
    published = [step for step in steps if step.version and step.version.state == VersionState.PUBLISHED]
    outputs = [(step.dataset.name, reverse("console:dataset", args=[step.dataset.name])) for step in published]
    now = timezone.now()
    return RunPage(
        run=run,
        steps=steps,
        line=time_line(run, steps, now),
        took=((run.finished_at or now) - run.started_at) if run.started_at else None,
        usual=_usual(run),
        ahead=_ahead(run),
        because=why.because(run, user) + why.set_off(run, user, outputs),
        trouble=trouble(steps),
        checks=list(results.order_by("passed", "step_run__position", "check_made__name")),
        inputs=inputs,
        hit=_readers(run, steps, user),
        is_live=run.state in lifecycle.LIVE,
        may_run_again=run.state in AGAIN,
    )


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
                return Trouble(step, outcome, step.error, step.todo or _todo(state))
    return None


def _todo(state: str) -> str:
    return {
        StepState.FAILED: "Look at the log, change the definition or the data, then run it again.",
        StepState.QUARANTINED: "Send a corrected file, or change the check and run it again.",
        StepState.WARNED: "Look at the rows that fail under Checks; correct the data, or the check.",
    }.get(StepState(state), "")


def time_line(run: Run, steps: Sequence[StepRun], now: datetime) -> TimeLine:
    """The steps from the start of the run: faint while they wait for their turn, in colour while they work."""
    begin = run.started_at or run.created_at
    return pictures.gantt([_lane(step, begin, run.finished_at or now) for step in steps])


def _lane(step: StepRun, begin: datetime, now: datetime) -> Lane:
    def at(moment: datetime) -> float:
        return max((moment - begin).total_seconds(), 0.0)

    stretches = []
    until = step.started_at or step.finished_at or now
    if step.ready_at and until > step.ready_at:
        stretches.append(Stretch(at(step.ready_at), at(until), StepState.WAITING, faint=True))
    if step.started_at:
        stretches.append(Stretch(at(step.started_at), at(step.finished_at or now), step.state))
    url = reverse("console:dataset", args=[step.dataset.name])
    if not step.started_at:
        return Lane(step.dataset.name, stretches, note=words.saying(step.state).word.lower(), url=url)
    took = words.duration(max(step.finished_at or now, step.started_at) - step.started_at)
    return Lane(step.dataset.name, stretches, note=took, url=url)


def rejects_of(run: Run) -> list[Reject]:
    """The first rows that were set aside."""
    rows = Reject.objects.filter(step_run__run=run).select_related("step_run__dataset")
    return list(rows.order_by("step_run__position", "line")[:100])
