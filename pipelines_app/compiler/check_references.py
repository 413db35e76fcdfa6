"""What checks name: other datasets, and columns of their own and of others."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from pipelines_app.compiler import check_catalogue, names, own_metrics, schema, statements, types
from pipelines_app.compiler.check_kinds import KINDS, Values
from pipelines_app.compiler.definition import CheckSpec, Column
from pipelines_app.compiler.reading import step_into
from pipelines_app.errors import Problem, StatementRefused

Relations = Mapping[str, Sequence[Column]]


def datasets(spec: CheckSpec) -> set[str]:
    """The datasets a check reads; of a query of its own these may include the one it is about."""
    if "dataset" in spec.arguments:
        return {str(spec.arguments["dataset"]).lower()}
    if "sql" in spec.arguments:
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
    if "dataset" in spec.arguments:
        return _reference_faults(spec, relations, path)
    named = [str(name) for key in _NAMING for name in _texts(spec.arguments.get(key))]
    found = check_catalogue.column_faults(replace(spec, columns=tuple(named)), path, relations[dataset])
    found = found or list(_type_faults(spec, relations[dataset], path))
    if found:
        return found
    try:
        if "sql" in spec.arguments:
            tree = statements.parse(str(spec.arguments["sql"]))
            gives_number = spec.kind != "custom_sql"
            described = schema.describe(own_metrics.named(tree) if gives_number else tree, relations)
            if gives_number and len(described.columns) != 1:
                return [Problem(path=path, message=f"must give one number, not {len(described.columns)} columns")]
        for condition in (spec.where, str(spec.arguments.get("expression") or "")):
            if condition:
                schema.describe(_over(dataset, condition), relations)
    except StatementRefused as refused:
        fault = Problem(path=path, message=refused.message, line=refused.line, column=refused.column)
        return [replace(fault, suggestion=refused.suggestion)]
    return []


# Arguments that name columns of the dataset itself.
_NAMING = ("by", "equals")
_MOMENTS = ("DATE", "TIMESTAMP")


def _texts(value: object) -> tuple[str, ...]:
    """The names in an argument: none where it is a number."""
    if isinstance(value, tuple):
        return tuple(str(one) for one in value)
    return (value,) if isinstance(value, str) else ()


def _type_faults(spec: CheckSpec, columns: Sequence[Column], path: str) -> Iterator[Problem]:
    """Columns whose values a check cannot be about: the mean of a text, the hours of a number."""
    wanted = KINDS[spec.kind].values
    kinds = {one.name.lower(): one.type for one in columns}
    for name in spec.columns:
        kind = kinds.get(name.lower(), "")
        fits = {Values.NUMBERS: types.is_number(kind), Values.MOMENTS: kind.startswith(_MOMENTS)}.get(wanted, True)
        if kind and not fits:
            yield Problem(path=path, message=f"{name} is of type {kind}, and {spec.kind} is about {wanted}")


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
