"""Cadences learned from what came: proposed with their history, accepted as a new revision, or dismissed for good."""

import copy
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from pipelines_app import events, locks, singly
from pipelines_app.compiler import cadences, calendars, deadlines, learning, periods
from pipelines_app.compiler.definition import WEEKDAYS, PeriodKind
from pipelines_app.compiler.learning import Learned
from pipelines_app.compiler.reading import Reader
from pipelines_app.definitions import register
from pipelines_app.definitions.register import Author
from pipelines_app.errors import IllegalMove
from pipelines_app.facts_expected import HabitDecided, HabitLearned
from pipelines_app.models import Arrival, ArrivalState, Dataset, Habit, HabitState, Revision

LAST = 60
SHOWN = 30
LOOK_BACK = timedelta(days=400)


def learn_all(now: datetime) -> int:
    """Learn anew how every source with periods arrives; says for how many something is proposed."""
    kinds = [PeriodKind.DAY, PeriodKind.MONTH]
    known = Dataset.objects.filter(is_source=True, period_kind__in=kinds, pipeline__current__isnull=False)
    recent = Arrival.objects.filter(received_at__gte=now - timedelta(days=2)).values("dataset")
    worth = known.filter(pk__in=recent).select_related("pipeline__current", "habit").order_by("pk")
    return singly.each(worth, lambda dataset: learn(dataset, now) is not None)


def learn(dataset: Dataset, now: datetime) -> Habit | None:
    """Learn how one source arrives; None where no regularity can be seen."""
    came = Arrival.objects.filter(dataset=dataset, received_at__gte=now - LOOK_BACK, replay_of=None)
    newest = came.exclude(state=ArrivalState.DUPLICATE).order_by("-id").values_list("period", "received_at")[:LAST]
    zone = _zone(dataset)
    learned = learning.learn(PeriodKind(dataset.period_kind), zone, newest)
    return _keep(dataset, zone, learned, now) if learned is not None else None


def _zone(dataset: Dataset) -> str:
    """The zone of the deadline that is declared, else the installation's."""
    arrival = _declared(dataset)
    return str(arrival.get("timezone", settings.TIME_ZONE)) if arrival else settings.TIME_ZONE


def _declared(dataset: Dataset) -> dict[str, object]:
    revision = dataset.pipeline.current if dataset.pipeline is not None else None
    sources = revision.document.get("sources", {}) if revision is not None else {}
    return dict(sources.get(dataset.name, {}).get("arrival", {}))


@transaction.atomic
def _keep(dataset: Dataset, zone: str, learned: Learned, now: datetime) -> Habit:
    """Write down what was learned; it is proposed anew only if it differs from what was decided before."""
    habit = locks.held(Habit.objects.filter(dataset=dataset)).first()
    is_declared = bool(_declared(dataset))
    is_news = not is_declared and (habit is None or learning.is_another(habit.arrival, learned.arrival))
    if habit is None:  # of what is declared only the usual moment is of use
        habit = Habit(dataset=dataset, arrival=learned.arrival, state=HabitState.ACCEPTED)
    habit.zone, habit.arrivals, habit.learned_at = zone, len(learned.came), now
    habit.weekdays = [asdict(one) for one in learned.usual]
    habit.history = [{**asdict(one), "at": one.at.isoformat()} for one in learned.came[-SHOWN:]]
    if is_news:
        habit.arrival, habit.state = learned.arrival, HabitState.PROPOSED
        habit.decided_by, habit.decided_at = "", None
    habit.save()
    if is_news:
        fact = HabitLearned(dataset=dataset.name, arrivals=habit.arrivals, sentence=sentence(habit))
        events.record(fact, actor="clock")
    return habit


def sentence(habit: Habit) -> str:
    """What is proposed, in words."""
    kind = PeriodKind(habit.dataset.period_kind)
    deadline = deadlines.parse(Reader({"arrival": habit.arrival}), kind)
    return cadences.sentence(deadline, kind) if deadline is not None else ""


def usual_at(habit: Habit, kind: PeriodKind, period: str) -> datetime | None:
    """When a period comes by what was learned of its weekday; None where nothing is known of it."""
    if kind == PeriodKind.NONE:
        return None
    weekday = WEEKDAYS[periods.last_day(kind, period).weekday()]
    by_weekday = {str(one["weekday"]): float(one["median"]) for one in habit.weekdays}
    seconds = by_weekday.get(weekday, by_weekday.get("any"))
    return learning.usual_moment(kind, period, seconds, habit.zone) if seconds is not None else None


def accept(habit: Habit, *, author: Author) -> Revision:
    """Declare what was learned: a new revision of the dataset's pipeline with the proposed deadline.

    Raises IllegalMove if it was decided before or the pipeline is gone, and what registering raises.
    """
    pipeline = habit.dataset.pipeline
    if pipeline is None or pipeline.current is None:
        raise IllegalMove(f"{habit.dataset.name} is not a source of a pipeline any more.")
    document = copy.deepcopy(dict(pipeline.current.document))
    sources = document.get("sources", {})
    if habit.dataset.name not in sources:
        raise IllegalMove(f"{pipeline.name} does not take {habit.dataset.name} any more.")
    with transaction.atomic():
        _decide(habit, HabitState.ACCEPTED, actor=author.actor)
        sources[habit.dataset.name]["arrival"] = dict(habit.arrival)
        why = f"{habit.dataset.name} is expected as learned from {habit.arrivals} arrivals"
        return register.register(document, author=author, why=why, onto=pipeline.current.number)[0]


@transaction.atomic
def dismiss(habit: Habit, *, actor: str) -> None:
    """Do not propose this again; raises IllegalMove if it was decided before."""
    _decide(habit, HabitState.DISMISSED, actor=actor)


def _decide(habit: Habit, state: HabitState, *, actor: str) -> None:
    proposed = Habit.objects.filter(pk=habit.pk, state=HabitState.PROPOSED)
    if not proposed.update(state=state, decided_by=actor[:200], decided_at=timezone.now()):
        raise IllegalMove(f"What was learned of {habit.dataset.name} was decided already.", todo="Read it again.")
    habit.state = state
    events.record(HabitDecided(dataset=habit.dataset.name, state=state), actor=actor)


@dataclass(frozen=True, kw_only=True)
class UsualDay:
    """What is usual on one weekday: how many came, when, and how far they strayed, in minutes."""

    name: str
    number: int
    usually: str
    spread: int


def usual_days(habit: Habit) -> list[UsualDay]:
    """What was learned, weekday by weekday, as people read it."""
    return [
        UsualDay(
            name=calendars.DAYS.get(str(one["weekday"]), "Any day"),
            number=int(one["number"]),
            usually=_clock(float(one["median"])),
            spread=round(float(one["spread"]) / 60),
        )
        for one in habit.weekdays
    ]


@dataclass(frozen=True, kw_only=True)
class Came:
    """One past arrival that a habit was learned from."""

    period: str
    at: datetime
    clock: str


def history(habit: Habit) -> list[Came]:
    """The arrivals it was learned from, newest first."""
    return [
        Came(period=str(one["period"]), at=datetime.fromisoformat(one["at"]), clock=_clock(float(one["seconds"])))
        for one in reversed(habit.history)
    ]


def _clock(seconds: float) -> str:
    """Seconds after a day began as a clock shows them: "06:20", "06:20 a day later"."""
    days, within = divmod(int(seconds), 86_400)
    later = "" if days == 0 else " a day later" if days == 1 else f" {days} days later"
    return f"{within // 3600:02}:{within % 3600 // 60:02}{later}"
