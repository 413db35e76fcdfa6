"""What checks name: other datasets, and columns of their own and of others."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from pipelines_app.compiler import check_catalogue, names, schema, statements
from pipelines_app.compiler.definition import CheckSpec, Column
from pipelines_app.compiler.reading import step_into
from pipelines_app.errors import Problem, StatementRefused

Relations = Mapping[str, Sequence[Column]]


def datasets(spec: CheckSpec) -> set[str]:
    """The datasets a check reads; of a query of its own these may include the one it is about."""
    if spec.kind == "references":
        return {str(spec.arguments["dataset"]).lower()}
    if spec.kind == "custom_sql":
        return statements.upstream(statements.parse(str(spec.arguments["sql"])))
    return set()


def table(dataset: str) -> exp.Table:
    layer, _, name = dataset.partition(".")
    return exp.table_(exp.to_identifier(name, quoted=True), db=exp.to_identifier(layer, quoted=True))


def faults(
    specs: Sequence[CheckSpec], dataset: str, relations: Relations, own: Collection[str], path: str
) -> list[Problem]:
    """Every name in the checks of a dataset that means nothing; own datasets at fault themselves are passed."""
    found: list[Problem] = []
    for spec in specs:
        here = step_into(path, spec.name)
        broken = {name for name in datasets(spec) if name in own and name not in relations}
        if not broken:
            found.extend(check_catalogue.column_faults(spec, here, relations[dataset]))
            found.extend(_faults(spec, dataset, relations, here))
    return found


def _faults(spec: CheckSpec, dataset: str, relations: Relations, path: str) -> list[Problem]:
    if spec.kind == "references":
        return _reference_faults(spec, relations, path)
    try:
        if spec.kind == "custom_sql":
            schema.describe(statements.parse(str(spec.arguments["sql"])), relations)
        for condition in (spec.where, str(spec.arguments.get("expression") or "")):
            if condition:
                schema.describe(_over(dataset, condition), relations)
    except StatementRefused as refused:
        fault = Problem(path=path, message=refused.message, line=refused.line, column=refused.column)
        return [replace(fault, suggestion=refused.suggestion)]
    return []


def _over(dataset: str, condition: str) -> exp.Query:
    tree = exp.select(exp.alias_(exp.Literal.number(1), "one", quoted=True)).from_(table(dataset))
    tree.set("where", exp.Where(this=statements.parse_condition(condition)))
    return tree


def _reference_faults(spec: CheckSpec, relations: Relations, path: str) -> list[Problem]:
    other = str(spec.arguments["dataset"]).lower()
    if other not in relations:
        near = names.nearest(other, relations)
        message = f"there is no dataset {other}{names.hint(other, relations)}"
        return [Problem(path=path, message=message, suggestion=near)]
    to = spec.arguments.get("to") or spec.columns
    referred = replace(spec, columns=tuple(str(name) for name in to) if isinstance(to, tuple) else spec.columns)
    return check_catalogue.column_faults(referred, f"{path}.to", relations[other])
