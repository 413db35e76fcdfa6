"""Sentences of the platform that name several things at once, told without those that a person may not see."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

from pipelines_app.models import ANY_ROLE, Dataset, Delivery, Pipeline, Revision, User

D = TypeVar("D", bound=Iterable[Delivery])
UNTOLD = "something that you may not see"
UNNAMED = "something restricted"
_BETWEEN = "; "
_COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
_DOT = re.compile(r"""[\s"'`\[\]]*\.[\s"'`\[\]]*""")
_CHAIN = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)+")
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


def concealed(pipeline: Pipeline, user: User) -> frozenset[str]:
    """What this person may not read of in a pipeline's definition: nothing is kept from its own team."""
    if user.teams_with(*ANY_ROLE).filter(pk=pipeline.team_id).exists():
        return frozenset()
    return hidden_names(user)


def speaks_of(told: object, hidden: frozenset[str]) -> bool:
    """Whether a query or a document names a hidden dataset, whatever its quotes, its case and what follows it."""
    if not hidden:
        return False
    low = frozenset(name.lower() for name in hidden)
    texts = [form for text in _texts(told) for form in (text.lower(), _COMMENT.sub("", text.lower()))]
    chains = (token.split(".") for text in texts for token in _CHAIN.findall(_DOT.sub(".", text)))
    return any(".".join(pair) in low for chain in chains for pair in pairwise(chain))


def readable(pipelines: Iterable[Pipeline], user: User) -> list[Pipeline]:
    """Those (read with `current`) whose definitions name nothing hidden; those of the own teams all the same."""
    hidden, own = hidden_names(user), set(user.teams_with(*ANY_ROLE).values_list("pk", flat=True))
    return [one for one in pipelines if one.team_id in own or not _speaks(one.current, hidden)]


def _speaks(revision: Revision | None, hidden: frozenset[str]) -> bool:
    return revision is not None and speaks_of(revision.document, hidden)


def _texts(told: object) -> Iterator[str]:
    """Every text of a document, its keys too."""
    if isinstance(told, Mapping):
        for key, value in told.items():
            yield str(key)
            yield from _texts(value)
    elif isinstance(told, (list, tuple)):
        for value in told:
            yield from _texts(value)
    elif isinstance(told, str):
        yield told


def in_public(text: str) -> str:
    """A text that others than its own team may read, without the names of what is restricted to a team."""
    return all_in_public([text])[0]


def all_in_public(texts: Sequence[str]) -> list[str]:
    """The same for several texts; costs one query."""
    named = {name for text in texts for name in _NAME.findall(text)}
    datasets = Dataset.objects.filter(name__in=named, restricted=True).order_by().values_list("name", flat=True)
    pipelines = Pipeline.objects.filter(name__in=named, restricted=True).order_by().values_list("name", flat=True)
    hidden = set(datasets.union(pipelines, all=True)) if named else set()
    if not hidden:
        return list(texts)
    return [_NAME.sub(lambda found: UNNAMED if found[0] in hidden else found[0], text) for text in texts]


def veil(deliveries: D, user: User) -> D:
    """The deliveries, each told as this person may hear it; costs one query."""
    hidden = hidden_names(user)
    for delivery in deliveries:
        delivery.outcome, delivery.error = without(delivery.outcome, hidden), without(delivery.error, hidden)
    return deliveries
