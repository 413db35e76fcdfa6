"""What is unusual about a dataset, as one alert: however much of it surprises, it is one thing to look at."""

from monitoring_app.alerts import evidence, lifecycle, people
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.anomalies import labelling, saying
from monitoring_app.anomalies.labelling import Said
from monitoring_app.facts import AnomalyFound, AnomalyLabelled, AnomalyOver
from monitoring_app.models import Alert, AlertUrgency, Anomaly, Verdict
from monitoring_app.models.anomaly import AnomalyQuerySet
from pipelines_app.errors import IllegalMove
from pipelines_app.models import Event, VersionState

UNUSUAL = "unusual"
TOLD = 8
ADVICE = (
    "Look at what changed on its page and say whether it was fine or bad: what was fine is usual from then on. "
    "Readers have the data; nothing was held back."
)


def found(fact: AnomalyFound, event: Event) -> Alert | str:
    """Open the alert of a dataset, or count once more on it, unless it is over by now."""
    dataset = evidence.one_at_a_time(fact.dataset)
    open_now = list(Anomaly.objects.open().filter(dataset=dataset).order_by("-score", "pk"))
    if not any(one.profile_id == fact.profile for one in open_now):
        return "ignored: it is over"
    told = saying.unlike((one.metric, one.about, one.words) for one in open_now)
    about = f" of {fact.period}" if fact.period else ""
    lines = "\n- ".join([f"{fact.dataset}{about} is not as usual:", *told[:TOLD]])
    problem = Problem(
        rule=UNUSUAL,
        subject=fact.dataset,
        title=f"{fact.dataset}{about} is unusual: {told[0]}",
        what=lines + (f"\n- and {len(told) - TOLD} more" if len(told) > TOLD else ""),
        todo=ADVICE,
        how_bad=told[0],
        severity=AlertUrgency.WARN,
        team=dataset.team,
        dataset=dataset,
        pipeline=dataset.pipeline.name if dataset.pipeline is not None else "",
        period=fact.period,
    )
    return lifecycle.open_alert(problem, cause=event)


def over(fact: AnomalyOver | AnomalyLabelled, event: Event) -> Alert | None:
    """Close the alert of a dataset of which nothing is unusual any more."""
    dataset = evidence.one_at_a_time(fact.dataset)
    if Anomaly.objects.open().filter(dataset=dataset).exists():
        return None
    because = fact.because if isinstance(fact, AnomalyOver) else f"what was unusual was {fact.label}, a person said"
    return lifecycle.resolve(UNUSUAL, fact.dataset, because=because, cause=event)


def told_by(alert: Alert) -> AnomalyQuerySet:
    """What an alert tells of: what was unusual about the newest version of its period, the most surprising first."""
    if alert.rule != UNUSUAL or alert.dataset_id is None:
        return Anomaly.objects.none()
    known = Anomaly.objects.filter(dataset=alert.dataset_id, period=alert.period, version__state=VersionState.PUBLISHED)
    newest = known.order_by("-version").values("version")[:1]
    return known.filter(version__in=newest).select_related("dataset__team", "version").order_by("-score", "pk")


def label(alert: Alert, said: Said) -> list[Anomaly]:
    """Say of all that an alert tells, and of the alert, whether it was fine; raises IllegalMove if it tells nothing."""
    told = list(told_by(alert))
    if not told:
        raise IllegalMove(f"{alert} tells of nothing unusual.", todo="Label the alerts whose rule is `unusual`.")
    labelled = labelling.label(told, said)
    if said.label in Verdict.values:
        people.judge(alert, said.label, actor=said.actor)
    return labelled
