"""Numbers of one's own: `metrics:` of a source or step, from the document and back, and what is wrong with them."""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from pipelines_app.compiler import gate, schema, statements, types
from pipelines_app.compiler.definition import Column, MetricSpec
from pipelines_app.compiler.reading import Reader, described, step_into
from pipelines_app.errors import Problem, StatementRefused

MOST = 20
LONGEST_NAME = 80


def parse(reader: Reader) -> tuple[MetricSpec, ...]:
    """The metrics of a source or step; their names must differ."""
    found: list[MetricSpec] = []
    for path, entry in reader.listed("metrics"):
        if not isinstance(entry, Mapping):
            message = f"a metric is written {{name: …, sql: …}}, not {described(entry)}"
            reader.problems.append(Problem(path=path, message=message))
            continue
        inner = Reader(entry, path, reader.problems)
        inner.only("name", "sql")
        spec = MetricSpec(name=inner.checked("name", _name_fault, required=True), sql=_query(inner))
        if spec.name in {one.name for one in found}:
            inner.fault("name", f"there is another metric named {spec.name!r}")
        found.append(spec)
    if len(found) > MOST:
        reader.fault("metrics", f"a dataset may have {MOST} metrics of its own")
    return tuple(found)


def _name_fault(name: str) -> str:
    plain = name.isprintable() and name == name.strip() and len(name) <= LONGEST_NAME
    return "" if plain else f"must be a name of at most {LONGEST_NAME} characters on one line"


def _query(reader: Reader) -> str:
    sql = reader.text("sql", required=True)
    if sql:
        try:
            gate.admit(statements.parse(sql))
        except StatementRefused as refused:
            reader.problems.append(refused.at(step_into(reader.path, "sql")))
    return sql


def dump(specs: Sequence[MetricSpec]) -> list[dict[str, str]]:
    """The metrics as entries of a document."""
    return [{"name": spec.name, "sql": spec.sql} for spec in specs]


def faults(specs: Sequence[MetricSpec], dataset: str, columns: Sequence[Column], path: str) -> list[Problem]:
    """What of a dataset's metrics cannot be measured: each gives one number, over the rows of the dataset alone."""
    found = []
    for place, spec in enumerate(specs):
        here = step_into(step_into(path, place), "sql")
        try:
            found += [Problem(path=here, message=message) for message in _said(spec, dataset, columns)]
        except StatementRefused as refused:
            found.append(refused.at(here))
    return found


def named(tree: exp.Query) -> exp.Query:
    """A query that gives one number, with a name for it where it has none."""
    if isinstance(tree, exp.Select) and len(tree.expressions) == 1 and not tree.expressions[0].alias_or_name:
        tree.set("expressions", [exp.alias_(tree.expressions[0], "number", quoted=True)])
    return tree


def _said(spec: MetricSpec, dataset: str, columns: Sequence[Column]) -> list[str]:
    tree = statements.parse(spec.sql)
    others = sorted(statements.upstream(tree) - {dataset})
    if others:
        return [f"reads {', '.join(others)}, and a metric is measured over {dataset} alone"]
    given = schema.describe(named(tree), {dataset: columns}).columns
    if len(given) != 1:
        return [f"must give one number, not {len(given)} columns"]
    is_number = types.is_number(given[0].type) or given[0].type == "HUGEINT"
    return [] if is_number else [f"must give a number, not a {given[0].type}"]
