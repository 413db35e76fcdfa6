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
MOST_EDGES = 20_000
MOST_EVENTS = 1_000  # of a batch
MOST_TYPE = 10_000  # characters: of a structure it names every field
KNOWN_WAYS = frozenset(
    {"IDENTITY", "TRANSFORMATION", "AGGREGATION"} | {"JOIN", "FILTER", "GROUP_BY", "SORT", "WINDOW", "CONDITIONAL"}
)
NOMINAL = "/run/facets/nominalTime/nominalStartTime"


@dataclass(frozen=True, kw_only=True)
class Named:
    """A dataset of another tool, with its columns if the event says them."""

    namespace: str
    name: str
    columns: tuple[tuple[str, str], ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Fed:
    """A column of an output (none: its rows) fed by one of another dataset, in the words of OpenLineage."""

    source: tuple[str, str]
    source_column: str
    target: tuple[str, str]
    target_column: str
    kind: str
    how: frozenset[str]
    masked: bool


@dataclass(frozen=True, kw_only=True)
class StaticEvent:
    """What an event says of a job or of a dataset, apart from any run; an event of a dataset names no job."""

    at: datetime
    namespace: str
    job: str
    inputs: tuple[Named, ...]
    outputs: tuple[Named, ...]
    edges: tuple[Fed, ...]
    payload: object = field(repr=False)


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
    edges: tuple[Fed, ...] = ()
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


ADVICE = "Send an OpenLineage event: see https://openlineage.io/spec."


def read(body: bytes) -> RunEvent | StaticEvent:
    """An event; raises MessageInvalid with the place of the first fault."""
    return event_of(_unfolded(body))


def read_all(body: bytes) -> list[object]:
    """The events of a batch, not yet judged one by one; raises MessageInvalid."""
    payload = _unfolded(body)
    if not isinstance(payload, list):
        raise _Place(payload).fault(f"must be a list of events, not {described(payload)}")
    if len(payload) > MOST_EVENTS:
        raise _Place(payload).fault(f"may have {MOST_EVENTS:,} events")
    return payload


def _unfolded(body: bytes) -> object:
    try:
        return unfolding.read(body)
    except ArrivalRefused as refusal:
        raise MessageInvalid(refusal.message, todo=refusal.todo) from refusal


def event_of(payload: object) -> RunEvent | StaticEvent:
    """What an event says; raises MessageInvalid with the place of the first fault."""
    event = _Place(payload).mapping()
    given = event.value if isinstance(event.value, dict) else {}
    if "run" not in given and ("dataset" in given or "job" in given):
        return _static(event, of_dataset="dataset" in given, payload=payload)
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
        edges=_edges(event.at("outputs")),
        payload=payload,
    )


def _static(event: _Place, *, of_dataset: bool, payload: object) -> StaticEvent:
    job = event.at("job").mapping(required=not of_dataset)
    return StaticEvent(
        at=_moment(event.at("eventTime")),
        namespace=job.at("namespace").text(required=not of_dataset),
        job=job.at("name").text(required=not of_dataset),
        inputs=_datasets(event.at("inputs")),
        outputs=(_dataset(event.at("dataset").mapping()),) if of_dataset else _datasets(event.at("outputs")),
        edges=() if of_dataset else _edges(event.at("outputs")),
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
        named = _dataset(one.mapping())
        found[named.namespace, named.name] = named
    return tuple(found.values())


def _dataset(dataset: _Place) -> Named:
    return Named(
        namespace=dataset.at("namespace").text(),
        name=dataset.at("name").text(),
        columns=_columns(dataset),
        aliases=_aliases(dataset),
    )


def _facet(dataset: _Place, name: str) -> _Place:
    return dataset.at("facets").mapping(required=False).at(name).mapping(required=False)


def _columns(dataset: _Place) -> tuple[tuple[str, str], ...]:
    fields = [one.mapping() for one in _facet(dataset, "schema").at("fields").items(MOST_COLUMNS)]
    return tuple((one.at("name").text(), one.at("type").text(required=False, longest=MOST_TYPE)) for one in fields)


def _aliases(dataset: _Place) -> tuple[tuple[str, str], ...]:
    named = [one.mapping() for one in _facet(dataset, "symlinks").at("identifiers").items(MOST_DATASETS)]
    return tuple((one.at("namespace").text(), one.at("name").text()) for one in named)


def _edges(place: _Place) -> tuple[Fed, ...]:
    """Which columns of the outputs are fed by which, as their facets say."""
    found: list[Fed] = []
    for one in place.items(MOST_DATASETS):
        dataset = one.mapping()
        target = (dataset.at("namespace").text(), dataset.at("name").text())
        facet = _facet(dataset, "columnLineage")
        fields = facet.at("fields").mapping(required=False)
        for column in fields.value if isinstance(fields.value, dict) else {}:
            inputs = fields.at(column).mapping().at("inputFields")
            found += [fed for field in inputs.items(MOST_COLUMNS) for fed in _fed(field.mapping(), target, column)]
        found += [fed for field in facet.at("dataset").items(MOST_COLUMNS) for fed in _fed(field.mapping(), target, "")]
        if len(found) > MOST_EDGES:
            raise facet.fault(f"may have {MOST_EDGES:,} edges")
    return tuple(found)


def _fed(place: _Place, target: tuple[str, str], column: str) -> Iterator[Fed]:
    """One edge for each direction; without a word of it a value is carried on."""
    source, field = (place.at("namespace").text(), place.at("name").text()), place.at("field").text()
    ways: dict[str, list[tuple[str, bool]]] = {}
    for one in place.at("transformations").items(MOST_DATASETS):
        kind = one.mapping().at("type").text().lower()
        subtype = one.at("subtype").text(required=False, longest=40).upper()
        ways.setdefault("indirect" if kind == "indirect" else "direct", []).append(
            (subtype, one.at("masking").value is True)
        )
    for kind, said in (ways or {"direct" if column else "indirect": []}).items():
        yield Fed(
            source=source,
            source_column=field,
            target=target,
            target_column=column[:LONGEST].replace("\x00", ""),
            kind=kind,
            how=frozenset(subtype for subtype, _ in said if subtype in KNOWN_WAYS),
            masked=bool(said) and all(masked for _, masked in said),
        )
