"""Expected arrivals as a grid of datasets and periods, and one of them in full: values for the pages, no HTTP."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from pipelines_app.compiler import periods
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.intake.slot_why import Condition
from pipelines_app.models import Dataset, Slot, User
from pipelines_app.models.datasets import DatasetQuerySet
from pipelines_app.web import words

COLUMNS = {PeriodKind.HOUR: 24, PeriodKind.DAY: 14, PeriodKind.MONTH: 12}
NEWEST = 200
YEARS = ("1900", "2200")  # what a window may be asked for
BEFORE = {PeriodKind.HOUR: timedelta(hours=1), PeriodKind.DAY: timedelta(days=1), PeriodKind.MONTH: timedelta(days=1)}
PLACES = {
    "arrival": "console:arrival",
    "run": "console:run",
    "event": "console:event",
    "dataset": "console:dataset",
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the grid is asked to show."""

    kind: PeriodKind
    until: str = ""
    team: str = ""
    dataset: str = ""
    state: str = ""

    @property
    def is_filtered(self) -> bool:
        return bool(self.team or self.dataset or self.state)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One dataset with its slots, one for each column or none."""

    dataset: Dataset
    slots: tuple[Slot | None, ...]


@dataclass(frozen=True, kw_only=True)
class Window:
    """The periods of the columns, newest first, and the ends of the windows beside it."""

    keys: tuple[str, ...]
    labels: tuple[str, ...]
    earlier: str
    later: str


def window(asked: Asked, seen: QuerySet[Slot], now: datetime) -> Window:
    """The columns: up to the period asked for, or else up to the newest that is expected."""
    is_given = periods.is_valid(asked.kind, asked.until) and YEARS[0] <= asked.until[:4] <= YEARS[1]
    until = asked.until if is_given else _newest(asked, seen, now)
    keys = [until]
    for _ in range(COLUMNS[asked.kind] - 1):
        keys.append(preceding(asked.kind, keys[-1]))
    later = until
    for _ in range(COLUMNS[asked.kind]):
        later = periods.following(asked.kind, later)
    return Window(
        keys=tuple(keys),
        labels=tuple(label(asked.kind, key) for key in keys),
        earlier=preceding(asked.kind, keys[-1]),
        later=later if is_given else "",
    )


def _newest(asked: Asked, seen: QuerySet[Slot], now: datetime) -> str:
    of_kind = seen.filter(dataset__period_kind=asked.kind)
    of_kind = of_kind.filter(dataset__name=asked.dataset) if asked.dataset else of_kind
    newest = max(of_kind.order_by("-id").values_list("period", flat=True)[:NEWEST], default="")
    return newest or periods.key_of(asked.kind, now)


def preceding(kind: PeriodKind, key: str) -> str:
    """The key of the period before."""
    return periods.key_of(kind, periods.local_start(kind, key) - BEFORE[kind])


def label(kind: PeriodKind, key: str) -> str:
    """A period as a column's head: "Tue 5 Jan", "05:00, 5 Jan", "Jan 2013"."""
    said = periods.label(kind, key).split()
    moment = periods.local_start(kind, key)
    if kind == PeriodKind.MONTH:
        return f"{said[0][:3]} {moment.year}"
    day = f"{moment.day} {said[1][:3]}"
    weekday = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    return f"{moment:%H:%M}, {day}" if kind == PeriodKind.HOUR else f"{weekday} {day}"


def datasets(asked: Asked, shown: Window, user: User) -> DatasetQuerySet:
    """The sources that have a slot in the window, and in the state asked for."""
    found = Dataset.objects.visible_to(user).filter(is_source=True, period_kind=asked.kind)
    found = found.filter(team__name=asked.team) if asked.team else found
    found = found.filter(name=asked.dataset) if asked.dataset else found
    slots = Slot.objects.filter(dataset=OuterRef("pk"), period__gte=shown.keys[-1], period__lte=shown.keys[0])
    slots = slots.filter(state=asked.state) if asked.state else slots
    return found.filter(Exists(slots))


def rows(listed: Sequence[Dataset], shown: Window) -> list[Row]:
    """The cells of some datasets; one query for all of them."""
    slots = Slot.objects.filter(dataset__in=listed, period__gte=shown.keys[-1], period__lte=shown.keys[0])
    placed = {(slot.dataset_id, slot.period): slot for slot in slots}
    return [
        Row(dataset=dataset, slots=tuple(placed.get((dataset.pk, key)) for key in shown.keys)) for dataset in listed
    ]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A condition as the page shows it: its words, sign, moment, link and parts."""

    text: str
    icon: str
    tone: str
    said: str
    at: datetime | None
    url: str
    parts: tuple["Shown", ...]


SIGNS = {True: ("check", "good", "done"), False: ("clock", "warn", "not yet"), None: ("dot", "idle", "")}


def tree(conditions: Iterable[Condition]) -> tuple[Shown, ...]:
    """Conditions as the page shows them."""
    return tuple(_shown(condition) for condition in conditions)


def _shown(condition: Condition) -> Shown:
    icon, tone, said = SIGNS[condition.met]
    to = PLACES.get(condition.about)
    return Shown(
        text=condition.text,
        icon=icon,
        tone=tone,
        said=said,
        at=condition.at,
        url=reverse(to, args=[condition.key]) if to else "",
        parts=tree(condition.parts),
    )


def late_by(slot: Slot) -> str:
    """How late it came, in words; empty where it was in time or has not come."""
    return f"{words.duration(slot.late_seconds)} late" if slot.late_seconds else ""
