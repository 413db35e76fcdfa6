"""What the sweep does for runs: steps whose worker died, runs that nobody started, attempts that left files behind."""

from pipelines_app import failpoints, singly, wake
from pipelines_app.compiler.definition import Effort, RetryOn
from pipelines_app.environments import mapping
from pipelines_app.models import Pipeline, StepRun
from pipelines_app.runs import execution, leases, limits, planning, publishing, retrying, staging
from pipelines_app.runs.leases import Claim
from pipelines_app.runs.publishing import Failure, Fenced


def recover() -> int:
    """Give every step whose lease ended another attempt, or fail it with the reason; says how many there were."""
    return singly.each(leases.expired(), _recover_one)


def _recover_one(step: StepRun) -> None:
    because = f"{step.owner or 'its worker'} gave no sign of life for longer than its lease"
    try:
        if step.attempt < retrying.attempts(_effort(step)):
            wait = retrying.back_off(RetryOn.PLATFORM, step.attempt)
            execution.again(step, epoch=step.epoch, because=because, wait=wait)
        else:
            _give_up(step, because)
        failpoints.reach("in_recovery")
    except Fenced:
        return  # it came back to life, or another sweep was first


def _effort(step: StepRun) -> Effort:
    """What the run's revision says of the attempts of a step: a worker that is lost takes one of them."""
    return staging.compiled_step(Claim(step=step, epoch=step.epoch, owner=step.owner)).effort


def _give_up(step: StepRun, because: str) -> None:
    claim = Claim(step=step, epoch=step.epoch, owner=step.owner)
    todo = "Look at the memory this step needs and at the workers' own log, then run it again."
    publishing.fail(claim, Failure(kind="worker", message=f"{because}, {step.attempt} times", todo=todo))


def ring_again() -> int:
    """Ring for steps that are ready and for runs that could start; says for how many."""
    ready = leases.ready()
    for pk in ready:
        wake.ring(wake.STEP, pk, again=True)
    running = dict(limits.longing(mapping.production()))

    def start_if_it_may(pipeline: Pipeline) -> bool:
        may = running[pipeline] < limits.at_once(pipeline)
        if may:
            planning.start_next(pipeline)
        return may

    return len(ready) + singly.each(running, start_if_it_may)
