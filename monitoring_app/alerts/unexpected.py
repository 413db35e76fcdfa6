"""What is not as expected, as one problem of its dataset, until a batch is as expected again."""

from monitoring_app.alerts import evidence, lifecycle
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.facts import ExpectationsBroken, ExpectationsKept
from monitoring_app.models import Alert, AlertUrgency, Outlook
from pipelines_app.models import Event

RULE = "expectation"
ADVICE = (
    "Look at the expectations of the dataset: say of each that is broken whether this was fine or bad: it "
    "widens or tightens. "
    "If the data are wrong, send them again; readers see them as they are."
)


def broken(fact: ExpectationsBroken, event: Event) -> Alert | str:
    """Open an alert about a dataset that is not as expected, unless it is by now."""
    dataset = evidence.one_at_a_time(fact.dataset)
    outlook = Outlook.objects.select_related("broken_by").filter(dataset=dataset).first()
    if outlook is None or outlook.broken_by is None:
        return "ignored: it is as expected by now"
    first, *more = fact.promises
    others = f", and {len(more)} more" if more else ""
    when = f" of {fact.period}" if fact.period else ""
    problem = Problem(
        rule=RULE,
        subject=fact.dataset,
        title=f"{fact.dataset}{when} is not as expected: {first}{others}",
        what="\n- ".join((f"{fact.dataset}{when} was published, and is not as expected:", *fact.promises)),
        todo=ADVICE,
        severity=AlertUrgency.WARN,
        team=dataset.team,
        dataset=dataset,
        pipeline=dataset.pipeline.name if dataset.pipeline is not None else "",
        period=fact.period,
    )
    return lifecycle.open_alert(problem, cause=event)


def kept(fact: ExpectationsKept, event: Event) -> Alert | None:
    """Close it."""
    evidence.one_at_a_time(fact.dataset)
    return lifecycle.resolve(RULE, fact.dataset, because=fact.because, cause=event)
