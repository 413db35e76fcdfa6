"""Sentences of the platform that name several things at once, told without those that a person may not see."""

import re
from collections.abc import Iterable
from typing import TypeVar

from pipelines_app.models import Dataset, Delivery, Pipeline, User

D = TypeVar("D", bound=Iterable[Delivery])
UNTOLD = "something that you may not see"
UNNAMED = "something restricted"
_BETWEEN = "; "
_NAME = re.compile(r"[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*")


def hidden_names(user: User) -> frozenset[str]:
    """The datasets and pipelines of which this person may know nothing."""
    if user.is_superuser:
        return frozenset()
    datasets = Dataset.objects.hidden_from(user).values_list("name", flat=True)
    seen = Pipeline.objects.visible_to(user).values("pk")
    pipelines = Pipeline.objects.exclude(pk__in=seen).values_list("name", flat=True)
    return frozenset(datasets.union(pipelines, all=True))


def without(text: str, hidden: frozenset[str]) -> str:
    """A text of parts between semicolons, each part that names something hidden left untold."""
    if not hidden or hidden.isdisjoint(_NAME.findall(text)):
        return text
    told = [UNTOLD if not hidden.isdisjoint(_NAME.findall(part)) else part for part in text.split(_BETWEEN)]
    return _BETWEEN.join(dict.fromkeys(told))


def in_public(text: str) -> str:
    """A text that others than its own team may read, without the names of what is restricted to a team."""
    named = set(_NAME.findall(text))
    hidden = set(Dataset.objects.filter(name__in=named, restricted=True).values_list("name", flat=True))
    hidden |= set(Pipeline.objects.filter(name__in=named, restricted=True).values_list("name", flat=True))
    return _NAME.sub(lambda found: UNNAMED if found[0] in hidden else found[0], text) if hidden else text


def veil(deliveries: D, user: User) -> D:
    """The deliveries, each told as this person may hear it; costs one query."""
    hidden = hidden_names(user)
    for delivery in deliveries:
        delivery.outcome, delivery.error = without(delivery.outcome, hidden), without(delivery.error, hidden)
    return deliveries
