"""From a queued run to its steps: what must be made, from which versions, and what has to wait."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from django.db.models import Exists, OuterRef
from django.utils import timezone

from pipelines_app import events, locks
from pipelines_app.compiler import checks, periods, starting
from pipelines_app.compiler.compiled import Compiled, CompiledStep, StepKind
from pipelines_app.compiler.definition import Materialisation, Mode, StartWhen
from pipelines_app.environments import mapping
from pipelines_app.facts import DatasetPublished, PipelineRevised, RunRequested, RunWasPartial, StepHeld, WaitEnded
from pipelines_app.facts_outside import ForeignCompleted, ScheduleTicked
from pipelines_app.models import (
    Arrival,
    Dataset,
    DatasetVersion,
    Environment,
    Event,
    Pipeline,
    Run,
    RunInput,
    RunState,
    StepRun,
    StepState,
)
from pipelines_app.prepared import Change, Given, Prepared, Several, add
from pipelines_app.runs import dispositions, ending, hands, inputs, lifecycle, limits, repeating, taking
from pipelines_app.runs.limits import Standing
from pipelines_app.runs.recipes import compiled as compiled
from pipelines_app.runs.recipes import compiled_for, misfit
from pipelines_app.runs.repeating import Repetition
from pipelines_app.transactions import joined

# Whoever asks, be it a person, the clock or another tool, asks for every step that can run.
ASKED = {RunRequested.kind, PipelineRevised.kind, ScheduleTicked.kind, ForeignCompleted.kind}


def compiled_of(run: Run) -> Compiled:
    """What the run's revision compiled to, with the parameters that the run was given, for the engine it is on."""
    return compiled_for(run.revision_id, run.parameters, lambda: run.environment.engine)


_to_hold = Prepared(lambda: locks.held(Pipeline.objects.select_related("team").filter(pk=Given("pk"))))
_free_to_hold = Prepared(lambda: locks.free(Pipeline.objects.select_related("team").filter(pk=Given("pk"))))
_of_running_period = Exists(
    Run.objects.filter(
        pipeline=OuterRef("pipeline"),
        environment=OuterRef("environment"),
        period=OuterRef("period"),
        state=RunState.RUNNING,
    )
)
_waiting = Prepared(
    lambda: locks.held(
        Run.objects.filter(pipeline=Given("pipeline"), environment=Given("environment"), state=RunState.QUEUED)
        .exclude(_of_running_period)
        .select_related("cause", "environment")
    ).order_by("-priority", "id")[:1]
)
_taken = Change(lambda: Arrival.objects.filter(pk__in=Several("arrivals")), run=Given("run"))


def hold(pipeline: Pipeline) -> Pipeline:
    """Make whoever else would queue or start a run of the pipeline wait for this transaction; gives it as it is now.

    Its queued runs come after it. Who starts several pipelines holds all of them first: see `locks`.
    """
    held = _to_hold.first(pk=pipeline.pk)
    if held is None:
        raise Pipeline.DoesNotExist(f"{pipeline} is not there any more.")
    return held


@joined
def start_next(pipeline: Pipeline) -> None:
    """Start the pipeline's oldest queued run unless one is running or the pipeline is paused."""
    start_held(hold(pipeline))


def start_held(pipeline: Pipeline) -> None:
    """The same for a pipeline that this transaction holds."""
    environment = mapping.production()
    now = limits.standing(pipeline, environment)
    if limits.are_shared(pipeline, now):
        _start_fairly(pipeline, environment, now)
        return
    while _start_one(pipeline, environment, now):
        now = limits.standing(pipeline, environment)


def _start_fairly(pipeline: Pipeline, environment: Environment, now: Standing) -> None:
    """Give the places that this pipeline shares with others to whose turn it is, as long as there are any.

    Another pipeline that somebody holds is passed over: he will ask for its place himself, after this transaction.
    """
    limits.hold_shared(pipeline, environment, now)
    sharing = limits.waiting(environment)
    if now.environment_max is None:
        sharing = sharing.filter(team=pipeline.team_id)
    while limits.any_shared_place(pipeline, environment, now) and any(
        _start_other(one, pipeline, environment) for one in sharing.all()
    ):
        pass  # each start changes whose turn it is


def _start_other(found: Pipeline, held: Pipeline, environment: Environment) -> bool:
    other = held if found.pk == held.pk else _free_to_hold.first(pk=found.pk)
    return other is not None and _start_one(other, environment, limits.standing(other, environment))


def _start_one(pipeline: Pipeline, environment: Environment, now: Standing) -> bool:
    if not now.any_waits or not limits.has_room(pipeline, environment, now):
        return False
    run = _waiting.first(pipeline=pipeline.pk, environment=environment.pk)
    if run is None:
        return False
    run.pipeline = pipeline
    if not run.keeps_revision:
        run.revision_id = pipeline.revision_in_force
    taken, left = taking.batch(run)
    if left:
        run, started = taking.go_before(run, taken, left[0])
    else:
        started = lifecycle.move(run, RunState.RUNNING, cause=run.cause)
        dispositions.consumed(run)
    begin(run, cause=started, taken=taken)
    return True


def begin_at_once(run: Run, *, cause: Event) -> None:
    """The same for a run that nothing was before; what is too much for it waits for one after it."""
    taken, left = taking.batch(run)
    if left:
        taking.follow(run, left[0])
    begin(run, cause=cause, causes=[run.cause], taken=taken)


def begin(run: Run, *, cause: Event, taken: list[Arrival], causes: Sequence[Event] | None = None) -> None:
    """Plan a run that has just started and takes these arrivals; one that has nothing to do is over at once.

    `causes` are the events that it is for, where the caller knows all of them.
    """
    unfit = misfit(run.revision_id, run.parameters) if run.parameters else ""
    if unfit:
        Arrival.objects.filter(pk__in=[arrival.pk for arrival in taken]).update(run=run)
        ending.finish_unfit(run, because=unfit, cause=cause)
    elif not plan(run, taken, causes):
        ending.finish_empty(run, cause=cause)


def plan(run: Run, taken: list[Arrival], causes: Sequence[Event] | None = None) -> int:
    """Write the run's steps and pin what they read; says how many steps there are."""
    outline = draw(run, taken, causes)
    _tell_partial(run, outline)
    known = dataset_ids(run.revision_id)
    steps = []
    for position, step in enumerate(outline.steps):
        follows = {name for name in step.inputs if name in outline.made}
        steps.append(
            StepRun(
                run=run,
                position=position,
                dataset_id=known[step.dataset],
                kind=step.kind,
                state=StepState.WAITING if follows else StepState.READY,
                ready_at=None if follows else timezone.now(),
                team_id=run.pipeline.team_id,
                priority=run.priority,
                missing=len(follows),
            )
        )
    add(steps)
    add([RunInput(run=run, version=version) for version in outline.pins.values()])
    if outline.arrivals:
        _taken.make(arrivals=[arrival.pk for arrival in outline.arrivals], run=run.pk)
    for held, missing in outline.held.items():
        fact = StepHeld(run=run.pk, pipeline=run.pipeline.name, dataset=held, missing=missing)
        events.record(fact, cause=run.cause)
    hands.go_on([step_run.pk for step_run in steps if step_run.state == StepState.READY])
    return len(steps)


@lru_cache(maxsize=256)
def dataset_ids(revision: int) -> dict[str, int]:
    """The ids of the datasets that a revision makes or reads; they never change."""
    recipe = compiled(revision)
    names = {step.dataset for step in recipe.steps} | {name for step in recipe.steps for name in step.inputs}
    return dict(Dataset.objects.filter(name__in=names).values_list("name", "pk"))


@lru_cache(maxsize=256)
def readers(revision: int) -> dict[int, tuple[int, ...]]:
    """By dataset, the datasets whose steps in this revision read it."""
    ids, found = dataset_ids(revision), defaultdict[int, list[int]](list)
    for step in compiled(revision).steps:
        for name in set(step.inputs) & ids.keys():
            found[ids[name]].append(ids[step.dataset])
    return {dataset: tuple(below) for dataset, below in found.items()}


class Outside:
    """What a run can read that it does not make itself; asked for only where a step reads some of it."""

    def __init__(self, run: Run, recipe: Compiled, repeated: Repetition | None) -> None:
        self._run, self._recipe, self._repeated = run, recipe, repeated

    @cached_property
    def datasets(self) -> dict[str, Dataset]:
        names = {step.dataset for step in self._recipe.steps} | set(self._recipe.external)
        return {dataset.name: dataset for dataset in Dataset.objects.filter(name__in=names)}

    @cached_property
    def readable(self) -> set[str]:
        """One may have been restricted since the revision was registered: the step waits, and its log says for what."""
        team = self._run.pipeline.team_id
        return {name for name, dataset in self.datasets.items() if dataset.team_id == team or not dataset.restricted}

    @cached_property
    def versions(self) -> dict[str, DatasetVersion]:
        """The version to read of each that is there: as readers see it, or as the run that is done again read it."""
        readable = {name: self.datasets[name] for name in self.readable}
        current = mapping.current(self._run.environment, list(readable.values()))
        found = {name: current[dataset.pk] for name, dataset in readable.items() if dataset.pk in current}
        again = self._repeated.pins if self._repeated is not None else {}
        return found | {name: version for name, version in again.items() if name in readable}


@dataclass(kw_only=True)
class Outline:
    """What a run would do: its steps in order, the versions it would read, and the steps that must wait for what."""

    outside: Outside
    arrivals: list[Arrival]
    steps: list[CompiledStep] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    pins: dict[str, DatasetVersion] = field(default_factory=dict)
    held: dict[str, list[str]] = field(default_factory=dict)


def draw(run: Run, taken: list[Arrival], causes: Sequence[Event] | None = None) -> Outline:
    """Decide the steps of a run from its revision, its causes and what it takes in. Writes nothing."""
    recipe = compiled_of(run)
    repeated = repeating.of(run, recipe)
    arrivals = taken if repeated is None else repeating.arrivals(run)
    outline = Outline(outside=Outside(run, recipe, repeated), arrivals=arrivals)
    left = _left_for_the_end(run, recipe, outline.outside)
    caused = _roots_of_causes(run, recipe, causes)
    roots = {arrival.dataset.name for arrival in arrivals} | caused
    for step in recipe.steps if caused or not starting.holds_back(recipe) else _loads(recipe):
        if step.dataset not in left and _is_affected(step, roots, outline, run, repeated):
            _admit(step, outline, run)
    return outline


def _left_for_the_end(run: Run, recipe: Compiled, outside: Outside) -> set[str]:
    """What a period of a backfill does not make: datasets made anew as a whole are made once, when all are there."""
    if run.backfill_id is None or not run.period:
        return set()
    return whole_steps(recipe) - {
        name for step in recipe.steps if makes_by_period(step) for name in step.inputs if name not in outside.versions
    }


def whole_steps(recipe: Compiled) -> set[str]:
    """What is made anew as a whole whenever anything it reads has changed."""
    return {step.dataset for step in recipe.steps if step.kind is StepKind.TRANSFORM and not makes_by_period(step)}


def makes_by_period(step: CompiledStep) -> bool:
    """Whether the step makes one period of its dataset at a time."""
    return step.by_period


def _loads(recipe: Compiled) -> list[CompiledStep]:
    """What a file is for at once where the policy holds the queries back: it is loaded."""
    return [step for step in recipe.steps if step.kind is StepKind.LOAD]


def _roots_of_causes(run: Run, recipe: Compiled, known: Sequence[Event] | None) -> set[str]:
    causes = [(event.kind, event.dataset) for event in (run.causes.only("kind", "dataset") if known is None else known)]
    roots = {dataset for kind, dataset in causes if kind == DatasetPublished.kind}
    waited = recipe.definition.start.when is StartWhen.ALL or starting.holds_back(recipe)
    if (roots and waited) or any(kind == WaitEnded.kind for kind, _ in causes):
        roots |= {*recipe.external, *starting.awaited(recipe)}  # what was there before waited for what starts it
    if run.backfill_id or any(kind in ASKED for kind, _ in causes):
        roots |= {name for step in recipe.steps for name in step.inputs}
    return roots


def _is_affected(step: CompiledStep, roots: set[str], outline: Outline, run: Run, repeated: Repetition | None) -> bool:
    if step.kind is StepKind.LOAD:
        return step.dataset in {arrival.dataset.name for arrival in outline.arrivals}
    if repeated is not None:
        begins = step.dataset in repeated.roots
        return fits(step, run.period) and (begins or any(name in outline.made for name in step.inputs))
    return fits(step, run.period) and any(name in roots or name in outline.made for name in step.inputs)


def plans_all_readers(run: Run, *, version: int) -> bool:
    """Whether every step that such a run can have and that reads the dataset of this version is among its steps."""
    dataset = DatasetVersion.objects.values_list("dataset__name", flat=True).get(pk=version)
    readers = {step.dataset for step in compiled_of(run).steps if dataset in step.inputs and fits(step, run.period)}
    return readers <= set(run.steps.values_list("dataset__name", flat=True))


def fits(step: CompiledStep, period: str) -> bool:
    """Whether a run of this period may have the transformation: one by period only its own kind of period."""
    return not step.by_period or periods.is_valid(step.period, period)


def _admit(step: CompiledStep, outline: Outline, run: Run) -> None:
    outside = [name for name in step.inputs if name not in outline.made]
    missing = [name for name in outside if not _is_there(name, step, outline, run)]
    barred = _barred(step, run)
    if barred:
        outline.held[step.dataset] = barred
        return
    if missing and not _goes_without(missing, step, outline, run):
        outline.held[step.dataset] = missing
        return
    outline.steps.append(step)
    outline.made.add(step.dataset)
    if outside:
        versions = outline.outside.versions
        outline.pins.update({name: versions[name] for name in outside if name in versions})


def _barred(step: CompiledStep, run: Run) -> list[str]:
    """What its checks may look at no more: since the revision was registered, another team keeps it to itself."""
    named = {name for spec in step.checks for name in checks.datasets(spec)} - {step.dataset}
    if not named:
        return []
    hidden = Dataset.objects.filter(name__in=named, restricted=True).exclude(team=run.pipeline.team_id)
    return list(hidden.order_by("name").values_list("name", flat=True))


def _goes_without(missing: list[str], step: CompiledStep, outline: Outline, run: Run) -> bool:
    """Whether the policy lets a step run with a part of what it reads, the rest being empty."""
    if not starting.tolerates(compiled_of(run).definition.start):
        return False
    return outline.outside.readable.issuperset(missing) and len(missing) < len(step.inputs)


def _tell_partial(run: Run, outline: Outline) -> None:
    """Mark a run that goes on without some of the inputs that its policy names."""
    recipe = compiled_of(run)
    makes = any(step.kind is StepKind.TRANSFORM for step in outline.steps)
    if not makes or not starting.tolerates(recipe.definition.start):
        return
    weighed = inputs.weigh(recipe, inputs.kind_of(recipe, run.period), run.period)
    lacks = [one.lacks for one in weighed.conditions if not one.is_met and one.dataset not in outline.made]
    if not lacks:
        return
    run.partial, run.lacks = True, " and ".join(lacks)[:500]
    Run.objects.filter(pk=run.pk).update(partial=True, lacks=run.lacks)
    fact = RunWasPartial(run=run.pk, pipeline=run.pipeline.name, period=run.period, lacks=run.lacks)
    events.record(fact, cause=run.cause)


def _is_there(name: str, step: CompiledStep, outline: Outline, run: Run) -> bool:
    if name not in outline.outside.versions:
        return False
    dataset = outline.outside.datasets[name]
    return not reads_period(step, dataset) or mapping.has_period(run.environment, dataset, run.period)


def reads_period(step: CompiledStep, dataset: Dataset) -> bool:
    """Whether the step reads only the run's period of the dataset, not all of it."""
    return starting.reads_part(step, dataset.period_kind)


def appends(pipeline: Pipeline, dataset: str) -> bool:
    """Whether each arrival for this source adds to it, so that a newer one replaces none."""
    steps = compiled(pipeline.current_id or 0).steps
    return any(step.dataset == dataset and mode_of(step) is Mode.APPEND for step in steps)


def mode_of(step: CompiledStep) -> Mode:
    """How the step's output joins what the dataset holds already."""
    if step.source is not None:
        return step.source.mode
    return MODES.get(step.materialise, Mode.REPLACE)


MODES = {Materialisation.INCREMENTAL: Mode.PARTITION, Materialisation.APPEND: Mode.APPEND}
