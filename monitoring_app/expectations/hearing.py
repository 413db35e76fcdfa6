"""What expectations make of events: a batch that was measured, and a person's word about an alert."""

from monitoring_app.expectations import judging, labelling
from monitoring_app.facts import AlertJudged, ProfileMeasured
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
    return True


@events.hears(ProfileMeasured, AlertJudged, ignores=_says_nothing)
def hear(event: Event, fact: Fact) -> str:
    """React to an event; the answer is its disposition in words."""
    match fact:
        case ProfileMeasured():
            return judging.judged(fact, event)
        case AlertJudged():
            return labelling.said(fact, event)
    return "ignored: it says nothing about what is expected"
