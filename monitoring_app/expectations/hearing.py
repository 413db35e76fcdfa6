"""What expectations make of events: a batch that was measured, a person's word about an alert, other promises."""

from monitoring_app.expectations import judging, labelling
from monitoring_app.facts import AlertJudged, ExpectationEdited, ExpectationRetired, ProfileMeasured
from monitoring_app.models import Outlook
from pipelines_app import events
from pipelines_app.facts import Fact
from pipelines_app.models import Event

RULE = "expectation"


def _says_nothing(fact: Fact) -> bool:
    """What was put aside is told of already and teaches nothing; other alerts have nothing to do with expectations."""
    match fact:
        case ProfileMeasured(published=published):
            return not published
        case AlertJudged(rule=rule):
            return rule != RULE
        case ExpectationEdited(dataset=dataset) | ExpectationRetired(dataset=dataset):
            return not Outlook.objects.filter(dataset__name=dataset, broken_by__isnull=False).exists()
    return True


@events.hears(ProfileMeasured, AlertJudged, ExpectationEdited, ExpectationRetired, ignores=_says_nothing)
def hear(event: Event, fact: Fact) -> str:
    """React to an event; the answer is its disposition in words."""
    match fact:
        case ProfileMeasured():
            return judging.judged(fact, event)
        case AlertJudged():
            return labelling.said(fact, event)
        case ExpectationEdited(dataset=dataset) | ExpectationRetired(dataset=dataset):
            return judging.again(dataset, event)
    return "ignored: it says nothing about what is expected"
