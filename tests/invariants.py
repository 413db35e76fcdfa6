"""What must hold once the faults have stopped: `python -m tests.invariants answers.json` judges one installation.

The answers are a client's own log: a list of {"key", "arrival", "sha256"}, one entry per 2xx it was given. The
installation is the one that the environment names, as for manage.py. Exits 0 if nothing is violated.
"""

import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import django
import pyarrow.parquet
from django.apps import apps
from django.db.models import F, Sum


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One acceptance as the client was told of it."""

    key: str
    arrival: int
    sha256: str


if not apps.ready:
    django.setup()

from pipelines_app import lake  # noqa: E402 models can be imported only now
from pipelines_app.models import (  # noqa: E402
    Arrival,
    ArrivalState,
    Current,
    DatasetVersion,
    Delivery,
    DeliveryState,
    Event,
    Part,
    Run,
    RunState,
    StepRun,
    StepState,
    VersionState,
)
from pipelines_app.runs import advancing, lifecycle  # noqa: E402

PUBLISHING = frozenset({StepState.SUCCEEDED, StepState.WARNED})
SAID_BY = {
    StepState.SUCCEEDED: "dataset.published",
    StepState.WARNED: "dataset.published",
    StepState.QUARANTINED: "data.quarantined",
    StepState.REUSED: "step.reused",
    StepState.FAILED: "step.ended",
    StepState.SKIPPED: "step.ended",
    StepState.CANCELLED: "step.ended",
}


def violations(answers: Iterable[Answer] = (), *, files: bool = True) -> list[str]:
    """Every invariant that does not hold, in words; `files=False` where attempts wrote none."""
    found = [*_answers(list(answers)), *_arrivals(), *_deliveries(), *_runs(), *violations_now()]
    return [*found, *_kept(), *_parts()] if files else found


def violations_now() -> list[str]:
    """Every invariant that has to hold at any moment and does not."""
    return [*_moves(), *_steps(), *_attempts(), *_endings(), *_repeats(), *_causes(), *_numbers(), *_currents()]


def _answers(answers: list[Answer]) -> Iterator[str]:
    """Accepted is kept, and the same request has one effect however often it is sent."""
    told: dict[str, set[int]] = defaultdict(set)
    for answer in answers:
        told[answer.key].add(answer.arrival)
        row = Arrival.objects.filter(pk=answer.arrival).first()
        if row is None:
            yield f"arrival {answer.arrival} was accepted ({answer.key}) and is lost"
        elif row.sha256 != answer.sha256:
            yield f"arrival {answer.arrival} was accepted as {answer.sha256} and is kept as {row.sha256}"
    for key, arrivals in told.items():
        if len(arrivals) > 1:
            yield f"{key} was answered with {len(arrivals)} arrivals: {sorted(arrivals)}"


def _arrivals() -> Iterator[str]:
    for arrival in Arrival.objects.all():
        if arrival.state == ArrivalState.PENDING:
            yield f"arrival {arrival.pk} ({arrival.name}) still waits"
        elif not arrival.disposition:
            yield f"arrival {arrival.pk} ({arrival.name}) is {arrival.state}, and nobody says why"
        if arrival.event_id is None:
            yield f"arrival {arrival.pk} ({arrival.name}) has no event"


def _deliveries() -> Iterator[str]:
    for delivery in Delivery.objects.exclude(state=DeliveryState.DONE).select_related("event"):
        yield f"{delivery} after {delivery.attempts} attempts: {delivery.error}"
    for delivery in Delivery.objects.filter(state=DeliveryState.DONE, outcome="").select_related("event"):
        yield f"{delivery} is done, and nobody says what became of it"


def _runs() -> Iterator[str]:
    for run in Run.objects.filter(state__in=lifecycle.LIVE):
        yield f"{run} is still {run.state}"
    for step in StepRun.objects.exclude(state__in=advancing.OVER).select_related("dataset", "run"):
        yield f"{step} is still {step.state}"


def _moves() -> Iterator[str]:
    """Every change of a run's state has one event, and together they are a walk through the table of moves."""
    walks: dict[int, list[str]] = defaultdict(list)
    for run, body in Event.objects.filter(kind="run.moved").order_by("id").values_list("run", "body"):
        walks[run].append(body["state"])
    for run in Run.objects.all():
        walk = walks.pop(run.pk, [])
        legal = all(after in lifecycle.MOVES[before] for before, after in pairwise(walk))
        if not walk or walk[0] != RunState.QUEUED or not legal:
            yield f"{run} moved {' -> '.join(walk) or 'without an event'}"
        elif walk[-1] != run.state:
            yield f"{run} is {run.state}, and its last event says {walk[-1]}"
    for run_pk in walks:
        yield f"run {run_pk} has events and is no run"


def _steps() -> Iterator[str]:
    """A step took effect exactly once if it published, and not at all otherwise."""
    published: dict[int, list[int]] = defaultdict(list)
    rows = DatasetVersion.objects.filter(state=VersionState.PUBLISHED).values_list("step_run", "pk")
    for step_pk, version in rows:
        published[step_pk].append(version)
    events: dict[tuple[int, str], int] = defaultdict(int)
    for run, dataset in Event.objects.filter(kind="dataset.published").values_list("run", "dataset"):
        events[run, dataset] += 1
    for step in StepRun.objects.select_related("dataset", "run"):
        made, expected = published[step.pk], 1 if step.state in PUBLISHING else 0
        if len(made) != expected:
            yield f"{step} is {step.state} and published {len(made)} versions"
        if events[step.run_id, step.dataset.name] != expected:
            yield f"{step} is {step.state} and has {events[step.run_id, step.dataset.name]} events of publication"
        if expected and made != [step.version_id]:
            yield f"{step} made {made} and points to version {step.version_id}"


def _attempts() -> Iterator[str]:
    """Every claim raised the epoch by one and left one event."""
    claims: dict[tuple[int, str], list[int]] = defaultdict(list)
    for run, dataset, body in (
        Event.objects.filter(kind="step.started").order_by("id").values_list("run", "dataset", "body")
    ):
        claims[run, dataset].append(body["epoch"])
    for step in StepRun.objects.select_related("dataset", "run"):
        epochs = claims[step.run_id, step.dataset.name]
        if epochs != list(range(1, step.epoch + 1)):
            yield f"{step} is at epoch {step.epoch}, and was started at {epochs}"


def _endings() -> Iterator[str]:
    """Every end of a step is said by one event of its kind, after everything else about the step."""
    told: dict[tuple[int, str], list[str]] = defaultdict(list)
    kinds = {"step.started", "step.retried", *SAID_BY.values()}
    rows = Event.objects.filter(kind__in=kinds).exclude(run=None).order_by("id")
    for run, dataset, kind in rows.values_list("run", "dataset", "kind"):
        told[run, dataset].append(kind)
    for step in StepRun.objects.select_related("dataset", "run"):
        said = told[step.run_id, step.dataset.name]
        expected = [SAID_BY[step.state]] if step.state in SAID_BY else []
        ends = [kind for kind in said if kind in SAID_BY.values()]
        if ends != expected or (expected and said[-1] != expected[0]):
            yield f"{step} is {step.state}, and its events are {said}"


def _repeats() -> Iterator[str]:
    """The same recipe over the same inputs made the same content."""
    made: dict[tuple[int, str], set[str]] = defaultdict(set)
    rows = DatasetVersion.objects.exclude(run_key="").values_list("dataset", "run_key", "fingerprint")
    for dataset, key, fingerprint in rows:
        made[dataset, key].add(fingerprint)
    for (dataset, key), fingerprints in made.items():
        if len(fingerprints) > 1:
            yield f"dataset {dataset} was made from {key} with {len(fingerprints)} contents"


def _causes() -> Iterator[str]:
    for event in Event.objects.filter(cause=None, actor=""):
        yield f"{event} has neither a cause nor an actor"
    for event in Event.objects.filter(cause__gte=F("id")):
        yield f"{event} comes before its cause"


def _numbers() -> Iterator[str]:
    numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
    rows = DatasetVersion.objects.exclude(number=None).order_by("number")
    for environment, dataset, number in rows.values_list("environment__name", "dataset__name", "number"):
        numbers[environment, dataset].append(number)
    for (environment, dataset), given in numbers.items():
        if given != list(range(1, len(given) + 1)):
            yield f"the versions of {dataset} in {environment} are numbered {given}"


def _currents() -> Iterator[str]:
    """Readers see exactly one version of a dataset: the newest, whole."""
    newest: dict[tuple[int, int], DatasetVersion] = {}
    for version in DatasetVersion.objects.exclude(number=None).select_related("dataset").order_by("number"):
        newest[version.environment_id, version.dataset_id] = version
    pointers = {(one.environment_id, one.dataset_id): one for one in Current.objects.select_related("version__dataset")}
    for place in newest.keys() | pointers.keys():
        last, pointer = newest.get(place), pointers.get(place)
        if last is None or pointer is None or pointer.version_id != last.pk:
            yield f"the newest version is {last}, and readers see {pointer}"
            continue
        live = Part.objects.live().filter(environment=place[0], dataset=place[1])
        rows = live.aggregate(rows=Sum("rows"))["rows"] or 0
        if rows != last.total_rows:
            yield f"{last} says it has {last.total_rows} rows, and its files have {rows}"
        twice = [period for period, files in _by_period(live).items() if period and files > 1]
        if twice:
            yield f"{last} holds these periods twice: {twice}"


def _by_period(parts: Iterable[Part]) -> Mapping[str, int]:
    counted: dict[str, int] = defaultdict(int)
    for part in parts:
        counted[part.period] += 1
    return counted


def _kept() -> Iterator[str]:
    for arrival in Arrival.objects.all():
        path = lake.original(arrival.path)
        if not path.is_file():
            yield f"the bytes of arrival {arrival.pk} ({arrival.name}) are gone"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != arrival.sha256:
            yield f"the bytes of arrival {arrival.pk} ({arrival.name}) are not those that came"


def _parts() -> Iterator[str]:
    for part in Part.objects.select_related("version__dataset"):
        path = lake.path(part.path)
        if not path.is_file():
            yield f"{part.path} of {part.version} is gone"
            continue
        rows = pyarrow.parquet.read_metadata(path).num_rows
        if (rows, path.stat().st_size) != (part.rows, part.bytes):
            yield f"{part.path} of {part.version} has {rows} rows, and {part.rows} are recorded"


def main() -> int:
    answers = [Answer(**entry) for entry in json.loads(Path(sys.argv[1]).read_text())]
    found = violations(answers)
    counted = f"{Arrival.objects.count()} arrivals, {Run.objects.count()} runs, {Event.objects.count()} events"
    sys.stdout.write("\n".join([*found, f"{len(found)} violations in {counted}"]) + "\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
