"""How far lineage reaches: from dataset to dataset or from column to column, by recursive queries that end."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import connection

MOST_NODES = 2_000
MOST_DEPTH = 50
MOST_STARTS = 50
MOST_STATES = 4_000  # of a walk by columns, each of them in every distance in which it is reached
FAR = 2  # all the way, what is further away than this is not told apart

# A dataset, or a column of it, is reached once in each distance, up to where distances are told apart no more: that
# ends in circles, and keeps the ways few that lead to one dataset. The nearest come first: a cut leaves those.
LINKS = """
    WITH RECURSIVE reached (node, depth) AS (
        {first}
        UNION
        SELECT way.{far}_node, {further}
        FROM reached JOIN pipelines_app_link AS way ON way.{near}_node = reached.node
        WHERE {within} AND {held}
    )
    SELECT node, depth FROM reached LIMIT %(most)s
"""
FIRST = "SELECT CAST(%(start_{place})s AS bigint), 0"
# An empty name stands for the rows of a dataset, and so for every column.
COLUMNS = """
    WITH RECURSIVE reached (node, name, depth) AS (
        SELECT CAST(%(start)s AS bigint), CAST(%(name)s AS varchar), 0
        UNION
        SELECT way.{far}_node, CAST(way.{far}_column AS varchar), {further}
        FROM reached JOIN pipelines_app_edge AS way ON way.{near}_node = reached.node
        WHERE {within} AND {held}
            AND (reached.name = '' OR way.{near}_column = reached.name OR (way.{near}_column = '' AND {whole}))
    )
    SELECT node, name, depth FROM reached LIMIT %(most)s
"""
# The same with a search in the index for each of the three cases. PostgreSQL allows one reference to what was reached.
COLUMNS_APART = """
    WITH RECURSIVE reached (node, name, depth) AS (
        SELECT CAST(%(start)s AS bigint), CAST(%(name)s AS varchar), 0
        UNION
        SELECT way.{far}_node, CAST(way.{far}_column AS varchar), {further}
        FROM reached JOIN pipelines_app_edge AS way
            ON way.{near}_node = reached.node AND way.{near}_column = reached.name
        WHERE {within} AND {held} AND reached.name <> ''
        UNION
        SELECT way.{far}_node, CAST(way.{far}_column AS varchar), {further}
        FROM reached JOIN pipelines_app_edge AS way ON way.{near}_node = reached.node AND way.{near}_column = ''
        WHERE {within} AND {held} AND reached.name <> '' AND {whole}
        UNION
        SELECT way.{far}_node, CAST(way.{far}_column AS varchar), {further}
        FROM reached JOIN pipelines_app_edge AS way ON way.{near}_node = reached.node
        WHERE {within} AND {held} AND reached.name = ''
    )
    SELECT node, name, depth FROM reached LIMIT %(most)s
"""
FURTHER = "CASE WHEN reached.depth < %(alike)s THEN reached.depth + 1 ELSE reached.depth END"
WITHIN = {
    "postgresql": "reached.depth < %(depth)s",
    # SQLite holds a recursive query for very long, and would read the whole table before it begins.
    "sqlite": "likelihood(reached.depth < %(depth)s, 0.000001)",
}
NOW = "way.valid_to IS NULL"
THEN = "way.valid_from <= %(moment)s AND (way.valid_to IS NULL OR way.valid_to > %(moment)s)"
# What reads a table without a column of it (a count) does not read this one; whose columns were not known, may.
WHOLE = {"source": "way.kind = 'direct' AND NOT way.masked", "target": "1 = 1"}


class Side(StrEnum):
    """Which way is walked."""

    UP = "upstream"
    DOWN = "downstream"


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The datasets that were reached with their distance, and whether there were more than may be answered.

    All the way a distance above FAR is not told apart.

    `columns` are those that were reached of each, if columns were followed; an empty name stands for all.
    """

    depths: dict[int, int]
    truncated: bool
    columns: dict[int, frozenset[str]]


@dataclass(frozen=True, kw_only=True)
class Walk:
    """A question: how far, how much at most, and as of when (none: now)."""

    depth: int = MOST_DEPTH
    most: int = MOST_NODES
    moment: datetime | None = None

    def datasets(self, start: int, side: Side) -> Reach:
        """What lies above or below a dataset."""
        return self.datasets_of([start], side)

    def datasets_of(self, starts: Sequence[int], side: Side) -> Reach:
        """What lies above or below several datasets (one at least), in one query; of very many the first count."""
        states = (min(self.depth, FAR) + 1) * self.most
        given = {f"start_{place}": start for place, start in enumerate(starts[:MOST_STARTS])}
        first = " UNION ".join(FIRST.replace("{place}", str(place)) for place in range(len(given)))
        rows = self._rows(LINKS.replace("{first}", first), side, {**given, "most": states + 1})
        return _reach(((node, "", depth) for node, depth in rows), self.most, cut=len(rows) > states)

    def columns(self, start: int, names: Iterable[str], side: Side) -> Reach:
        """What is made from these columns of a dataset, or what they are made from."""
        rows: list[tuple[int, str, int]] = []
        cut = False
        for name in names:
            found = self._rows(
                COLUMNS_APART if connection.vendor == "sqlite" else COLUMNS,
                side,
                {"start": start, "name": name, "most": MOST_STATES + 1},
            )
            cut = cut or len(found) > MOST_STATES
            rows += found
        return _reach(sorted(rows, key=lambda row: row[2]), self.most, cut=cut)

    def _rows(self, text: str, side: Side, given: Mapping[str, int | str]) -> list[Any]:
        held = NOW if self.moment is None else THEN
        moment = self.moment and connection.ops.adapt_datetimefield_value(self.moment)
        alike = self.depth if self.depth < MOST_DEPTH else FAR
        values = {**given, "depth": self.depth, "alike": alike, "moment": moment}
        with connection.cursor() as cursor:
            cursor.execute(_statement(text, side, held), values)
            return list(cursor.fetchall())


def _statement(text: str, side: Side, held: str) -> str:
    """One of a few constant texts; what is asked for is given to it as values."""
    near, far = ("source", "target") if side is Side.DOWN else ("target", "source")
    within = WITHIN[connection.vendor]
    parts = {"{within}": within, "{further}": FURTHER, "{held}": held, "{whole}": WHOLE[near]}
    parts |= {"{near}": near, "{far}": far}
    for place, part in parts.items():
        text = text.replace(place, part)
    return text


def _reach(rows: Iterable[tuple[int, str, int]], most: int, *, cut: bool) -> Reach:
    depths: dict[int, int] = {}
    columns: dict[int, set[str]] = {}
    for node, name, depth in rows:
        if node not in depths:
            if len(depths) >= most:
                cut = True
                continue
            depths[node] = depth
        columns.setdefault(node, set()).add(name)
    return Reach(depths=depths, truncated=cut, columns={node: frozenset(names) for node, names in columns.items()})
