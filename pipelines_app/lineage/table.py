"""Lineage as the lines of a table."""

from collections.abc import Iterator

from pipelines_app.lineage.showing import ColumnWay, Shown

HEADER = ["source", "source_column", "target", "target_column", "kind", "how", "masked", "observed"]


def lines(shown: Shown) -> Iterator[list[object]]:
    """The same as lines of a table: a line for each edge between columns, and for each pair that has none."""
    ids = {number: node.id if node.restricted else node.name for number, node in shown.nodes.items()}
    named = {(way.source, way.target) for way in shown.columns}
    for way in shown.columns:
        how = " ".join(way.how)
        yield [ids[way.source], way.source_column, ids[way.target], way.target_column, way.kind, how, *_marks(way)]
    for pair in shown.ways:
        if (pair.source, pair.target) not in named:
            kind = "direct" if pair.by_value else "indirect"
            yield [ids[pair.source], "", ids[pair.target], "", kind, "", "", _said(pair.observed)]


def _marks(way: ColumnWay) -> list[str]:
    return [_said(way.masked), _said(way.observed)]


def _said(answer: bool | None) -> str:
    return "" if answer is None else "yes" if answer else "no"
