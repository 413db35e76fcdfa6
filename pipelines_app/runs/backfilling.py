"""Making a range of periods afterwards: say exactly what would run, then run it, oldest first and after live data."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from pipelines_app import events, locks, singly
from pipelines_app.access import audit
from pipelines_app.compiler import periods, starting
from pipelines_app.compiler.compiled import Compiled, CompiledStep, StepKind
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.environments import mapping
from pipelines_app.errors import IllegalMove, LostRace, PeriodInvalid
from pipelines_app.facts import BackfillMoved, BackfillRequested, RunRequested
from pipelines_app.models import (
    Arrival,
    ArrivalState,
    Backfill,
    BackfillMode,
    BackfillPeriod,
    BackfillState,
    Current,
    Dataset,
    Event,
    Increment,
    Part,
    Pipeline,
    Run,
    RunState,
)
from pipelines_app.runs import cancelling, planning, queue, rerunning

WRONG = frozenset({RunState.FAILED, RunState.QUARANTINED, RunState.CANCELLED})
GIVEN_BACK = [ArrivalState.FAILED, ArrivalState.QUARANTINED]
AT_ONCE = 2  # one that runs and one that is next: pausing is felt at once, and live data wait for one run at most


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One period of a range, and why it runs, why it need not, or why it cannot."""

    period: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Exactly what a backfill would do: what runs, what cannot, what is left as it is, and what is made at the end."""

    first: str
    last: str
    mode: str
    runs: tuple[Verdict, ...]
    cannot: tuple[Verdict, ...]
    kept: tuple[Verdict, ...]
    at_the_end: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Past:
    """What is known of a pipeline's periods: what each dataset has, how each last ran, what can be brought back."""

    has: dict[str, set[str]]
    there: set[str]
    kinds: dict[str, str]
    last: dict[str, Run]
    good: dict[str, Run]
    given_back: dict[str, list[Arrival]]


def plan(pipeline: Pipeline, *, first: str, last: str, mode: str = BackfillMode.MISSING) -> Plan:
    """Judge every period of a range, writing nothing; raises PeriodInvalid for a range that is none or too long."""
    recipe = planning.compiled(pipeline.revision_in_force)
    kind = _kind(pipeline, recipe, first, last)
    keys = list(_keys(kind, first, last))
    steps = [step for step in recipe.steps if step.kind is StepKind.TRANSFORM and step.period is kind]
    past = _past(pipeline, recipe, kind, first, last)
    sorted_out: dict[str, list[Verdict]] = defaultdict(list)
    for key in keys:
        where, reason = _judge(key, steps, past, mode, pipeline)
        sorted_out[where].append(Verdict(period=key, reason=reason))
    return Plan(
        first=first,
        last=last,
        mode=mode,
        runs=tuple(sorted_out["runs"]),
        cannot=tuple(sorted_out["cannot"]),
        kept=tuple(sorted_out["kept"]),
        at_the_end=tuple(sorted(planning.whole_steps(recipe))),
    )


def _kind(pipeline: Pipeline, recipe: Compiled, first: str, last: str) -> PeriodKind:
    known = [kind for kind in starting.kinds(recipe) if kind is not PeriodKind.NONE]
    if not known:
        raise PeriodInvalid(f"{pipeline} makes nothing by period: there is no range to fill.", todo="Run it instead.")
    found = next((kind for kind in known if periods.is_valid(kind, first) and periods.is_valid(kind, last)), None)
    if found is None:
        examples = " or ".join(periods.EXAMPLES[kind] for kind in known)
        raise PeriodInvalid(
            f"{pipeline} runs by {' or '.join(known)}; {first!r} to {last!r} is no range of those.",
            todo=f"Give both as {examples}.",
        )
    if first > last:
        raise PeriodInvalid(f"{last} is before {first}.", todo="Give the oldest period first.")
    return found


def _keys(kind: PeriodKind, first: str, last: str) -> Iterator[str]:
    key, number = first, 1
    yield key
    while key != last:
        if number == settings.BACKFILL_MOST_PERIODS:
            raise PeriodInvalid(
                f"From {first} to {last} are more than {settings.BACKFILL_MOST_PERIODS:,} periods, the most that one "
                "backfill takes.",
                todo="Ask for a shorter range, one after the other.",
            )
        key, number = periods.following(kind, key), number + 1
        yield key


def _past(pipeline: Pipeline, recipe: Compiled, kind: PeriodKind, first: str, last: str) -> _Past:
    names = {step.dataset for step in recipe.steps} | set(recipe.external)
    within = {"period__gte": first, "period__lt": f"{last}Z"}  # and finer periods of the last one
    has: dict[str, set[str]] = defaultdict(set)
    live = Part.objects.live().filter(environment=mapping.production(), dataset__name__in=names, **within)
    brought = Increment.objects.filter(environment=mapping.production(), dataset__name__in=names, **within)
    for rows in (live, brought):
        for name, period in rows.values_list("dataset__name", "period").distinct():
            has[name].add(starting.widened(period, kind))
    current = Current.objects.filter(environment=mapping.production(), dataset__name__in=names)
    runs = Run.objects.filter(pipeline=pipeline, **within).select_related("revision")
    ended = list(runs.defer("revision__document", "revision__compiled").order_by("id"))
    waiting = Arrival.objects.filter(dataset__pipeline=pipeline, state__in=GIVEN_BACK, **within)
    given_back: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in waiting.select_related("dataset").order_by("id"):
        given_back[arrival.period].append(arrival)
    return _Past(
        has=has,
        there=set(current.values_list("dataset__name", flat=True)),
        kinds=dict(Dataset.objects.filter(name__in=names).values_list("name", "period_kind")),
        last={run.period: run for run in ended},
        good={run.period: run for run in ended if run.state in {RunState.SUCCEEDED, RunState.WARNED}},
        given_back=given_back,
    )


def _judge(key: str, steps: list[CompiledStep], past: _Past, mode: str, pipeline: Pipeline) -> tuple[str, str]:
    """Where a period goes (runs, cannot or kept), and why."""
    makes, lacks = _possible(key, steps, past, mode)
    missing = [name for name in makes if key not in past.has[name]]
    last = past.last.get(key)
    failed = last is not None and last.state in WRONG
    if last is not None and failed and mode != BackfillMode.MISSING and (makes or past.given_back.get(key)):
        return "runs", f"failed: run {last.pk} was {last.get_state_display().lower()}"
    if missing:
        return "runs", f"missing: {' and '.join(missing)}"
    if makes and mode == BackfillMode.ALL:
        made_by = past.good.get(key)
        older = made_by is not None and made_by.revision_id != pipeline.current_id
        number = made_by.revision.number if made_by is not None else 0
        return "runs", f"made by revision {number}" if older else "asked for again; what has not changed is reused"
    if makes:
        return "kept", "made already"
    return "cannot", f"{' and '.join(lacks) or 'nothing'} of {key} has not come"


def _possible(key: str, steps: list[CompiledStep], past: _Past, mode: str) -> tuple[list[str], list[str]]:
    """What could be made for a period from what is there, and what is lacking for the rest."""
    makes: list[str] = []
    lacks: dict[str, None] = {}
    back = {arrival.dataset.name for arrival in past.given_back.get(key, [])} if mode != BackfillMode.MISSING else set()
    for step in steps:
        without = []
        for name in step.inputs:
            parted = starting.reads_part(step, past.kinds.get(name, PeriodKind.NONE))
            there = key in past.has[name] if parted else name in past.there
            if not there and name not in makes and name not in back:
                without.append(name)
        if without:
            lacks.update(dict.fromkeys(without))
        else:
            makes.append(step.dataset)
    return makes, list(lacks)


@transaction.atomic
def begin(pipeline: Pipeline, *, first: str, last: str, mode: str = BackfillMode.MISSING, actor: str) -> Backfill:
    """Begin a backfill of what `plan` says; raises PeriodInvalid as that, IllegalMove if another is under way."""
    held = planning.hold(pipeline)
    under_way = Backfill.objects.filter(pipeline=held, state__in=[BackfillState.RUNNING, BackfillState.PAUSED]).first()
    if under_way is not None:
        raise IllegalMove(f"{under_way} is under way.", todo="Wait for its end, or cancel it.")
    planned = plan(held, first=first, last=last, mode=mode)
    if not planned.runs:
        raise IllegalMove(f"Nothing of {pipeline} has to be made from {first} to {last}.", todo="Choose another range.")
    backfill = Backfill(pipeline=held, first=first, last=last, mode=mode, created_by=actor[:200])
    fact = BackfillRequested(pipeline=held.name, first=first, last=last, mode=mode)
    backfill.event = events.record(fact, actor=actor)
    backfill.save()
    BackfillPeriod.objects.bulk_create(
        [BackfillPeriod(backfill=backfill, period=one.period, reason=one.reason[:200]) for one in planned.runs]
    )
    _tell(backfill, actor=actor, periods=len(planned.runs))
    feed(backfill)
    return backfill


def _tell(backfill: Backfill, *, actor: str = "", periods: int = 0) -> Event:
    fact = BackfillMoved(
        backfill=backfill.pk,
        pipeline=backfill.pipeline.name,
        state=backfill.state,
        first=backfill.first,
        last=backfill.last,
        mode=backfill.mode,
        periods=periods,
    )
    event = events.record(fact, actor=actor, cause=None if actor else backfill.event)
    if actor:
        subject, action = f"{backfill.pipeline.name} #{backfill.pk}", f"backfill.{backfill.state}"
        audit.record(actor=actor, action=action, subject=subject, team=backfill.pipeline.team)
    return event


def _move(backfill: Backfill, to: str, *, only_from: frozenset[str]) -> None:
    moved = Backfill.objects.filter(pk=backfill.pk, state__in=only_from)
    ended = {} if to in {BackfillState.RUNNING, BackfillState.PAUSED} else {"ended_at": timezone.now()}
    if not moved.update(state=to, **ended):
        raise IllegalMove(f"{backfill} is not {' or '.join(sorted(only_from))}.")
    backfill.refresh_from_db(fields=["state", "ended_at"])


@transaction.atomic
def pause(backfill: Backfill, *, actor: str) -> None:
    """Begin no further period; what runs or is next is finished. Raises IllegalMove unless it runs."""
    _move(backfill, BackfillState.PAUSED, only_from=frozenset({BackfillState.RUNNING}))
    _tell(backfill, actor=actor)


@transaction.atomic
def resume(backfill: Backfill, *, actor: str) -> None:
    """Go on with the oldest period that is left; raises IllegalMove unless it is paused."""
    planning.hold(backfill.pipeline)
    _move(backfill, BackfillState.RUNNING, only_from=frozenset({BackfillState.PAUSED}))
    _tell(backfill, actor=actor)
    feed(backfill)


def cancel(backfill: Backfill, *, actor: str) -> None:
    """End it for good: what is left does not run, what runs is stopped, and readers of what was made are told."""
    with transaction.atomic():
        _move(backfill, BackfillState.CANCELLED, only_from=frozenset({BackfillState.RUNNING, BackfillState.PAUSED}))
        _tell(backfill, actor=actor)
    # One by one, as each holds its run before its pipeline; with the one that runs ended, the next begins.
    for _ in range(3 * AT_ONCE):
        live = Run.objects.live().filter(backfill=backfill, pipeline=backfill.pipeline_id).select_related("pipeline")
        run = live.order_by("-state", "id").first()
        if run is None:
            return
        with suppress(LostRace):
            cancelling.cancel(run, actor=actor, because=f"backfill {backfill.pk} was cancelled")


@transaction.atomic
def feed(backfill: Backfill) -> None:
    """Queue the oldest periods that are left while few are in flight; ends the backfill after the last."""
    pipeline = planning.hold(backfill.pipeline)
    held = locks.held(Backfill.objects.select_related("event")).get(pk=backfill.pk)
    if held.state != BackfillState.RUNNING:
        return
    begun = held.periods.filter(run__state__in=[RunState.QUEUED, RunState.RUNNING])
    left = list(held.periods.filter(run=None).order_by("period")[:AT_ONCE])
    in_flight = begun.count()
    for one in left[: AT_ONCE - in_flight]:
        one.run = _put(pipeline, held, one.period)
        one.save(update_fields=["run"])
        in_flight += 1
    if not left and not in_flight:
        _move(held, BackfillState.DONE, only_from=frozenset({BackfillState.RUNNING}))
        held.pipeline = pipeline
        _tell(held)


def _put(pipeline: Pipeline, backfill: Backfill, period: str) -> Run:
    fact = RunRequested(pipeline=pipeline.name, period=period, backfill=backfill.pk)
    event = events.record(fact, cause=backfill.event)
    if backfill.mode != BackfillMode.MISSING:
        _bring_back(pipeline, period, event)
    return queue.put(pipeline, period=period, cause=event, backfill=backfill.pk)[0]


def _bring_back(pipeline: Pipeline, period: str, event: Event) -> None:
    """Give the run the files of the period that no run could take, in the order in which they came.

    Of a source of which each file replaces the one before that is the last; of one that adds them, each content once.
    """
    came = Arrival.objects.filter(dataset__pipeline=pipeline, period=period).exclude(state=ArrivalState.DUPLICATE)
    last: dict[tuple[object, ...], Arrival] = {}
    for arrival in came.select_related("dataset").order_by("id"):
        content = arrival.identity, arrival.parameters_key
        adds = planning.appends(pipeline, arrival.dataset.name)
        last[(arrival.dataset_id, *(content if adds else ()))] = arrival
    for arrival in last.values():
        if arrival.state in GIVEN_BACK:
            rerunning.copy(arrival, event, run=None)


def feed_all() -> int:
    """Feed every backfill that runs: what a lost event left behind; says how many there are."""
    running = Backfill.objects.filter(state=BackfillState.RUNNING).select_related("pipeline")
    return singly.each(list(running.order_by("id")), lambda one: feed(one) is None)


def counts(backfill: Backfill) -> dict[str, int]:
    """How many periods of a backfill are in each state of a run, and how many are left."""
    found: dict[str, int] = defaultdict(int)
    for state in backfill.periods.values_list("run__state", flat=True):
        found[state or "left"] += 1
    return dict(found)
