"""What a profile is about: the rows of one period of a version, and the one statement that measures them."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlglot import exp

from monitoring_app.models import Profile
from monitoring_app.profiling import asking, choosing, earlier, owned, profile, relating
from monitoring_app.profiling.asking import Asked
from monitoring_app.profiling.profile import Hold, Metric
from pipelines_app.compiler import periods
from pipelines_app.compiler.definition import MetricSpec, PeriodKind
from pipelines_app.engines import trees
from pipelines_app.engines.base import Answer, Relation
from pipelines_app.engines.often import Asked as Question
from pipelines_app.engines.often import Often
from pipelines_app.environments import mapping
from pipelines_app.models import DatasetVersion, Part

BEGINS, ENDS = "begins of the period", "ends of the period"  # names that no column of a dataset has
FROM, UNTIL = "begins", "ends"  # under which the moments themselves are given
MOMENT = "TIMESTAMP"
MOST_COLUMNS = 40  # in one query: the memory for its plan grows with them
RECIPE = 2  # counts the changes of what is measured: what was measured by another one is measured again


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The rows of one period of a version, or all of them. `content` is the same for the same rows and questions."""

    relation: Relation
    asked: Asked
    period: str
    kind: PeriodKind
    size: int
    content: str
    holds: tuple[Hold, ...] = ()
    metrics: tuple[MetricSpec, ...] = ()

    def statements(self) -> list[Question]:
        """The one query that measures it; of a very wide relation one for each so many columns. A small one more
        counts what holds between columns, once it is known what could; and one each gives its own metrics."""
        found: list[Question] = [self._often(asked, partial(self._profile, asked)) for asked in self._asked()]
        if self.holds:
            found.append(self._often(self.holds, self._related))
        return [*found, *owned.statements(self.metrics)]

    def _often(self, about: object, make: Callable[[], exp.Query]) -> Often:
        """A query that is the same for every period of the dataset, as long as its columns are."""
        given = self._bounds() if isinstance(about, Asked) and about.begins else {}
        said = repr((RECIPE, self.relation.name, self.asked.one_in, about))
        return Often(key=hashlib.sha256(said.encode()).digest(), make=make, given=given)

    def _profile(self, asked: Asked) -> exp.Query:
        return choosing.statement(self._source(), asked)

    def _related(self) -> exp.Query:
        return relating.statement(self._plain(), self.holds, self.asked.one_in)

    def _asked(self) -> list[Asked]:
        columns = self.asked.columns
        groups = [columns[begin : begin + MOST_COLUMNS] for begin in range(0, len(columns), MOST_COLUMNS)]
        return [replace(self.asked, columns=group) for group in groups or [columns]]

    def _source(self) -> exp.Table | exp.Subquery:
        source = self._plain()
        if not self.asked.begins:
            return source
        moments = (
            exp.alias_(trees.typed(exp.Placeholder(this=given), MOMENT), name, quoted=True)
            for given, name in ((FROM, BEGINS), (UNTIL, ENDS))
        )
        return trees.subquery(exp.select(exp.Star(), *moments).from_(source), "slice")

    def _bounds(self) -> dict[str, str]:
        begins = periods.local_start(self.kind, self.period)
        ends = periods.local_start(self.kind, periods.following(self.kind, self.period))
        return {FROM: begins.isoformat(sep=" "), UNTIL: ends.isoformat(sep=" ")}

    def _plain(self) -> exp.Table:
        layer, _, table = self.relation.name.rpartition(".")
        return exp.table_(table, db=layer or None, quoted=True)

    def read(self, answers: Sequence[Answer]) -> profile.Profile:
        """What the answers to the statements tell."""
        own = len(answers) - len(self.metrics)
        answers, numbers = answers[:own], owned.read(self.metrics, answers[own:])
        told = [
            choosing.told(_row(answer), asked, period=self.period, size=self.size)
            for answer, asked in zip(answers, self._asked(), strict=False)
        ]
        whole = told[0] if len(told) == 1 else _joined(told)
        if not self.holds:
            return replace(whole, numbers=numbers)
        return replace(whole, numbers=numbers, holds=relating.read(_row(answers[-1]), self.holds, self.asked.one_in))


def _row(answer: Answer) -> dict[str, object]:
    return dict(zip((column.name for column in answer.columns), answer.rows[0], strict=True))


def _joined(told: Sequence[profile.Profile]) -> profile.Profile:
    """Groups of columns of the same rows; which rows repeat each other is not known then."""
    columns = tuple(column for one in told for column in one.columns)
    known: dict[Metric, float] = {
        metric: value for metric, value in told[0].metrics.items() if metric is not Metric.DUPLICATE_SHARE
    }
    content = hashlib.sha256("".join(one.content for one in told).encode()).hexdigest() if told[0].rows else ""
    metrics: dict[Metric, float] = known | {Metric.COLUMNS: float(len(columns))}
    return replace(told[0], columns=columns, metrics=metrics, content=content, sketch={}, sketched_below=0)


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
    metrics = owned.declared(version)
    made_of = [print_ for print_, _ in parts] or [version.fingerprint]
    return Slice(
        relation=content.relation,
        asked=asked,
        period=period,
        kind=kind,
        size=sum(size for _, size in parts),
        content=_identity(version, asked, period, [*made_of, *(repr(one) for one in metrics)]),
        holds=earlier.worth_counting(pending, content.relation.columns),
        metrics=metrics,
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
