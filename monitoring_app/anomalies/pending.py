"""Which batches are to be judged: one row each, written when they were measured."""

from django.db.models.functions import Now

from monitoring_app.anomalies import lessons
from monitoring_app.facts import ProfileMeasured
from monitoring_app.models import Judgement, JudgementState, Profile
from pipelines_app import events, wake
from pipelines_app.environments import mapping
from pipelines_app.facts import Fact
from pipelines_app.models import Event


@events.hears(ProfileMeasured)
def hear(event: Event, fact: Fact) -> str:
    """Have a batch judged by those before it; what others than the readers of production see is nobody's surprise."""
    if not isinstance(fact, ProfileMeasured):
        return "ignored: nothing was measured"
    about = Profile.objects.select_related("dataset", "environment")
    profile = about.defer("sketch", "pairs").filter(pk=fact.profile).first()
    if profile is None or not lessons.is_batch(profile):
        return "ignored: it is no batch"
    if profile.environment.name != mapping.PRODUCTION:
        return "ignored: it is not what everybody reads"
    again = {"state": JudgementState.WAITING, "attempts": 0, "not_before": Now(), "event": event}
    judgement, _ = Judgement.objects.update_or_create(
        profile=profile, defaults=again, create_defaults={**again, "dataset": profile.dataset}
    )
    wake.ring(wake.JUDGEMENT, judgement.pk)
    return "written down, to be judged"
