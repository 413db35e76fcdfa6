"""Datasets of other tools in the lineage graph: nodes of their own, marked, that lead to the pipelines they start."""

from collections import defaultdict
from collections.abc import Iterable

from django.urls import reverse

from pipelines_app.models import Dataset, ForeignDataset, ForeignEdge, Listener, User
from pipelines_app.web.lineage_graph import Node

Pair = tuple[int, int]


def number(dataset: int) -> int:
    """The id of another tool's dataset in the graph, where ours have theirs."""
    return -dataset


def pairs(user: User, own: Iterable[Pair]) -> list[Pair]:
    """Which of the datasets that other tools told this person's teams of is made from which, and what they start.

    What listens to one begins with the datasets of its pipeline that it makes from nothing of its own.
    """
    seen = {
        (one.team_id, one.namespace, one.name): one.pk
        for one in ForeignDataset.objects.visible_to(user).only("team", "namespace", "name")
    }
    if not seen:
        return []
    known = set(seen.values())
    edges = ForeignEdge.objects.filter(source__in=known, target__in=known).values_list("source", "target")
    found = [(number(source), number(target)) for source, target in edges]
    roots = _roots(own)
    for listener in Listener.objects.select_related("pipeline"):
        heard = seen.get((listener.pipeline.team_id, listener.namespace, listener.dataset))
        if heard is not None:
            found += [(number(heard), root) for root in roots[listener.pipeline_id]]
    return found


def _roots(own: Iterable[Pair]) -> dict[int, list[int]]:
    """By pipeline, its datasets that are made from none of its own."""
    made = dict(Dataset.objects.filter(pipeline__listeners__isnull=False).values_list("pk", "pipeline"))
    within = {target for source, target in own if source in made and made.get(source) == made.get(target)}
    found: dict[int, list[int]] = defaultdict(list)
    for pk, pipeline in made.items():
        if pk not in within and pipeline is not None:
            found[pipeline].append(pk)
    return found


def nodes(user: User, shown: Iterable[int]) -> dict[int, Node]:
    """The nodes of those that are shown."""
    wanted = [-one for one in shown if one < 0]
    if not wanted:
        return {}
    url = reverse("console:other-tools")
    return {
        number(one.pk): Node(
            id=f"foreign-{one.pk}", label=one.name, sub=f"external: {one.namespace}", url=url, state="external"
        )
        for one in ForeignDataset.objects.visible_to(user).filter(pk__in=wanted)
    }
