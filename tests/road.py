"""Walking the road by hand: what a worker and the sweep would do, in this thread and in order."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

from controlplane.sample.playing import Script
from monitoring_app.alerts import sending
from monitoring_app.models import Notification, NotificationState
from pipelines_app import events
from pipelines_app.compiler import documents
from pipelines_app.definitions import register, templates
from pipelines_app.definitions.register import Author
from pipelines_app.facts import DatasetPublished
from pipelines_app.intake import accepting, receiving
from pipelines_app.intake.accepting import Envelope
from pipelines_app.models import (
    Arrival,
    Dataset,
    Delivery,
    DeliveryState,
    Event,
    Revision,
    StepRun,
    StepState,
    Team,
    TemplateRevision,
)
from pipelines_app.runs import execution

SAMPLE = Path(__file__).resolve().parents[1] / "sample"
SCRIPT = Script(folder=SAMPLE / "nycflights")


def team(name: str = "ops-analytics") -> Team:
    """The team of that name."""
    return Team.objects.get_or_create(name=name)[0]


def register_yaml(text: str, *, why: str = "") -> Revision:
    """Register a pipeline written as YAML, as its own team."""
    document = documents.from_yaml(text)
    owner = team(str(document["team"]))
    author = Author(actor="user:test", user=None, teams=frozenset({owner.name}))
    return register.register(document, author=author, why=why)[0]


def register_yaml_template(text: str, *, why: str = "") -> TemplateRevision:
    """Register a template written as YAML, as its own team."""
    document = documents.from_yaml(text)
    owner = team(str(document["team"]))
    author = Author(actor="user:test", user=None, teams=frozenset({owner.name}))
    return templates.register(document, author=author, why=why)[0]


def register_sample(*names: str) -> None:
    """Register pipelines of the sample, all of them if none is named."""
    for path in sorted((SAMPLE / "pipelines").glob("*.yaml")):
        if not names or path.stem.partition("-")[2] in names:
            register_yaml(path.read_text())


def send(dataset: str, body: bytes, *, name: str = "file", period: str = "", sender: str = "user:test") -> Arrival:
    """Bring bytes in through the API's door, without HTTP."""
    received = receiving.receive([body], max_bytes=1 << 30)
    to = Dataset.objects.select_related("pipeline").get(name=dataset)
    return accepting.accept(Envelope(dataset=to, door="api", name=name, sender=sender, period=period), received)


def send_flights(day: str, body: bytes | None = None) -> Arrival:
    """Bring in one day's flights."""
    return send("raw.flights", body or SCRIPT.flights(day), name=f"flights_{day}.csv")


def send_reference() -> None:
    """Bring in airlines, airports and planes."""
    for name in ("airlines", "airports", "planes"):
        content = gzip.decompress((SAMPLE / "nycflights" / f"{name}.csv.gz").read_bytes())
        send(f"raw.{name}", content, name=f"{name}.csv")


def send_weather(day: str) -> Arrival:
    """Bring in one day's weather as JSON lines."""
    lines = "".join(json.dumps(record) + "\n" for record in SCRIPT.weather()[day])
    return send("raw.weather", lines.encode(), name=f"weather_{day}.jsonl", period=day)


def drain() -> None:
    """Deliver every event and do every step that is ready, until nothing is left to do now."""
    while _deliver() or _execute() or _notify():
        pass


def _deliver() -> int:
    waiting = Delivery.objects.filter(state=DeliveryState.PENDING, attempts=0).order_by("id")
    waiting = waiting.exclude(error__startswith="this release knows no")  # those come again by themselves
    pks = list(waiting.values_list("pk", flat=True))
    for pk in pks:
        events.deliver(pk)
    return len(pks)


def _execute() -> int:
    pks = list(StepRun.objects.filter(state=StepState.READY, attempt=0).order_by("id").values_list("pk", flat=True))
    for pk in pks:
        execution.execute(pk, "test")
    return len(pks)


def _notify() -> int:
    waiting = Notification.objects.filter(state=NotificationState.PENDING, attempts=0)
    pks = list(waiting.order_by("id").values_list("pk", flat=True))
    for pk in pks:
        sending.send(pk)
    return len(pks)


def published(event: Event, **changes: object) -> DatasetPublished:
    """The fact of a publication once more, changed."""
    return replace(DatasetPublished.read(event.body), **changes)
