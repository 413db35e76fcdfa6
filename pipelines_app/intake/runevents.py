"""OpenLineage run events as values: read strictly, so that whoever sends one is told the place of what is wrong."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pipelines_app.compiler import clocks
from pipelines_app.compiler.reading import described
from pipelines_app.errors import ArrivalRefused, MessageInvalid
from pipelines_app.intake import unfolding

KINDS = ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")
LONGEST = 255
MOST_DATASETS = 100
MOST_COLUMNS = 2_000
NOMINAL = "/run/facets/nominalTime/nominalStartTime"


@dataclass(frozen=True, kw_only=True)
class Named:
    """A dataset of another tool, with its columns if the event says them."""

    namespace: str
    name: str
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunEvent:
    """What an OpenLineage run event says, as far as it is kept here; `payload` is all of it."""

    kind: str
    at: datetime
    run_id: uuid.UUID
    namespace: str
    job: str
    producer: str
    error: str
    inputs: tuple[Named, ...]
    outputs: tuple[Named, ...]
    payload: object = field(repr=False)


@dataclass(frozen=True)
class _Place:
    """A value in the event, and the pointer to it."""

    value: object
    pointer: str = ""

    def fault(self, message: str) -> MessageInvalid:
        return MessageInvalid(f"{self.pointer or 'The event'}: {message}", pointer=self.pointer, todo=ADVICE)

    def at(self, key: str) -> "_Place":
        inside = self.value if isinstance(self.value, dict) else {}
        return _Place(inside.get(key), f"{self.pointer}/{key.replace('~', '~0').replace('/', '~1')}")

    def mapping(self, *, required: bool = True) -> "_Place":
        if self.value is None and not required:
            return _Place({}, self.pointer)
        if not isinstance(self.value, dict):
            raise self.fault(f"must be a mapping, not {described(self.value)}")
        return self

    def text(self, *, required: bool = True, longest: int = LONGEST) -> str:
        if self.value is None and not required:
            return ""
        if not isinstance(self.value, str):
            raise self.fault(f"must be a text, not {described(self.value)}")
        if (required and not self.value) or len(self.value) > longest or "\x00" in self.value:
            raise self.fault(f"must be a text of 1 to {longest} characters")
        return self.value

    def items(self, most: int) -> "Iterator[_Place]":
        if self.value is not None and not isinstance(self.value, list):
            raise self.fault(f"must be a list, not {described(self.value)}")
        found = self.value if isinstance(self.value, list) else []
        if len(found) > most:
            raise self.fault(f"may have {most:,} entries")
        return (_Place(one, f"{self.pointer}/{number}") for number, one in enumerate(found))


ADVICE = "Send an OpenLineage run event: see https://openlineage.io/spec."


def read(body: bytes) -> RunEvent:
    """A run event; raises MessageInvalid with the place of the first fault."""
    try:
        payload = unfolding.read(body)
    except ArrivalRefused as refusal:
        raise MessageInvalid(refusal.message, todo=refusal.todo) from refusal
    event = _Place(payload).mapping()
    if "run" not in event.value and ("dataset" in event.value or "job" in event.value):  # type: ignore[operator]
        raise event.at("run").fault("is missing: only events of runs are taken here")
    run, job = event.at("run").mapping(), event.at("job").mapping()
    _refuse_odd_nominal(run)
    return RunEvent(
        kind=_kind(event.at("eventType")),
        at=_moment(event.at("eventTime")),
        run_id=_uuid(run.at("runId")),
        namespace=job.at("namespace").text(),
        job=job.at("name").text(),
        producer=event.at("producer").text(required=False, longest=500),
        error=_error(run),
        inputs=_datasets(event.at("inputs")),
        outputs=_datasets(event.at("outputs")),
        payload=payload,
    )


def _kind(place: _Place) -> str:
    kind = place.text(required=False).upper() or "OTHER"
    if kind not in KINDS:
        raise place.fault(f"{kind[:40]!r} is not one of {', '.join(KINDS)}")
    return kind.lower()


def _moment(place: _Place) -> datetime:
    try:
        moment = datetime.fromisoformat(place.text())
    except ValueError as error:
        raise place.fault("is not a moment such as 2026-05-04T06:00:00Z") from error
    if not clocks.is_bounded(moment):
        raise place.fault("must lie between 1970 and 2100")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refuse_odd_nominal(run: _Place) -> None:
    """The nominal time is kept as it is written, for it may be the key of a period; a moment has to be possible."""
    nominal = run.at("facets").mapping(required=False).at("nominalTime").mapping(required=False)
    for place in (nominal.at("nominalStartTime"), nominal.at("nominalEndTime")):
        try:
            moment = datetime.fromisoformat(place.value) if isinstance(place.value, str) else None
        except ValueError:
            continue
        if moment is not None and not clocks.is_bounded(moment):
            raise place.fault("must lie between 1970 and 2100")


def _uuid(place: _Place) -> uuid.UUID:
    try:
        return uuid.UUID(place.text())
    except ValueError as error:
        raise place.fault("is not a UUID") from error


def _error(run: _Place) -> str:
    facet = run.at("facets").mapping(required=False).at("errorMessage")
    said = facet.value.get("message") if isinstance(facet.value, dict) else ""
    return said.replace("\x00", "")[:500] if isinstance(said, str) else ""


def _datasets(place: _Place) -> tuple[Named, ...]:
    found = {}
    for one in place.items(MOST_DATASETS):
        dataset = one.mapping()
        namespace, name = dataset.at("namespace").text(), dataset.at("name").text()
        found[namespace, name] = Named(namespace=namespace, name=name, columns=_columns(dataset))
    return tuple(found.values())


def _columns(dataset: _Place) -> tuple[tuple[str, str], ...]:
    schema = dataset.at("facets").mapping(required=False).at("schema").mapping(required=False)
    fields = [one.mapping() for one in schema.at("fields").items(MOST_COLUMNS)]
    return tuple((one.at("name").text(), one.at("type").text(required=False)) for one in fields)
