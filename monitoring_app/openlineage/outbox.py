"""Which events are told to others: written down in the transaction that hands the event over."""

from django.conf import settings

from monitoring_app.models import Emission
from monitoring_app.openlineage import saying
from monitoring_app.openlineage.facets import Json
from monitoring_app.openlineage.saying import Happening
from pipelines_app import events
from pipelines_app.facts import DataQuarantined, DatasetPublished, Fact, RunMoved, StepEnded, StepReused, StepStarted
from pipelines_app.models import DatasetVersion, Event, Run, RunState, StepRun, StepState

CONSUMER = "openlineage"
RUNS = {
    RunState.RUNNING: "START",
    RunState.SUCCEEDED: "COMPLETE",
    RunState.WARNED: "COMPLETE",
    RunState.FAILED: "FAIL",
    RunState.QUARANTINED: "FAIL",
    RunState.CANCELLED: "ABORT",
}
STEPS = {StepState.FAILED: "FAIL", StepState.CANCELLED: "ABORT"}


def _unheard(fact: Fact) -> bool:
    """Nobody is told where no address is set, and nothing is told twice or of what never began."""
    if not settings.OPENLINEAGE_URL:
        return True
    match fact:
        case RunMoved(state=state):
            return state not in RUNS
        case StepStarted(attempt=attempt):
            return attempt > 1
        case StepEnded(state=state):
            return state not in STEPS
    return False


@events.hears(
    *(RunMoved, StepStarted, StepReused, StepEnded, DatasetPublished, DataQuarantined),
    ignores=_unheard,
)
def hear(event: Event, fact: Fact) -> str:
    """Write down what is to be sent about a fact."""
    body = _said(event, fact)
    if body is None:
        return "ignored: it never began"
    Emission.objects.get_or_create(event=event, defaults={"run": event.run or 0, "body": body})
    return "written down, to be sent"


def _said(event: Event, fact: Fact) -> Json | None:
    match fact:
        case RunMoved(run=pk, state=state, because=because):
            run = Run.objects.select_related("pipeline__team").get(pk=pk)
            if run.started_at is None and state != RunState.RUNNING:
                return None
            kind = RUNS[RunState(state)]
            why = because if kind in {"FAIL", "ABORT"} else ""
            return saying.of_run(run, Happening(kind=kind, at=event.at, because=why))
        case StepStarted():
            return saying.of_step(_step(event), Happening(kind="START", at=event.at))
        case DatasetPublished(version=version) | StepReused(version=version):
            made = DatasetVersion.objects.get(pk=version)
            return saying.of_step(_step(event), Happening(kind="COMPLETE", at=event.at), made)
        case DataQuarantined(because=because, version=version):
            held = DatasetVersion.objects.get(pk=version) if version is not None else None
            return saying.of_step(_step(event), Happening(kind="FAIL", at=event.at, because=because), held)
        case StepEnded(state=state, because=because):
            step, kind = _step(event), STEPS[StepState(state)]
            if step.started_at is None:
                return None
            return saying.of_step(step, Happening(kind=kind, at=event.at, because=because))
    return None


def _step(event: Event) -> StepRun:
    about = StepRun.objects.select_related("run__pipeline__team", "dataset__team")
    return about.get(run=event.run, dataset__name=event.dataset)
