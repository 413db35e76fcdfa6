"""What the page of an alert shows besides the alert: where it comes from, what follows from it, whom it hits."""

from dataclasses import dataclass

from django.db.models import Count, Q

from monitoring_app import roots
from monitoring_app.alerts import grouping
from monitoring_app.models import Alert, AlertState
from pipelines_app.models import Dataset, Pipeline, StepRun, StepState, Trigger, TriggerKind, User

AFFECTED = 100


@dataclass(frozen=True, kw_only=True)
class Branch:
    """One line of the tree: how far from the root, and the alert; none for what the person may not see."""

    depth: int
    alert: Alert | None
    is_over: bool = False


def root(found: Alert, user: User) -> Alert | None:
    """The alert that this one follows from, if the person may see it."""
    above = found.root
    return above if above is not None and Alert.objects.visible_to(user).filter(pk=above.pk).exists() else None


def tree(found: Alert, user: User) -> list[Branch]:
    """What follows from an alert, each below the nearest of the others that is above it in the lineage."""
    affected = list(found.affected.order_by("pk")[:AFFECTED])
    if not affected:
        return []
    seen = set(Alert.objects.visible_to(user).filter(root=found).values_list("pk", flat=True)[:AFFECTED])
    at: dict[int, list[Alert]] = {}
    for one in affected:
        at.setdefault(one.dataset_id or -one.pk, []).append(one)
    top = found.dataset_id or 0
    nodes = [node for node in at if node > 0 and node != top]
    below = roots.tree(top, nodes, grouping.lineage_of(nodes))
    lines = [*below, *((node, 1) for node in at if node < 0)]
    return [
        Branch(depth=max(1, depth), alert=one if one.pk in seen else None, is_over=one.state == AlertState.RESOLVED)
        for node, depth in lines
        for one in at.get(node, [])
    ]


def hit(found: Alert, user: User) -> list[Pipeline]:
    """The pipelines that start from what is wrong: they wait, or work on what readers still have."""
    pipelines = Pipeline.objects.visible_to(user)
    made = Dataset.objects.filter(pipeline__name=found.pipeline) if found.pipeline else Dataset.objects.none()
    about = Q(dataset__in=made) | (Q(dataset=found.dataset) if found.dataset else Q(pk__in=[]))
    readers = Trigger.objects.filter(about, kind=TriggerKind.DATASET)
    return list(pipelines.filter(pk__in=readers.values("pipeline")).exclude(name=found.pipeline).order_by("name")[:20])


def skipped(found: Alert, user: User) -> list[str]:
    """The datasets that its run did not make because of it."""
    if not found.run:
        return []
    steps = StepRun.objects.filter(run=found.run, state=StepState.SKIPPED, dataset__in=Dataset.objects.visible_to(user))
    return list(steps.order_by("position").values_list("dataset__name", flat=True)[:20])


def same(found: Alert, user: User) -> int:
    """How often the same problem of the same subject was resolved before."""
    before = Alert.objects.visible_to(user).of(found.rule, found.subject).exclude(pk=found.pk)
    return int(before.aggregate(number=Count("pk"))["number"])
