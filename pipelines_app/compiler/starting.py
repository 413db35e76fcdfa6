"""`start:` of a pipeline: which inputs it waits for and how long; read, judged, written back, said in a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pipelines_app.compiler import clocks, names, periods
from pipelines_app.compiler.compiled import Compiled, CompiledStep, StepKind
from pipelines_app.compiler.definition import PeriodKind, Start, StartWhen, Then
from pipelines_app.compiler.reading import Reader, described
from pipelines_app.errors import Problem

Document = dict[str, object]
KEYS = ("when", "inputs", "not_before", "at_latest", "then", "days_after", "timezone")
PLAIN = (StartWhen.ANY, StartWhen.ALL)


def parse(reader: Reader) -> Start:
    """The policy of a document; `start: all` is short for `start: {when: all}`."""
    entry = reader.entries.get("start")
    if isinstance(entry, str):
        return Start(when=_plain(entry, reader, "start"))
    inner = reader.section("start")
    if inner is None:
        return Start()
    inner.only(*KEYS)
    when, least = _when(inner)
    start = Start(
        when=when,
        least=least,
        inputs=inner.texts("inputs"),
        not_before=_clock(inner, "not_before"),
        at_latest=_clock(inner, "at_latest"),
        then=inner.choice("then", Then, Then.WAIT),
        days_after=inner.whole("days_after", 1),
        timezone=inner.checked("timezone", clocks.zone_fault),
    )
    _refuse_contradictions(start, inner)
    return start


def _plain(word: str, reader: Reader, key: str) -> StartWhen:
    known = [str(one) for one in PLAIN]
    if word in known:
        return StartWhen(word)
    near = names.nearest(word, known)
    reader.fault(key, f"{word!r} is not one of any, all, {{at_least: 2}}", suggestion=near)
    return StartWhen.ANY


def _when(reader: Reader) -> tuple[StartWhen, int]:
    value = reader.entries.get("when")
    if value is None:
        return StartWhen.ANY, 0
    if isinstance(value, Mapping):
        inner = reader.section("when") or reader
        inner.only("at_least")
        return StartWhen.AT_LEAST, inner.whole("at_least", 1, least=1)
    if not isinstance(value, str):
        reader.fault("when", f"is any, all or {{at_least: 2}}, not {described(value)}")
        return StartWhen.ANY, 0
    return _plain(value, reader, "when"), 0


def _clock(reader: Reader, key: str) -> time | None:
    written = reader.text(key)
    if not written:
        return None
    clock = periods.clock_time(written)
    if clock is None:
        reader.fault(key, "must be a time of day such as 06:00")
    return clock


def _refuse_contradictions(start: Start, reader: Reader) -> None:
    """What the parts of a policy cannot say together."""
    if start.not_before and start.at_latest and start.not_before > start.at_latest:
        reader.fault("not_before", f"{_written(start.not_before)} is after at_latest, {_written(start.at_latest)}")
    if reader.has("then") and not reader.has("at_latest"):
        reader.fault("then", "says what happens at_latest, and there is no at_latest")
    if reader.has("at_latest") and start.when is StartWhen.ANY:
        reader.fault("at_latest", "has nothing to wait for: with when: any the first input starts it; say all")
    _refuse_odd_times(reader)
    _refuse_odd_inputs(start, reader)


def _refuse_odd_times(reader: Reader) -> None:
    timed = reader.has("not_before") or reader.has("at_latest")
    if timed and not reader.has("timezone"):
        reader.fault("timezone", "timezone is missing: a time of day means nothing without it")
    for key in ("timezone", "days_after"):
        if reader.has(key) and not timed:
            reader.fault(key, "belongs to not_before or at_latest, and neither is there")


def _refuse_odd_inputs(start: Start, reader: Reader) -> None:
    for name in sorted({one for one in start.inputs if start.inputs.count(one) > 1}):
        reader.fault("inputs", f"{name} is named twice")
    if reader.has("inputs") and not start.inputs:
        reader.fault("inputs", "is empty: leave it out to mean every input")


def faults(start: Start, steps: Sequence[CompiledStep]) -> list[Problem]:
    """What is wrong with a policy once it is known what the steps read."""
    there = readable(steps)
    found = [
        Problem(
            path="start.inputs",
            message=f"{name} is not read by this pipeline{names.hint(name, there)}",
            suggestion=names.nearest(name, there),
        )
        for name in start.inputs
        if name not in there
    ]
    number = len(start.inputs or there)
    if start.when is StartWhen.AT_LEAST and start.least > number:
        inputs = "1 input" if number == 1 else f"{number} inputs"
        message = f"{start.least} inputs are asked for, but it waits for {inputs}"
        found.append(Problem(path="start.when.at_least", message=message))
    return found


def readable(steps: Sequence[CompiledStep]) -> list[str]:
    """What a pipeline's queries read that none of them makes: its own sources and what others publish."""
    made = {step.dataset for step in steps if step.kind is StepKind.TRANSFORM}
    return sorted({name for step in steps for name in step.inputs} - made)


def awaited(compiled: Compiled) -> list[str]:
    """The inputs by which a pipeline's policy decides."""
    return sorted(compiled.definition.start.inputs) or readable(compiled.steps)


def needed(compiled: Compiled) -> int:
    """How many of the awaited inputs have to be there."""
    start, number = compiled.definition.start, len(awaited(compiled))
    return {StartWhen.ANY: min(1, number), StartWhen.ALL: number}.get(start.when, start.least)


def holds_back(compiled: Compiled) -> bool:
    """Whether what comes may have to wait: then a file is loaded at once, and the queries run when the policy says."""
    start = compiled.definition.start
    gathers = start.when is not StartWhen.ANY and _gathers(compiled)
    return start.not_before is not None or needed(compiled) > 1 or gathers


def _gathers(compiled: Compiled) -> bool:
    """Whether a step's period is made of several periods of what it reads."""
    kinds = {step.dataset: step.shown_by for step in compiled.steps}
    kinds |= {name: known.period for name, known in compiled.external.items()}
    return any(
        finer(kinds[name], step.period)
        for step in compiled.steps
        if step.by_period
        for name in step.inputs
        if name in kinds
    )


_FINENESS = {PeriodKind.NONE: 9, PeriodKind.MONTH: 1, PeriodKind.DAY: 2, PeriodKind.HOUR: 3}


def finer(kind: str, than: str) -> bool:
    """Whether periods of one kind make up those of another, as days make up a month."""
    return PeriodKind.NONE not in (kind, than) and _FINENESS[PeriodKind(kind)] > _FINENESS[PeriodKind(than)]


def reads_part(step: CompiledStep, kind: str) -> bool:
    """Whether the step reads only the run's period of a dataset that comes by this kind of period, not all of it."""
    return step.by_period and (kind == step.period or finer(kind, step.period))


def kinds(compiled: Compiled) -> list[PeriodKind]:
    """The kinds of period by which a pipeline's queries run; none, where no query runs by period."""
    found = {step.period for step in compiled.steps if step.kind is StepKind.TRANSFORM and step.by_period}
    return sorted(found - {PeriodKind.NONE}) or [PeriodKind.NONE]


LENGTH = {kind: len(example) for kind, example in periods.EXAMPLES.items()} | {PeriodKind.NONE: 0}


def widened(period: str, kind: PeriodKind) -> str:
    """The period of a longer kind that holds a period: keys begin with what holds them, as `2013-02-08` does."""
    return period[: LENGTH[kind]]


def within(kind: PeriodKind, period: str, longer: PeriodKind) -> list[str]:
    """The periods of one kind that make up a period of another, in order; itself, where both are of one kind."""
    if kind == longer:
        return [period]
    found = []
    key = periods.key_of(kind, periods.local_start(longer, period))
    while key.startswith(period):
        found.append(key)
        key = periods.following(kind, key)
    return found


def tolerates(start: Start) -> bool:
    """Whether a run may go on without some of the inputs: it is then marked partial."""
    return start.then is Then.PARTIAL or start.when is StartWhen.AT_LEAST


@dataclass(frozen=True)
class Moments:
    """When a period may start, and by when its waiting ends; none where the policy names no such time."""

    not_before: datetime | None
    at_latest: datetime | None


def moments(start: Start, kind: PeriodKind, period: str, *, since: datetime) -> Moments:
    """The moments of a policy for one period; for a pipeline without periods those that follow what came at `since`."""
    if not start.timezone:
        return Moments(None, None)
    zone = ZoneInfo(start.timezone)
    if kind is PeriodKind.NONE:
        day = since.astimezone(zone).date()
        late = _at(day, start.at_latest, zone)
        if late is not None and late <= since:
            late = _at(day + timedelta(days=1), start.at_latest, zone)
        return Moments(_at(day, start.not_before, zone), late)
    day = (periods.end(kind, period) - timedelta(microseconds=1)).date() + timedelta(days=start.days_after)
    return Moments(_at(day, start.not_before, zone), _at(day, start.at_latest, zone))


def _at(day: date, clock: time | None, zone: ZoneInfo) -> datetime | None:
    """A time of day in a zone; one that daylight saving skips moves forward by what was skipped."""
    if clock is None:
        return None
    return datetime.combine(day, clock, zone).astimezone(UTC)


def wall(moment: datetime, zone: str) -> str:
    """A moment as a clock of the policy's zone shows it: `2013-02-09 06:00`."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def dump(start: Start) -> Document:
    """The entry under `start` that says the same; empty for the default."""
    if start == Start():
        return {}
    least: Document = {"at_least": start.least}
    entry: Document = {
        "when": least if start.when is StartWhen.AT_LEAST else str(start.when),
        "inputs": list(start.inputs),
        "not_before": _written(start.not_before),
        "at_latest": _written(start.at_latest),
        "then": "" if start.then is Then.WAIT else str(start.then),
        "days_after": "" if start.days_after == 1 else start.days_after,
        "timezone": start.timezone,
    }
    return {key: value for key, value in entry.items() if value not in ("", [])}


def _written(clock: time | None) -> str:
    if clock is None:
        return ""
    return clock.isoformat("minutes" if not clock.second else "seconds")


def sentence(compiled: Compiled) -> str:
    """The policy in plain words; empty where whatever comes starts the pipeline at once."""
    start, inputs = compiled.definition.start, awaited(compiled)
    if not holds_back(compiled):
        return ""
    enough = {StartWhen.ANY: "one", StartWhen.ALL: "all"}.get(start.when, f"at least {start.least}")
    said = f"Its queries run once {enough} of {', '.join(inputs)} came for the same period"
    if start.not_before is not None:
        said += f", not before {_written(start.not_before)}"
    if start.at_latest is not None:
        said += f"; at {_written(start.at_latest)} {_THEN[start.then]}"
    if start.timezone:
        said += f" ({start.timezone}{_day(start, compiled)})"
    return f"{said}."


_THEN = {
    Then.WAIT: "it goes on waiting, and is shown as overdue",
    Then.PARTIAL: "it runs with what is there, marked partial, and makes good what comes later",
    Then.SKIP: "it skips the period and says why",
}


def _day(start: Start, compiled: Compiled) -> str:
    if all(step.period is PeriodKind.NONE for step in compiled.steps):
        return ""
    words = {0: "on the last day of the period", 1: "the day after the period"}
    return f", {words.get(start.days_after, f'{start.days_after} days after the period')}"
