"""How far the platform goes by itself with a dataset: said on its page, through the API or in YAML, kept in YAML."""

from django.db import transaction
from django.utils import timezone

from monitoring_app.models import ExpectationPolicy, Outlook
from pipelines_app.access import audit
from pipelines_app.compiler.definition import Definition, Expecting
from pipelines_app.definitions import expecting
from pipelines_app.definitions.authors import Author
from pipelines_app.models import Dataset, Pipeline


@transaction.atomic
def choose(dataset: Dataset, policy: str, *, author: Author) -> Outlook:
    """Say it in the definition of the dataset's pipeline, which is revised by that, and act by it from now on.

    Of a dataset that no definition makes, or that is made from a template which leaves it open, it is kept with the
    dataset alone. Raises IllegalMove where a template says it, and what registering raises.
    """
    pipeline = expecting.pipeline_of(dataset)
    if pipeline is None:
        return _set(dataset, policy, actor=author.actor, is_declared=False)
    said = expecting.say(dataset, pipeline, Expecting(policy), author=author)
    return _set(dataset, policy, actor=author.actor, is_declared=bool(said))


def follow(pipeline: Pipeline, definition: Definition, *, actor: str) -> None:
    """Do as a definition says; what it says nothing of any more is proposed only, what it never said stays."""
    said = expecting.of(definition)
    before = Outlook.objects.filter(dataset__pipeline=pipeline, is_declared=True).select_related("dataset__team")
    unsaid = [one.dataset for one in before if one.dataset.name not in said]
    for dataset in Dataset.objects.filter(name__in=said).select_related("team") if said else ():
        _set(dataset, said[dataset.name], actor=actor, is_declared=True)
    for dataset in unsaid:
        _set(dataset, ExpectationPolicy.PROPOSE, actor=actor, is_declared=False)


def _set(dataset: Dataset, policy: str, *, actor: str, is_declared: bool) -> Outlook:
    """Write it down; the dataset is looked at again soon, to act by it."""
    found, _ = Outlook.objects.get_or_create(dataset=dataset)
    if (found.policy, found.is_declared) == (policy, is_declared):
        return found
    rows = Outlook.objects.filter(pk=found.pk)
    rows.update(is_declared=is_declared)
    if found.policy != policy:
        change = {"before": found.policy, "after": str(policy)}
        audit.record(actor=actor, action="expectations.policy", subject=dataset.name, team=dataset.team, change=change)
        due = timezone.now() if found.known or found.fresh else found.due_at
        rows.update(policy=ExpectationPolicy(policy), due_at=due)
    found.refresh_from_db()
    return found
