"""What a profile is about: the rows of one period of a version, and the one statement that measures them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from monitoring_app.models import Profile
from monitoring_app.profiling import asking, profile, queries, reading
from monitoring_app.profiling.asking import Asked
from pipelines_app.compiler import periods
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.engines import trees
from pipelines_app.engines.base import Answer, Relation
from pipelines_app.environments import mapping
from pipelines_app.models import DatasetVersion, Part

BEGINS, ENDS = "begins of the period", "ends of the period"  # names that no column of a dataset has
MOMENT = "TIMESTAMP"
RECIPE = 1  # counts the changes of what is measured: what was measured by another one is measured again


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The rows of one period of a version, or all of them. `content` is the same for the same rows and questions."""

    relation: Relation
    asked: Asked
    period: str
    kind: PeriodKind
    size: int
    content: str

    def statement(self) -> exp.Select:
        """The one query that measures it."""
        return queries.profile(self._source(), self.asked)

    def _source(self) -> exp.Table | exp.Subquery:
        layer, _, table = self.relation.name.rpartition(".")
        source = exp.table_(table, db=layer or None, quoted=True)
        if not self.asked.begins:
            return source
        moments = (
            exp.alias_(trees.typed(exp.Literal.string(moment.isoformat(sep=" ")), MOMENT), name, quoted=True)
            for name, moment in (
                (BEGINS, periods.local_start(self.kind, self.period)),
                (ENDS, periods.local_start(self.kind, periods.following(self.kind, self.period))),
            )
        )
        return trees.subquery(exp.select(exp.Star(), *moments).from_(source), "slice")

    def read(self, answer: Answer) -> profile.Profile:
        """What the answer to the statement tells."""
        names = [column.name for column in answer.columns]
        row = dict(zip(names, answer.rows[0], strict=True))
        return reading.profile(row, self.asked, period=self.period, size=self.size)


def of(pending: Profile) -> Slice | None:
    """The rows that a profile is about; nothing where they are not kept any more."""
    version, period = pending.version, pending.period
    kind = PeriodKind(version.dataset.period_kind)
    if kind is PeriodKind.NONE or not periods.is_valid(kind, period):
        kind = PeriodKind.NONE
    content = mapping.content(version, period=period or None)
    parts = _parts(version, period)
    if version.expands is None and not parts:
        return None
    bounds = ("", "") if kind is PeriodKind.NONE else (BEGINS, ENDS)
    asked = Asked(
        columns=content.relation.columns, begins=bounds[0], ends=bounds[1], one_in=asking.one_in(content.rows)
    )
    made_of = [print_ for print_, _ in parts] or [version.fingerprint]
    return Slice(
        relation=content.relation,
        asked=asked,
        period=period,
        kind=kind,
        size=sum(size for _, size in parts),
        content=_identity(version, asked, period, made_of),
    )


def _parts(version: DatasetVersion, period: str) -> list[tuple[str, int]]:
    """The fingerprint and the size of everything that the rows are kept in."""
    parts = Part.objects.of_version(version)
    if period:
        parts = parts.filter(period=period)
    return list(parts.order_by("pk").values_list("version__fingerprint", "bytes"))


def _identity(version: DatasetVersion, asked: Asked, period: str, made_of: Sequence[str]) -> str:
    """The same for the same rows and the same questions; the files of one slice stand in any order."""
    columns = [[column.name, column.type] for column in asked.columns]
    said = [RECIPE, version.environment.engine, columns, period, asked.one_in, sorted(made_of)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
