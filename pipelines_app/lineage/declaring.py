"""What a new revision declares of lineage, as rows that hold from its moment on; what it declares no more ends then."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from pipelines_app.compiler.compiled import Compiled, EdgeKind
from pipelines_app.compiler.compiled import Edge as Declared
from pipelines_app.models import Dataset, Edge, ForeignDataset, Gap, Link, Revision, Team

AT_ONCE = 2_000
End = Dataset | ForeignDataset


def declare(revision: Revision, compiled: Compiled, datasets: Mapping[str, Dataset]) -> None:
    """Write the edges, links and gaps of the revision that was just made current, and end those of the one before."""
    now = revision.created_at
    for rows in (Edge.objects.all(), Gap.objects.all()):
        rows.filter(revision__pipeline=revision.pipeline_id, valid_to=None).update(valid_to=now)
    declared = {edge for step in compiled.steps for edge in step.edges}
    Edge.objects.bulk_create(_edges(revision, declared, datasets), batch_size=AT_ONCE)
    Gap.objects.bulk_create(
        Gap(revision=revision, dataset=datasets[step.dataset], reason=reason, valid_from=now)
        for step in compiled.steps
        for reason in dict.fromkeys(one[:500] for one in step.partial)
    )
    links = _between(declared, datasets) + _heard(compiled, datasets)
    _link(revision, links, now)


def _edges(revision: Revision, declared: Iterable[Declared], datasets: Mapping[str, Dataset]) -> list[Edge]:
    order = sorted(declared, key=lambda edge: (edge.dataset, edge.column, edge.from_dataset, edge.from_column))
    return [
        Edge(
            revision=revision,
            source=datasets[edge.from_dataset],
            source_column=edge.from_column,
            target=datasets[edge.dataset],
            target_column=edge.column,
            kind=edge.kind,
            how=",".join(edge.how),
            masked=edge.masked,
            valid_from=revision.created_at,
        )
        for edge in order
    ]


def _between(declared: Iterable[Declared], datasets: Mapping[str, Dataset]) -> list[tuple[End, Dataset, bool]]:
    """Each pair of datasets once, and whether values go from one to the other."""
    by_value: dict[tuple[str, str], bool] = {}
    for edge in declared:
        pair = (edge.from_dataset, edge.dataset)
        by_value[pair] = by_value.get(pair, False) or edge.kind is EdgeKind.DIRECT
    return [(datasets[source], datasets[target], value) for (source, target), value in sorted(by_value.items())]


def _heard(compiled: Compiled, datasets: Mapping[str, Dataset]) -> list[tuple[End, Dataset, bool]]:
    """What other tools' datasets start: they lead to the datasets that the pipeline makes from none of its own."""
    listens = sorted({(one.namespace, one.dataset) for one in compiled.definition.listens})
    made = {step.dataset for step in compiled.steps}
    roots = [datasets[step.dataset] for step in compiled.steps if not made & set(step.inputs)]
    found: list[tuple[End, Dataset, bool]] = []
    for namespace, name in listens:
        team = Team.objects.get(name=compiled.definition.team)
        heard, _ = ForeignDataset.objects.get_or_create(team=team, namespace=namespace, name=name)
        found += [(heard, root, False) for root in roots]
    return found


def _link(revision: Revision, wanted: Iterable[tuple[End, Dataset, bool]], now: datetime) -> None:
    """A link that was there stays as it is, however many revisions declare it; the others begin and end now."""
    new = {(node(source), node(target), by_value): (source, target) for source, target, by_value in wanted}
    there = Link.objects.filter(revision__pipeline=revision.pipeline_id, valid_to=None)
    known = {(link.source_node, link.target_node, link.by_value): link.pk for link in there}
    gone = [pk for way, pk in known.items() if way not in new]
    Link.objects.filter(pk__in=gone).update(valid_to=now)
    Link.objects.bulk_create(
        [
            Link(revision=revision, **ends(source, target), by_value=by_value, valid_from=now)
            for (_, _, by_value), (source, target) in ((way, pair) for way, pair in new.items() if way not in known)
        ],
        batch_size=AT_ONCE,
    )


def node(end: End) -> int:
    """The number of a dataset in lineage: ours have theirs, those of other tools theirs negated."""
    return -end.pk if isinstance(end, ForeignDataset) else end.pk


def ends(source: End, target: End) -> dict[str, End]:
    """The fields of an edge or a link that name these two."""
    return {
        "foreign_source" if isinstance(source, ForeignDataset) else "source": source,
        "foreign_target" if isinstance(target, ForeignDataset) else "target": target,
    }
