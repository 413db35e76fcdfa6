"""Who sees what: a dataset, or a pipeline with all that it makes, is for everybody or for its own team.

Whoever else reads a dataset that becomes restricted is given no more of it: their steps wait, and say so.
"""

from django.db import transaction

from pipelines_app.access import audit
from pipelines_app.models import Dataset, Pipeline

WHOM = {True: "its own team", False: "everybody who is signed in"}


@transaction.atomic
def dataset(found: Dataset, *, restricted: bool, actor: str, address: str = "") -> None:
    """Have a dataset be seen by its own team alone, or by everybody; written down where it changes anything."""
    if not Dataset.objects.filter(pk=found.pk, restricted=not restricted).update(restricted=restricted):
        return
    found.restricted = restricted
    audit.record(
        actor=actor,
        action="dataset.restricted" if restricted else "dataset.opened",
        subject=found.name,
        team=found.team,
        address=address,
        change={"before": not restricted, "after": restricted},
    )


@transaction.atomic
def pipeline(found: Pipeline, *, restricted: bool, actor: str, address: str = "") -> None:
    """The same for a pipeline and all that it makes."""
    for made in found.datasets.select_related("team").order_by("name"):
        dataset(made, restricted=restricted, actor=actor, address=address)
    if not Pipeline.objects.filter(pk=found.pk, restricted=not restricted).update(restricted=restricted):
        return
    found.restricted = restricted
    audit.record(
        actor=actor,
        action="pipeline.restricted" if restricted else "pipeline.opened",
        subject=found.name,
        team=found.team,
        address=address,
        change={"before": not restricted, "after": restricted},
    )
