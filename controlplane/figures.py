"""What the platform does, in numbers for Prometheus: read from the database when they are asked for.

Nothing is counted in memory: every process would have its own count, and a restart would lose it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q, QuerySet
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from controlplane import worth
from monitoring_app.models import Alert, Notification, NotificationState
from pipelines_app.environments import mapping
from pipelines_app.models import (
    CheckResult,
    Current,
    Delivery,
    DeliveryState,
    Pulse,
    Run,
    Slot,
    StepRun,
    StepState,
)

HOUR = timedelta(hours=1)
MOST_DATASETS = 1_000
ALIVE = timedelta(minutes=1)
LATE = [NotificationState.PENDING, NotificationState.GATHERED, NotificationState.UNDELIVERED]

Rows = Iterable[tuple[object, ...]]


def written(now: datetime) -> bytes:
    """The numbers of a moment, as Prometheus reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures(now))
    return generate_latest(registry)


class Figures(Collector):
    """The numbers of one moment, by a fixed number of statements."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._runs()
        yield from self._arrivals()
        yield from self._datasets()
        yield self._checks()
        yield self._alerts()
        yield self._messages()
        yield from self._queues()
        yield from self._parts()

    def _runs(self) -> Iterator[GaugeMetricFamily]:
        live = Run.objects.live().order_by().values_list("state").annotate(number=Count("pk"))
        yield _family("loopline_runs_live", "Runs that wait or run.", ["state"], live)
        begun = Run.objects.filter(created_at__gte=self.now - HOUR).order_by()
        rows = begun.values_list("state").annotate(number=Count("pk"))
        yield _family("loopline_runs_last_hour", "Runs that were made in the last hour.", ["state"], rows)

    def _arrivals(self) -> Iterator[GaugeMetricFamily]:
        """What was expected and has not come: how much, and for how long."""
        late = Slot.objects.overdue().order_by().values_list("state").annotate(number=Count("pk"), due=Min("due_at"))
        rows = list(late)
        numbers = [(state, number) for state, number, _ in rows]
        yield _family("loopline_arrivals_overdue", "Expected arrivals that are late or missing.", ["state"], numbers)
        ages = [(state, self._since(due)) for state, _, due in rows]
        yield _family("loopline_arrivals_lateness_seconds", "For how long the oldest is overdue.", ["state"], ages)

    def _datasets(self) -> Iterator[GaugeMetricFamily]:
        """How long ago each dataset was published; restricted ones are not named, and no more than a thousand."""
        seen = Current.objects.filter(environment__name=mapping.PRODUCTION)
        named = seen.filter(dataset__restricted=False).order_by("dataset")
        rows = list(named.values_list("dataset__name", "version__created_at")[:MOST_DATASETS])
        ages = [(name, self._since(at)) for name, at in rows]
        yield _family("loopline_dataset_age_seconds", "Since a dataset was last published.", ["dataset"], ages)
        unnamed = [(seen.count() - len(rows),)]
        yield _family(
            "loopline_datasets_unnamed", "Datasets whose age is not told: restricted, or beyond.", [], unnamed
        )

    def _checks(self) -> GaugeMetricFamily:
        recent = CheckResult.objects.filter(step_run__run__created_at__gte=self.now - HOUR).order_by()
        counted = recent.values_list("check_made__severity", "passed").annotate(number=Count("pk"))
        rows = [(severity, "holds" if passed else "fails", number) for severity, passed, number in counted]
        text = "Checks judged by runs that were made in the last hour."
        return _family("loopline_checks_last_hour", text, ["severity", "result"], rows)

    def _alerts(self) -> GaugeMetricFamily:
        """Open alerts by the beginning of their rule: what any check found is `check`."""
        rows = Alert.objects.unresolved().standing().order_by().values_list("rule", "severity", "state")
        counted: dict[tuple[str, str, str], int] = {}
        for rule, severity, state, number in rows.annotate(number=Count("pk")):
            key = (rule.partition(":")[0], severity, state)
            counted[key] = counted.get(key, 0) + number
        lines = [(*key, number) for key, number in counted.items()]
        return _family("loopline_alerts_open", "Open alerts, one per problem.", ["rule", "severity", "state"], lines)

    def _messages(self) -> GaugeMetricFamily:
        told = Notification.objects.filter(state__in=LATE).order_by()
        counted = dict.fromkeys(LATE, 0) | dict(told.values_list("state").annotate(number=Count("pk")))
        text = "Messages that wait, wait for a digest, or reached nobody."
        return _family("loopline_messages", text, ["state"], counted.items())

    def _queues(self) -> Iterator[GaugeMetricFamily]:
        """How much is due, and how long the oldest of it has waited."""
        due = Q(not_before__lte=self.now)
        steps = StepRun.objects.filter(due, state=StepState.READY)
        told = Notification.objects.filter(due, state=NotificationState.PENDING)
        events = Delivery.objects.filter(due, state=DeliveryState.PENDING)
        rows = [
            ("steps", *_waiting(steps, "ready_at")),
            ("events", *_waiting(events, "not_before")),
            ("messages", *_waiting(told, "not_before")),
        ]
        lengths = [(name, number) for name, number, _ in rows]
        yield _family("loopline_queue_length", "How many are due and wait.", ["queue"], lengths)
        ages = [(name, self._since(at) if at is not None else 0.0) for name, _, at in rows]
        yield _family("loopline_queue_age_seconds", "How long the oldest has waited that is due.", ["queue"], ages)
        stuck = [(Delivery.objects.filter(state=DeliveryState.STUCK).count(),)]
        yield _family("loopline_events_stuck", "Events that a consumer could not take in.", [], stuck)

    def _parts(self) -> Iterator[GaugeMetricFamily]:
        pulses = dict(
            Pulse.objects.filter(Q(name="sweep") | Q(name__startswith=worth.WORKER)).values_list("name", "at")
        )
        sweep = [(self._since(at),) for at in (pulses.pop("sweep", None),) if at is not None]
        yield _family("loopline_sweep_age_seconds", "Since the sweep last ran.", [], sweep)
        alive = [(sum(self.now - at <= ALIVE for at in pulses.values()),)]
        yield _family("loopline_workers_alive", "Workers that gave a sign of life within a minute.", [], alive)

    def _since(self, at: datetime) -> float:
        return max(0.0, (self.now - at).total_seconds())


def _waiting(rows: QuerySet[StepRun] | QuerySet[Delivery] | QuerySet[Notification], since: str) -> tuple[int, datetime]:
    found = rows.aggregate(number=Count("pk"), at=Min(since))
    return found["number"], found["at"]


def _family(name: str, text: str, labels: list[str], rows: Rows) -> GaugeMetricFamily:
    """One metric: of each row the last is its value, the others are its labels."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for *said, value in rows:
        family.add_metric([str(one) for one in said], float(str(value)))
    return family
