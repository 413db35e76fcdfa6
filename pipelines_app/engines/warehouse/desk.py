"""What is laid out in one session: the datasets that queries read, under names of this session."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlglot import exp

from pipelines_app.compiler.definition import Column
from pipelines_app.engines.base import Answer, Audit, Limits, Place, Relation, Table, Written
from pipelines_app.engines.warehouse import answering, trees
from pipelines_app.engines.warehouse.crossing import Crossing
from pipelines_app.engines.warehouse.session import Session

MOST_MEASURED = 1_000


class Desk:
    """One session's work."""

    def __init__(self, session: Session, crossing: Crossing, limits: Limits) -> None:
        self.session = session
        self._crossing = crossing
        self._limits = limits
        self._laid: dict[str, str] = {}
        self._known: dict[str, tuple[Column, ...]] = {}
        self._count = 0

    def lay(self, relations: Sequence[Relation]) -> None:
        """Have every dataset stand under a name of this session; files are brought in first."""
        for relation in relations:
            alias = f"read_{self._count}"
            self._count += 1
            self._laid[relation.name.lower()] = alias
            self._known[relation.name.lower()] = relation.columns
            self.session.names[alias] = relation.name
            self.session.run(trees.view(alias, self._in_tables(relation, alias)))

    def _in_tables(self, relation: Relation, alias: str) -> Relation:
        groups = [
            self._brought(group, f"{alias}_{number}") for number, group in enumerate((relation, *relation.earlier))
        ]
        return replace(groups[0], earlier=tuple(groups[1:]))

    def _brought(self, group: Relation, alias: str) -> Relation:
        """A group with its files as one table of this session, beside its tables."""
        if group.query is not None:
            reads = (self._in_tables(read, f"{alias}_{number}") for number, read in enumerate(group.reads))
            return replace(group, earlier=(), reads=tuple(reads))
        files = tuple(place for place in group.files if isinstance(place, Path))
        if not files:
            return replace(group, earlier=())
        held = Table(schema=trees.TEMPORARY, name=alias)
        self.session.names[alias] = group.name
        self.bring(replace(group, files=files, earlier=()), held)
        tables = tuple(place for place in group.files if isinstance(place, Table))
        return replace(group, files=(held, *tables), earlier=())

    def bring(self, relation: Relation, into: Table) -> None:
        """Make a table of a dataset's files."""
        self.session.run(trees.empty_table(into, relation.columns))
        self._crossing.bring(self.session, relation, into, self._limits)

    def fetch(self, query: exp.Query, columns: Sequence[Column], into: Path) -> Written:
        """The rows of a query as a Parquet file."""
        return self._crossing.fetch(self.session, query, columns, into, self._limits)

    def fill(self, into: Table, query: exp.Query, columns: Sequence[Column]) -> None:
        """Make a table of a query's rows."""
        self.session.run(trees.empty_table(into, columns))
        self.session.run(trees.filled(into, query, columns))

    def written(self, statement: exp.Query) -> exp.Query:
        """The statement as PostgreSQL runs it here; raises EngineError with why it is not portable."""
        return trees.placed(trees.written(statement, self._known), self._laid)

    def everything(self, relation: Relation) -> exp.Select:
        """All rows of a dataset that is laid out."""
        held = Table(schema=trees.TEMPORARY, name=self._laid[relation.name.lower()])
        return exp.select(*(trees.name(column.name) for column in relation.columns)).from_(trees.table(held))

    def answer(self, statement: exp.Query, rows: int) -> Answer:
        """The first rows of a statement, for people."""
        began = time.monotonic()
        query = self.written(statement)
        columns = self._spelled(self.session.columns(query))
        found = answering.answer(self.session, query, columns, rows)
        return replace(found, seconds=time.monotonic() - began)

    def _spelled(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """Names as they are declared: in the warehouse all are in lower case."""
        declared = {column.name.lower(): column.name for known in self._known.values() for column in known}
        return tuple(replace(one, name=declared.get(one.name, one.name)) for one in columns)

    def audited(self, audit: Audit | None, columns: Sequence[Column], place: Place) -> tuple[Answer, ...]:
        """Run an audit over an output, which stands under its dataset's name from here on."""
        if audit is None:
            return ()
        self.lay([Relation(name=audit.dataset, columns=tuple(columns), files=(place,))])
        return tuple(self.answer(statement, MOST_MEASURED) for statement in audit.statements)

    def finished(self, into: Table, columns: Sequence[Column], began: float, audit: Audit | None) -> Written:
        """Take stock of a new table, have it audited, and keep it."""
        self.session.run(trees.analysed(into))
        answers = self.audited(audit, columns, into)
        count, total, size = self.session.run(trees.stock(into))[0]
        self.session.commit()
        content = [[(column.name, column.type) for column in columns], count, total]
        return Written(
            path=into,
            rows=int(str(count)),
            bytes=int(str(size)),
            columns=tuple(columns),
            fingerprint=hashlib.sha256(json.dumps(content).encode()).hexdigest(),
            seconds=time.monotonic() - began,
            answers=answers,
        )
