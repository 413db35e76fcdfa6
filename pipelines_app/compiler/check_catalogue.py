"""Checks as they are written in a document: read, named, and written again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipelines_app.compiler import check_aliases, check_arguments, names
from pipelines_app.compiler.check_arguments import seconds
from pipelines_app.compiler.check_kinds import ELSEWHERE, KINDS, About, Kind
from pipelines_app.compiler.definition import CheckSpec, Column, Severity, Tolerance
from pipelines_app.compiler.reading import Reader, described, step_into
from pipelines_app.errors import DefinitionInvalid, Problem

__all__ = ["KINDS", "Kind", "column_faults", "default_name", "dump", "dump_tolerance", "parse", "seconds", "tolerance"]

COMMON = ("name", "owner", "severity", "tolerance", "where")
COLUMNS = ("column", "columns")
LONGEST_NAME = 120


def parse(entry: object, path: str, columns: Sequence[Column] | None = None) -> list[CheckSpec]:
    """The checks of one entry of a document; raises DefinitionInvalid with every fault of it."""
    problems: list[Problem] = []
    specs = _parsed(entry, path, problems)
    if columns is not None and not problems:
        problems = [problem for spec in specs for problem in column_faults(spec, path, columns)]
    if problems:
        raise DefinitionInvalid(problems)
    return specs


def _parsed(entry: object, path: str, problems: list[Problem]) -> list[CheckSpec]:
    if not isinstance(entry, Mapping) or len(entry) != 1:
        problems.append(Problem(path=path, message="a check is written {kind: what}, for example {not_null: carrier}"))
        return []
    kind, body = check_aliases.standard(*next(iter(entry.items())))
    if kind not in KINDS:
        near = names.nearest(str(kind), KINDS)
        known = ELSEWHERE.get(str(kind)) or f"the checks are {', '.join(KINDS)}"
        message = f"there is no check {kind!r}; {known}"
        problems.append(Problem(path=path, message=message, suggestion=near))
        return []
    before = len(problems)
    spec = _spec(str(kind), body, step_into(path, str(kind)), problems)
    return _apart(spec) if len(problems) == before else []


def _spec(kind: str, body: object, path: str, problems: list[Problem]) -> CheckSpec:
    shape = KINDS[kind]
    if not isinstance(body, Mapping):
        if isinstance(body, str | list | tuple) or _is_short_number(body, shape):
            body = {shape.shorthand: body}
        elif body is None and not (shape.required or shape.columns is not About.NONE):
            body = {}
        else:
            problems.append(Problem(path=path, message=f"must be a text, a list or a mapping, not {described(body)}"))
            body = {}
    reader = Reader(body, path, problems)
    reader.only(*shape.arguments, *COMMON, *(COLUMNS if shape.columns is not About.NONE else ()))
    columns = _columns(reader, shape)
    for key in shape.required:
        if not reader.has(key):
            reader.fault(key, f"{key} is missing")
    arguments = {key: check_arguments.ARGUMENTS[key](reader, key) for key in shape.arguments if reader.has(key)}
    check_arguments.agree(kind, columns, arguments, reader)
    if reader.has("where"):
        check_arguments.condition(reader, "where")
    if not shape.tolerant and reader.has("tolerance"):
        reader.fault("tolerance", f"{kind} holds or does not; it has no tolerance")
    return CheckSpec(
        name=reader.text("name")[:LONGEST_NAME],
        kind="compound_unique" if kind == "unique" and len(columns) > 1 else kind,
        columns=columns,
        arguments=arguments,
        severity=reader.choice("severity", Severity, Severity.BLOCK),
        tolerance=tolerance(reader, "tolerance"),
        where=reader.text("where"),
        owner=reader.checked("owner", names.address_fault),
    )


def _is_short_number(body: object, shape: Kind) -> bool:
    return shape.shorthand == "max" and isinstance(body, int | float) and not isinstance(body, bool)


def _columns(reader: Reader, shape: Kind) -> tuple[str, ...]:
    if shape.columns is About.NONE:
        return ()
    found = (*reader.texts("column"), *reader.texts("columns"))
    if not found:
        reader.fault("column", "name a column")
    if shape.columns is About.ONE and len(found) > 1:
        reader.fault("column", "name one column; write one check for each")
    if shape.columns is About.PAIR and found and len(found) != 2:
        reader.fault("columns", f"name two columns, not {len(found)}")
    return found


def tolerance(reader: Reader, key: str) -> Tolerance:
    """`0.01` is a share of the rows, `5` a number of rows; a mapping with count and share gives both."""
    value = reader.entries.get(key)
    if value is None:
        return Tolerance()
    if isinstance(value, Mapping):
        inner = Reader(value, step_into(reader.path, key), reader.problems)
        inner.only("count", "share")
        share = inner.entries.get("share", 0.0)
        return Tolerance(count=inner.whole("count", 0), share=float(share) if isinstance(share, int | float) else 0.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0 or (value >= 1 and value % 1):
        reader.fault(key, "must be a share of the rows below 1, or a whole number of rows")
        return Tolerance()
    return Tolerance(share=float(value)) if value < 1 else Tolerance(count=int(value))


def dump_tolerance(value: Tolerance) -> object:
    """A tolerance as it is written; None for none."""
    if value == Tolerance():
        return None
    if value.count and value.share:
        return {"count": value.count, "share": value.share}
    return value.count or value.share


def _apart(spec: CheckSpec) -> list[CheckSpec]:
    """One check per column where the kind is about each column, all with names."""
    if KINDS[spec.kind].columns is not About.EACH:
        return [_named(spec)]
    apart = [replace(spec, columns=(column,)) for column in spec.columns]
    if spec.name and len(apart) > 1:
        return [replace(one, name=f"{spec.name}: {one.columns[0]}") for one in apart]
    return [_named(one) for one in apart]


def _named(spec: CheckSpec) -> CheckSpec:
    return spec if spec.name else replace(spec, name=default_name(spec))


# What tells checks of one kind about the same columns apart, beside what they are about.
_TELLING: Mapping[str, tuple[str, ...]] = {
    "quantile_between": ("q",),
    "quantile_anomaly": ("q",),
    "row_count_equals": ("dataset",),
    "aggregate_equals_other": ("aggregate", "dataset"),
    "parseable_as": ("as",),
    "data_for_every": ("part",),
}


def default_name(spec: CheckSpec) -> str:
    """The name of a check nobody named: stable, and unlike that of another check of the same dataset."""
    about = ", ".join(spec.columns) or str(spec.arguments.get("expression") or spec.arguments.get("sql") or "")
    telling = [str(spec.arguments[key]) for key in _TELLING.get(spec.kind, ()) if key in spec.arguments]
    about = " ".join([*about.split(), *telling])
    name = f"{spec.kind}: {about}" if about else spec.kind
    return f"{name} where {spec.where}"[:LONGEST_NAME] if spec.where else name[:LONGEST_NAME]


def dump(spec: CheckSpec) -> dict[str, object]:
    """The check as an entry of a document, defaults left out."""
    kind = KINDS[spec.kind]
    options: dict[str, object] = {}
    if spec.name != default_name(spec):
        options["name"] = spec.name
    if spec.owner:
        options["owner"] = spec.owner
    if spec.severity != Severity.BLOCK:
        options["severity"] = str(spec.severity)
    if spec.tolerance != Tolerance():
        options["tolerance"] = dump_tolerance(spec.tolerance)
    if spec.where:
        options["where"] = spec.where
    columns: object = spec.columns[0] if len(spec.columns) == 1 else list(spec.columns)
    arguments = {key: list(value) if isinstance(value, tuple) else value for key, value in spec.arguments.items()}
    if not options and not arguments:
        return {spec.kind: columns if spec.columns else {}}
    if not options and list(arguments) == [kind.shorthand]:
        return {spec.kind: arguments[kind.shorthand]}
    about = {"column" if len(spec.columns) == 1 else "columns": columns} if spec.columns else {}
    return {spec.kind: {**about, **arguments, **options}}


def column_faults(spec: CheckSpec, path: str, columns: Sequence[Column]) -> list[Problem]:
    """A problem for each column the check names and the dataset does not have."""
    if spec.kind == "columns_match":
        return []
    known = {column.name.lower(): column.name for column in columns}
    return [
        Problem(
            path=path,
            message=f"there is no column {name!r}{names.hint(name, known.values())}",
            suggestion=names.nearest(name, known.values()),
        )
        for name in spec.columns
        if name.lower() not in known
    ]
