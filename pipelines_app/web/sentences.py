"""Facts in words: what happened, about what, and how bad it is. Values in, words out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import singledispatch

from pipelines_app import facts, facts_expected, facts_outside
from pipelines_app.facts import KINDS, Fact
from pipelines_app.web import words

LEVELS = ("info", "good", "warn", "bad")
BAD_ENDS = {"failed", "quarantined"}


@dataclass(frozen=True)
class Said:
    """One fact as people read it: what it is about, what happened, and its level, one of LEVELS."""

    subject: str
    text: str
    level: str = "info"


def of(kind: str, body: Mapping[str, object]) -> Said:
    """A stored event in words; a kind that this release does not know is said by its name and its own words."""
    known = KINDS.get(kind)
    return say(known.read(body)) if known else _otherwise(kind, body)


def who(actor: str) -> str:
    """Who began a chain of events: "ana" of `user:ana`, "the webhook 7f…" of `webhook:7f…`, "the clock"."""
    sort, _, name = actor.partition(":")
    if not name:
        return {"clock": "the clock", "platform": "the platform"}.get(actor, actor)
    return name if sort == "user" else f"the {sort} {name}"


@singledispatch
def say(fact: Fact) -> Said:
    """A fact in words; one without a sentence of its own is said by the name of its kind."""
    return _otherwise(fact.kind, asdict(fact))


SEVERITY = {"critical": "bad", "warn": "warn"}
ENDINGS = {"undelivered": "bad", "stuck": "bad", "resolved": "good"}


def _otherwise(kind: str, body: Mapping[str, object]) -> Said:
    words_of_kind = kind.replace(".", " ").replace("_", " ")
    told = next(
        (str(body[key]) for key in ("title", "because", "error", "message", "channel", "until") if body.get(key)), ""
    )
    about = str(body.get("dataset") or body.get("pipeline") or kind.partition(".")[0])
    ending = kind.rpartition(".")[2]
    level = ENDINGS.get(ending) or (SEVERITY.get(str(body.get("severity")), "info"))
    return Said(about, f"{words_of_kind}: {told}" if told else words_of_kind, level)


def _of_period(period: str) -> str:
    return f" for {words.period(period)}" if period else ""


def _rows(number: int) -> str:
    return f"{number:,} row" if number == 1 else f"{number:,} rows"


@say.register
def _(fact: facts.PipelineRevised) -> Said:
    return Said(fact.pipeline, f"revision {fact.revision} registered" + (f": {fact.why}" if fact.why else ""))


@say.register
def _(fact: facts.TemplateRevised) -> Said:
    told = f"revision {fact.revision} of the template registered"
    return Said(fact.template, f"{told}: {fact.why}" if fact.why else told)


@say.register
def _(fact: facts.TemplateRolledOut) -> Said:
    number = "1 pipeline" if fact.pipelines == 1 else f"{fact.pipelines:,} pipelines"
    told = f"revision {fact.revision} of the template rolled out to {number}"
    return Said(fact.template, f"{told}: {fact.why}" if fact.why else told)


@say.register
def _(fact: facts.EngineChanged) -> Said:
    return Said(fact.environment, f"runs on {words.engine(fact.engine)} now, and not on {words.engine(fact.before)}")


@say.register
def _(fact: facts.PipelinePaused) -> Said:
    return Said(fact.pipeline, "paused: what comes in waits", "warn")


@say.register
def _(fact: facts.PipelineResumed) -> Said:
    return Said(fact.pipeline, "goes on, with what has waited")


@say.register
def _(fact: facts.ArrivalAccepted) -> Said:
    came = {
        "form": "uploaded in the console",
        "api": "uploaded through the API",
        "webhook": "sent to the webhook",
        "drop": "dropped",
    }
    size = words.binary_size(fact.bytes)
    text = f"{fact.name} was {came.get(fact.door, fact.door)}{_of_period(fact.period)}, {size}"
    return Said(fact.dataset, f"{text}, sha256 {fact.sha256[:4]}…{fact.sha256[-4:]}")


@say.register
def _(fact: facts.ArrivalDuplicated) -> Said:
    return Said(fact.dataset, f"{fact.name} came again with the same content as arrival {fact.twin}: nothing starts")


@say.register
def _(fact: facts.ArrivalReplayed) -> Said:
    return Said(fact.dataset, f"{fact.name} was replayed{_of_period(fact.period)}, from arrival {fact.replay_of}")


@say.register
def _(fact: facts_expected.SlotOpened) -> Said:
    return Said(fact.dataset, f"expected{_of_period(fact.period)} by {_moment(fact.due_at)}")


@say.register
def _(fact: facts_expected.SlotBecameLate) -> Said:
    return Said(fact.dataset, f"late{_of_period(fact.period)}: it was due by {_moment(fact.due_at)}", "bad")


@say.register
def _(fact: facts_expected.SlotFellDue) -> Said:
    return Said(fact.dataset, f"due now{_of_period(fact.period)}")


@say.register
def _(fact: facts_expected.SlotWentMissing) -> Said:
    return Said(fact.dataset, f"missing{_of_period(fact.period)}: it was due by {_moment(fact.due_at)}", "bad")


@say.register
def _(fact: facts_expected.SlotPutAtRisk) -> Said:
    late = f"it takes {words.duration(fact.seconds)} from {fact.dataset}, which has not come"
    return Said(fact.target, f"at risk{_of_period(fact.period)}: {late}", "warn")


SETTLED = {"consumed": ("was read", "good"), "partial": ("was read but for some rows", "warn")}


@say.register
def _(fact: facts_expected.SlotSettled) -> Said:
    read, level = SETTLED.get(fact.state, ("was quarantined", "warn"))
    return Said(fact.dataset, f"what was expected{_of_period(fact.period)} {read} by run {fact.run}", level)


@say.register
def _(fact: facts_expected.HabitLearned) -> Said:
    return Said(fact.dataset, f"it usually comes {fact.sentence}, by its last {fact.arrivals} arrivals")


@say.register
def _(fact: facts_expected.HabitDecided) -> Said:
    return Said(fact.dataset, f"the deadline proposed from its past was {fact.state}")


@say.register
def _(fact: facts_expected.SlotFilled) -> Said:
    late = f", {words.duration(fact.late_seconds)} late" if fact.late_seconds else ", in time"
    return Said(fact.dataset, f"what was expected{_of_period(fact.period)} has come{late}", "good")


@say.register
def _(fact: facts_expected.SlotWaived) -> Said:
    return Said(fact.dataset, f"no longer expected{_of_period(fact.period)}: {fact.reason}")


@say.register
def _(fact: facts.RunRequested) -> Said:
    again = f", to do run {fact.retry_of} again" if fact.retry_of is not None else ""
    part = {"": "", "start": " from the start", "failed": " from what failed"}.get(
        fact.start_from, f" from {fact.start_from} on"
    )
    filling = f", for backfill {fact.backfill}" if fact.backfill is not None else ""
    return Said(fact.pipeline, f"a run was asked for{_of_period(fact.period)}{again}{part}{filling}")


@say.register
def _(fact: facts.BackfillRequested) -> Said:
    return Said(fact.pipeline, f"a backfill was asked for, from {fact.first} to {fact.last} ({fact.mode})")


@say.register
def _(fact: facts.BackfillMoved) -> Said:
    of = f" of {fact.periods:,} periods" if fact.periods else ""
    state = words.saying(fact.state).word.lower()
    return Said(fact.pipeline, f"backfill {fact.backfill}{of} from {fact.first} to {fact.last} is {state}")


RUN_LEVELS = {"succeeded": "good", "warned": "warn", "quarantined": "warn", "failed": "bad"}


@say.register
def _(fact: facts.RunMoved) -> Said:
    because = f": {fact.because}" if fact.because else ""
    state = words.saying(fact.state).word.lower()
    return Said("run", f"run {fact.run} is {_claim(state)}{because}", RUN_LEVELS.get(fact.state, "info"))


def _claim(state: str) -> str:
    return {"succeeded": "done", "succeeded with warnings": "done, with warnings", "failed": "over: failed"}.get(
        state, state
    )


@say.register
def _(fact: facts.StepHeld) -> Said:
    return Said(fact.dataset, f"waits for {' and '.join(fact.missing)}; its arrival starts it", "warn")


@say.register
def _(fact: facts.StepStarted) -> Said:
    return Said(fact.dataset, f"started, attempt {fact.attempt}" if fact.attempt > 1 else "started")


@say.register
def _(fact: facts.StepStaged) -> Said:
    aside = f"{fact.rejected:,} set aside, " if fact.rejected else ""
    written = f"{words.binary_size(fact.bytes)} in {words.duration(fact.seconds)}"
    return Said(fact.dataset, f"wrote {_rows(fact.rows)}, {aside}{written}", "warn" if fact.rejected else "info")


@say.register
def _(fact: facts.StepReused) -> Said:
    return Said(fact.dataset, "reused: the same query over the same data is published already", "good")


@say.register
def _(fact: facts.StepRetried) -> Said:
    return Said(fact.dataset, f"attempt {fact.attempt} came to nothing, another follows: {fact.because}", "warn")


@say.register
def _(fact: facts.StepEnded) -> Said:
    because = f": {fact.because}" if fact.because else ""
    return Said(fact.dataset, f"{fact.state}{because}", "bad" if fact.state in BAD_ENDS else "info")


@say.register
def _(fact: facts.ChecksHeld) -> Said:
    several = f"{len(fact.checks)} checks hold" if len(fact.checks) != 1 else "1 check holds"
    return Said(fact.dataset, f"{several}: {', '.join(fact.checks)}", "good")


@say.register
def _(fact: facts.CheckFailed) -> Said:
    level = "info" if fact.muted or fact.severity == "info" else "bad" if fact.severity == "block" else "warn"
    return Said(fact.dataset, f"{fact.check} fails{', muted' if fact.muted else ''}: {fact.message}", level)


@say.register
def _(fact: facts.CheckMuted) -> Said:
    until = f"{fact.until[:16].replace('T', ' ')} UTC"
    return Said(fact.dataset, f"{fact.check} is muted until {until}: {fact.reason}", "info")


@say.register
def _(fact: facts.CheckUnmuted) -> Said:
    return Said(fact.dataset, f"{fact.check} is muted no more", "info")


@say.register
def _(fact: facts.DatasetPublished) -> Said:
    return Said(fact.dataset, f"version {fact.number} published{_of_period(fact.period)}: {_rows(fact.rows)}", "good")


@say.register
def _(fact: facts.DataQuarantined) -> Said:
    kept = "readers keep the last good version"
    because = fact.because.removesuffix(".")
    return Said(fact.dataset, f"quarantined{_of_period(fact.period)}: {because}; {kept}", "bad")


@say.register
def _(fact: facts.DeliveryStuck) -> Said:
    return Said("delivery", f"event {fact.event} could not be handed to {fact.consumer}: {fact.error}", "bad")


@say.register
def _(fact: facts.DeliveryReleased) -> Said:
    return Said("delivery", f"event {fact.event} is handed to {fact.consumer} again")


def _moment(written: str) -> str:
    """A stored moment for people; what is no moment is shown as it is, for an event is never hidden."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return written
    return f"{moment.day} {moment:%b %Y, %H:%M} {moment.tzname() or ''}".rstrip()


@say.register
def _(fact: facts_outside.DropFailed) -> Said:
    return Said(fact.dataset, f"its drop folder cannot be read: {fact.error}", "bad")


@say.register
def _(fact: facts_outside.DropMended) -> Said:
    return Said(fact.dataset, "its drop folder can be read again", "good")


@say.register
def _(fact: facts_outside.DropRefused) -> Said:
    return Said(fact.dataset, f"{fact.name} was dropped and not taken in: {fact.because}", "warn")


@say.register
def _(fact: facts_outside.DropCleared) -> Said:
    return Said(fact.dataset, "no dropped file is refused any more", "good")


@say.register
def _(fact: facts_outside.ScheduleTicked) -> Said:
    return Said(fact.pipeline, f"its schedule came to {_moment(fact.tick)}{_of_period(fact.period)}")


@say.register
def _(fact: facts_outside.TicksMissed) -> Said:
    until = "" if fact.first == fact.last else f" to {_moment(fact.last)}"
    made_up = f"{fact.caught_up:,} made up for" if fact.caught_up else "none made up for"
    text = f"its schedule was missed from {_moment(fact.first)}{until}: {made_up} (catch up: {fact.rule})"
    return Said(fact.pipeline, text, "warn")


@say.register
def _(fact: facts_outside.ForeignCompleted) -> Said:
    missing = f", and is ignored: {fact.fault}" if fact.fault else ""
    text = f"{fact.job} of another tool completed {fact.name}{_of_period(fact.period)}{missing}"
    return Said(fact.pipeline, text, "warn" if fact.fault else "good")
