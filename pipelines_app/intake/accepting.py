"""An arrival is accepted in one transaction: the row, the event, the slot it fills. After that it cannot be lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction

from pipelines_app import events, failpoints
from pipelines_app.compiler import giving, periods
from pipelines_app.compiler.compiled import Compiled
from pipelines_app.compiler.definition import Mode, PeriodKind, Source
from pipelines_app.compiler.parameters import ValueRefused
from pipelines_app.errors import ArrivalRefused
from pipelines_app.facts import ArrivalAccepted, ArrivalDuplicated, ArrivalReplayed
from pipelines_app.intake import naming, slots
from pipelines_app.intake.receiving import Received
from pipelines_app.models import Arrival, ArrivalState, Dataset, Door
from pipelines_app.models.arrivals import ArrivalQuerySet
from pipelines_app.prepared import Change, Given, Prepared, add
from pipelines_app.runs import planning

NAMELESS = "file"
FINISHED_TWIN = [ArrivalState.PENDING, ArrivalState.CONSUMED]


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """What is known of an arrival beside its bytes. `period` may be empty: then the file name has to give it.

    `parameters` are what its message gives; those that its name gives are read from it.
    """

    dataset: Dataset
    door: str
    name: str
    sender: str
    period: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)


def source_of(dataset: Dataset) -> Source:
    """The contract by which a dataset's files are read; raises ArrivalRefused if it takes none."""
    steps = _recipe_of(dataset).steps
    return next(step.source for step in steps if step.dataset == dataset.name and step.source is not None)


def _recipe_of(dataset: Dataset) -> Compiled:
    if dataset.pipeline is None or dataset.pipeline.current_id is None or not dataset.is_source:
        raise ArrivalRefused(
            f"{dataset.name} does not take files: it is not a source of a registered pipeline.",
            todo="Send the file to the source from which it is made.",
        )
    return planning.compiled(dataset.pipeline.current_id)


def period_of(source: Source, *, name: str, given: str) -> str:
    """The period of an arrival: as given, or read from the file's name; raises ArrivalRefused where neither says."""
    if source.period is PeriodKind.NONE:
        if given:
            raise ArrivalRefused(f"{source.dataset} has no periods, and {given!r} was given.", todo="Leave it out.")
        return ""
    key = given or (periods.from_filename(source.file_pattern, name, source.period) if source.file_pattern else "")
    if not key or not periods.is_valid(source.period, key):
        pattern = f" or a file name such as {source.file_pattern}" if source.file_pattern else ""
        raise ArrivalRefused(
            f"{given or name!r} gives no {source.period} for {source.dataset}.",
            todo=f"Give the period as {EXAMPLES[source.period]}{pattern}.",
        )
    return key


EXAMPLES = periods.EXAMPLES
_one_at_a_time = Prepared(lambda: Dataset.objects.select_for_update(no_key=True).only("pk").filter(pk=Given("pk")))
_told_by = Change(lambda: Arrival.objects.filter(pk=Given("pk")), event=Given("event"))


def parameters_of(dataset: Dataset, source: Source, *, name: str, given: Mapping[str, object]) -> dict[str, object]:
    """What a file's name and its message give for the run's parameters; raises ArrivalRefused where it does not fit."""
    texts = giving.in_name(source, name)
    if texts is None:
        raise ArrivalRefused(
            f"{name!r} does not say {' and '.join(giving.named_by(source))} as {source.file_pattern} does.",
            todo=f"Name it like {source.file_pattern}.",
        )
    try:
        return giving.values(_recipe_of(dataset).definition.parameters, texts, given)
    except ValueRefused as refused:
        raise ArrivalRefused(f"{refused}.", todo="Send a value that the pipeline's parameter takes.") from refused


def drafted(envelope: Envelope, received: Received) -> Arrival:
    """The row of an arrival, not yet written; raises ArrivalRefused."""
    source = source_of(envelope.dataset)
    name = naming.plain(envelope.name) or NAMELESS
    period = period_of(source, name=name, given=envelope.period)
    parameters = parameters_of(envelope.dataset, source, name=name, given=envelope.parameters)
    return Arrival(
        dataset=envelope.dataset,
        door=envelope.door,
        name=name,
        period=period,
        bytes=received.bytes,
        sha256=received.sha256,
        path=received.place,
        sender=envelope.sender[:200],
        parameters=parameters,
        parameters_key=giving.key(parameters),
    )


def accepted(arrival: Arrival) -> ArrivalAccepted:
    """What there is to say of an arrival that was taken in."""
    return ArrivalAccepted(
        dataset=arrival.dataset.name,
        period=arrival.period,
        arrival=arrival.pk,
        name=arrival.name,
        bytes=arrival.bytes,
        sha256=arrival.sha256,
        door=arrival.door,
        parameters=arrival.parameters,
    )


@transaction.atomic
def accept(envelope: Envelope, received: Received) -> Arrival:
    """Take in a received file. The same content for the same period again is a duplicate and starts nothing.

    Raises ArrivalRefused; the caller then discards the bytes.
    """
    _one_at_a_time.first(pk=envelope.dataset.pk)  # twins are seen
    arrival = drafted(envelope, received)
    twin = _twin(arrival, source_of(envelope.dataset))
    add([arrival])
    if twin is not None:
        return _set_aside(arrival, twin)
    event = arrival.event = events.record(accepted(arrival), actor=arrival.sender)
    _told_by.make(pk=arrival.pk, event=event.pk)
    slots.fill(arrival, cause=event)
    failpoints.reach("before_accept")
    transaction.on_commit(lambda: failpoints.reach("after_accept"))
    return arrival


def _before() -> ArrivalQuerySet:
    known = Arrival.objects.filter(dataset=Given("dataset"), period=Given("period"))
    return known.exclude(state=ArrivalState.DUPLICATE).order_by("-id")


def _same() -> ArrivalQuerySet:
    return _before().filter(sha256=Given("sha256"), parameters_key=Given("key"), state__in=FINISHED_TWIN)


_last = Prepared(lambda: _before()[:1])
_last_same = Prepared(lambda: _same()[:1])


def _twin(arrival: Arrival, source: Source) -> Arrival | None:
    """An arrival with the same bytes and parameters that already had its effect, or is about to."""
    sha256, key = arrival.sha256, arrival.parameters_key
    if source.mode is Mode.APPEND:
        if arrival.door == Door.WEBHOOK:  # two messages that say the same are two
            return None
        return _last_same.first(dataset=arrival.dataset_id, period=arrival.period, sha256=sha256, key=key)
    last = _last.first(dataset=arrival.dataset_id, period=arrival.period)
    if last is None or (last.sha256, last.parameters_key) != (sha256, key) or last.state not in FINISHED_TWIN:
        return None
    return last


def _set_aside(arrival: Arrival, twin: Arrival) -> Arrival:
    fact = ArrivalDuplicated(
        dataset=arrival.dataset.name, period=arrival.period, arrival=arrival.pk, name=arrival.name, twin=twin.pk
    )
    arrival.event = events.record(fact, actor=arrival.sender)
    arrival.state = ArrivalState.DUPLICATE
    arrival.disposition = f"the same content as arrival {twin.pk} ({twin.name}): one effect is enough"[:500]
    arrival.save(update_fields=["event", "state", "disposition"])
    return arrival


@transaction.atomic
def replay(arrival: Arrival, *, actor: str) -> Arrival:
    """Bring an arrival's kept bytes in again, as a new arrival: after a fix, or to see a run again."""
    again = Arrival.objects.create(
        dataset=arrival.dataset,
        door=arrival.door,
        name=arrival.name,
        period=arrival.period,
        bytes=arrival.bytes,
        sha256=arrival.sha256,
        path=arrival.path,
        sender=actor,
        replay_of=arrival,
        parameters=arrival.parameters,
        parameters_key=arrival.parameters_key,
    )
    fact = ArrivalReplayed(
        dataset=arrival.dataset.name,
        period=arrival.period,
        arrival=again.pk,
        name=arrival.name,
        replay_of=arrival.pk,
        parameters=arrival.parameters,
    )
    again.event = events.record(fact, actor=actor)
    again.save(update_fields=["event"])
    return again
