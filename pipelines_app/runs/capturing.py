"""A unit test taken from a run: some rows that a version was made from, and what its step gives for exactly these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlglot import exp

from pipelines_app import lake
from pipelines_app.compiler import codec, step_tests, types
from pipelines_app.compiler.compiled import CompiledStep, EdgeKind, StepKind
from pipelines_app.compiler.definition import Column, StepTest
from pipelines_app.engines.base import Answer, Engine, Relation
from pipelines_app.environments import mapping, places
from pipelines_app.errors import StatementRefused
from pipelines_app.models import Dataset, DatasetVersion, User
from pipelines_app.runs import planning, recipes

SECONDS = 30.0
MOST_ASKED = 20
MOST_GIVEN = 50  # rows of one dataset that lead to those that were asked for
_FIRST = date(2000, 1, 1)


def capture(version: DatasetVersion, *, user: User, rows: int = 3) -> StepTest:
    """A test of the step that made a version; the rows of restricted datasets stand in it under other values.

    Raises StatementRefused where no query made it or where it reads what the user may not see; EngineError.
    """
    run = version.step_run.run
    usual = recipes.compiled_with(run.revision_id, run.parameters)  # which DuckDB can carry out, whatever made it
    step = next(one for one in usual.steps if one.dataset == version.dataset.name)
    if step.kind is not StepKind.TRANSFORM:
        raise StatementRefused(f"{step.dataset} is loaded from files: only what a query makes has tests.")
    read = [one.read for one in version.inputs.select_related("read__dataset")]
    if Dataset.objects.hidden_from(user).filter(pk__in=[one.dataset_id for one in read]).exists():
        raise StatementRefused(f"{step.dataset} is made from a dataset that you may not see.")
    made = mapping.content(version, period=version.period or None).relation
    relations = [_content(one, step, run.period) for one in read]
    engine = places.reader([made, *relations], run.pipeline.team_id)
    shown = _Disguise()
    given = {
        relation.name: shown.rows(answer, restricted=one.dataset.restricted)
        for one, relation, answer in zip(read, relations, _leading(step, made, relations, engine, rows), strict=True)
    }
    test = StepTest(
        name=f"as in run {run.pk}", given=given, expect=[], period=run.period if step.by_period else "", parameters={}
    )
    case = step_tests.case(test, step, codec.statement(step), {one.name: one.columns for one in relations})
    answer = lake.engine().measure([case.given.limit(step_tests.MOST_ROWS)], [], lake.limits(SECONDS))[0]
    return StepTest(name=test.name, given=given, period=test.period, expect=_Disguise().rows(answer, restricted=False))


def _content(version: DatasetVersion, step: CompiledStep, period: str) -> Relation:
    chosen = period if planning.reads_period(step, version.dataset) else None
    return mapping.content(version, period=chosen).relation


def _leading(
    step: CompiledStep, made: Relation, relations: Sequence[Relation], engine: Engine, rows: int
) -> list[Answer]:
    """Of each input the rows that share with the first rows of the output what these have from it unchanged."""
    queries = [_chosen(step, made, relation, rows) for relation in relations]
    return engine.measure(queries, [made, *relations], lake.limits(SECONDS)) if queries else []


def _chosen(step: CompiledStep, made: Relation, relation: Relation, rows: int) -> exp.Select:
    wanted = [exp.column(column.name, table="i", quoted=True) for column in relation.columns]
    query = exp.select(*wanted).from_(_table(relation.name, "i"))
    there = {column.name.lower() for column in relation.columns}
    shared = [
        exp.NullSafeEQ(
            this=exp.column(edge.column, table="o", quoted=True),
            expression=exp.column(edge.from_column, table="i", quoted=True),
        )
        for edge in step.edges
        if edge.from_dataset == relation.name and edge.kind is EdgeKind.DIRECT and edge.how == ("IDENTITY",)
        if edge.from_column.lower() in there
    ]
    if not shared:
        return query.limit(rows)
    first = exp.select("*").from_(_table(made.name)).limit(rows).subquery("o")
    return query.where(exp.Exists(this=exp.select(exp.convert(1)).from_(first).where(exp.and_(*shared)))).limit(
        MOST_GIVEN
    )


def _table(dataset: str, alias: str = "") -> exp.Table:
    layer, _, table = dataset.partition(".")
    return exp.table_(table, db=layer, quoted=True, alias=alias or None)


@dataclass
class _Disguise:
    """Values under other values: equal ones stay equal, wherever they stand, so that what is joined still meets."""

    known: dict[tuple[str, str], int] = field(default_factory=dict)

    def rows(self, answer: Answer, *, restricted: bool) -> list[Mapping[str, object]]:
        """Rows as a test writes them, without what is empty."""
        return [
            {
                column.name: self._other(value, column) if restricted else value
                for column, value in zip(answer.columns, row, strict=True)
                if value is not None
            }
            for row in answer.rows
        ]

    def _other(self, value: object, column: Column) -> object:
        number = self.known.setdefault((column.type, repr(value)), len(self.known) + 1)
        if column.type == "VARCHAR":
            return f"value {number}"
        if column.type in types.MOMENTS:
            return (_FIRST + timedelta(days=number)).isoformat()
        is_number = column.type in types.NUMBERS or column.type.startswith("DECIMAL")
        return number if is_number else None
