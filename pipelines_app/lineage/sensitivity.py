"""Which columns are sensitive: those that a source declares, and what is made from the values of such columns."""

from collections import deque
from collections.abc import Iterable, Mapping

from pipelines_app.access import redaction
from pipelines_app.models import Dataset, Edge, EdgeKind, Reject
from pipelines_app.models.lineage import WayQuerySet


def settle(made: Iterable[Dataset], declared: Mapping[str, tuple[str, ...]]) -> None:
    """Write down what is sensitive of these datasets, each after what it is made from, and of all made from them.

    `declared` are the sensitive columns of the sources among them. What only decides over rows, and values that cannot
    be read from the result (a count, a hash), hand nothing on.
    """
    if not any(declared.values()) and not Dataset.objects.exclude(sensitive=[]).exists():
        return
    waiting = deque(made)
    while waiting:
        dataset = waiting.popleft()
        wanted = sorted(declared.get(dataset.name, ()) if dataset.is_source else _inherited(dataset))
        if wanted == dataset.sensitive:
            continue
        dataset.sensitive = wanted
        Dataset.objects.filter(pk=dataset.pk).update(sensitive=wanted)
        _forget_lines(dataset)
        waiting.extend(Dataset.objects.filter(is_source=False, edges_in__in=_held().filter(source=dataset)).distinct())


def _forget_lines(dataset: Dataset) -> None:
    """Lines that were set aside before a column was sensitive are not shown any more; the file itself is kept."""
    kept = Reject.objects.filter(step_run__dataset=dataset)
    if dataset.sensitive:
        kept.update(text="")
        kept.filter(column__in=dataset.sensitive).update(message=redaction.UNSAID)


def _inherited(dataset: Dataset) -> set[str]:
    fed = _held().filter(target=dataset, source__isnull=False).exclude(source__sensitive=[])
    found: set[str] = set()
    for sensitive, source, target in fed.values_list("source__sensitive", "source_column", "target_column"):
        if not source or source.lower() in {name.lower() for name in sensitive}:
            found |= {target} if target else {column["name"] for column in dataset.columns}
    return found


def _held() -> WayQuerySet:
    return Edge.objects.held().filter(kind=EdgeKind.DIRECT, masked=False)
