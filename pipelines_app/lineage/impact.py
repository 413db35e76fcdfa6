"""What breaks if: who is reached by a dataset or some of its columns, whose they are, and what was promised of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipelines_app.compiler import cadences, deadlines, documents, target_documents
from pipelines_app.lineage.showing import Node, Question, Shown, look
from pipelines_app.lineage.walking import MOST_DEPTH, Side
from pipelines_app.models import Dataset, Pipeline, Revision, User

FAR = MOST_DEPTH


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A dataset that a change reaches: by which of its own columns (none named: by all), and what it promises.

    One that reads what is gone breaks; one further on is reached.
    """

    node: Node
    through: tuple[str, ...]
    columns: tuple[str, ...]
    breaks: bool
    email: str = ""
    promises: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Removal:
    """A dataset that loses columns, or goes as a whole (no columns named), and whom that hits."""

    dataset: str
    columns: tuple[str, ...]
    hits: list[Hit]
    truncated: bool


def of(user: User, dataset: int, columns: Sequence[str] = (), *, most: int = 500) -> tuple[list[Hit], bool]:
    """Everybody who is hit if the dataset, or these columns of it, were gone: the nearest first; and if that is all."""
    shown = look(user, Question(of=dataset, sides=(Side.DOWN,), depth=FAR, columns=tuple(columns), most=most))
    return hits(shown), shown.truncated


def hits(shown: Shown) -> list[Hit]:
    """Whom a walk downstream reached, with owners and promises."""
    reached = [node for number, node in shown.nodes.items() if number != shown.of]
    owners = _owners(reached)
    said = promises({node.pipeline for node in reached if node.pipeline})
    into: dict[int, list[tuple[str, str]]] = {}
    for way in shown.columns:
        into.setdefault(way.target, []).append((shown.nodes[way.source].name, way.target_column))
    return [
        Hit(
            node=node,
            through=tuple(dict.fromkeys(source for source, _ in into.get(node.number, ()))),
            columns=_named(column for _, column in into.get(node.number, ())),
            breaks=node.depth == 1,
            email=owners.get(node.number, ""),
            promises=tuple(said.get(node.name, ())) if node.name else (),
        )
        for node in sorted(reached, key=lambda node: (node.depth, node.restricted, node.id))
    ]


def _named(columns: Iterable[str]) -> tuple[str, ...]:
    names = sorted(set(columns))
    return () if "" in names else tuple(names)


def _owners(nodes: Iterable[Node]) -> dict[int, str]:
    own = [node.number for node in nodes if node.number > 0 and not node.restricted]
    return dict(Dataset.objects.filter(pk__in=own).exclude(team__email="").values_list("pk", "team__email"))


def promises(pipelines: Iterable[str]) -> dict[str, list[str]]:
    """By dataset what these pipelines promise of it now, in words."""
    current = Pipeline.objects.filter(name__in=pipelines).exclude(current=None)
    found: dict[str, list[str]] = {}
    for document in current.values_list("current__document", flat=True):
        if not document.get("sla"):
            continue
        definition = documents.stored(document)
        kind = deadlines.promised_kind(definition.sources)
        for promise in definition.promises:
            found.setdefault(promise.dataset, []).append(f"published {cadences.sentence(promise.deadline, kind)}")
        for target in definition.targets:
            if target.dataset:
                found.setdefault(target.dataset, []).append(target_documents.sentence(target))
    return found


def between(user: User, old: Revision, new: Revision) -> list[Removal]:
    """What a newer revision takes away, and whom that hits as things are; restricted readers are counted unnamed."""
    gone = removed(_columns(old), _columns(new))
    known = dict(Dataset.objects.visible_to(user).filter(name__in=gone).values_list("name", "pk"))
    found = []
    for name, columns in sorted(gone.items()):
        if name in known:
            reached, truncated = of(user, known[name], columns)
            found.append(Removal(dataset=name, columns=columns, hits=reached, truncated=truncated))
    return found


def removed(old: Mapping[str, Sequence[str]], new: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """By dataset the columns that are no more; none where the whole dataset is no more."""
    gone: dict[str, tuple[str, ...]] = {}
    for name, columns in old.items():
        lost = tuple(column for column in columns if column not in new.get(name, ()))
        if name not in new:
            gone[name] = ()
        elif lost:
            gone[name] = lost
    return gone


def _columns(revision: Revision) -> dict[str, list[str]]:
    steps = revision.compiled.get("steps", [])
    return {step["dataset"]: [name for name, _ in step["columns"]] for step in steps}
