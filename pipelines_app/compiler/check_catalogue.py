"""The kinds of checks: how each is written in a document and said in words."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import re2

from pipelines_app.compiler import gate, names, statements, types
from pipelines_app.compiler.definition import CheckSpec, Column, Severity, Tolerance
from pipelines_app.compiler.reading import Reader, described, step_into
from pipelines_app.errors import DefinitionInvalid, Problem, StatementRefused

COMMON = ("name", "severity", "tolerance", "where", "column", "columns")
LONGEST_NAME = 120
_DURATION = re.compile(r"(\d{1,6})\s*(m|h|d)")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of check: whether it is about each column, several together, or none; its arguments; its shorthand."""

    columns: str = "none"  # each, together, one, none
    arguments: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    shorthand: str = "columns"
    tolerant: bool = True


KINDS: Mapping[str, Kind] = {
    "not_null": Kind(columns="each"),
    "unique": Kind(columns="together"),
    "compound_unique": Kind(columns="together"),
    "in_set": Kind(columns="one", arguments=("values",), required=("values",)),
    "between": Kind(columns="one", arguments=("min", "max")),
    "matches_pattern": Kind(columns="one", arguments=("pattern",), required=("pattern",)),
    "row_count_between": Kind(arguments=("min", "max"), tolerant=False),
    "references": Kind(columns="together", arguments=("dataset", "to"), required=("dataset",)),
    "custom_sql": Kind(arguments=("sql",), required=("sql",), shorthand="sql"),
    "expression_is_true": Kind(arguments=("expression",), required=("expression",), shorthand="expression"),
    "freshness_within": Kind(columns="one", arguments=("within",), required=("within",), tolerant=False),
    "columns_match": Kind(columns="together", arguments=("ordered",), tolerant=False),
    "column_type_is": Kind(columns="one", arguments=("type",), required=("type",), tolerant=False),
}


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
    kind, body = next(iter(entry.items()))
    if kind not in KINDS:
        near = names.nearest(str(kind), KINDS)
        message = f"there is no check {kind!r}; the checks are {', '.join(KINDS)}"
        problems.append(Problem(path=path, message=message, suggestion=near))
        return []
    before = len(problems)
    spec = _spec(str(kind), body, step_into(path, str(kind)), problems)
    return _apart(spec) if len(problems) == before else []


def _spec(kind: str, body: object, path: str, problems: list[Problem]) -> CheckSpec:
    shape = KINDS[kind]
    if not isinstance(body, Mapping):
        if isinstance(body, str | list | tuple):
            body = {shape.shorthand: body}
        else:
            problems.append(Problem(path=path, message=f"must be a text, a list or a mapping, not {described(body)}"))
            body = {}
    reader = Reader(body, path, problems)
    reader.only(*shape.arguments, *(COMMON if shape.columns != "none" else COMMON[:4]))
    columns = _columns(reader, shape)
    for key in shape.required:
        if not reader.has(key):
            reader.fault(key, f"{key} is missing")
    arguments = {key: _ARGUMENTS[key](reader, key) for key in shape.arguments if reader.has(key)}
    _agree(kind, columns, arguments, reader)
    if reader.has("where"):
        _condition(reader, "where")
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
    )


def _columns(reader: Reader, shape: Kind) -> tuple[str, ...]:
    if shape.columns == "none":
        return ()
    found = (*reader.texts("column"), *reader.texts("columns"))
    if not found:
        reader.fault("column", "name a column")
    if shape.columns == "one" and len(found) > 1:
        reader.fault("column", "name one column; write one check for each")
    return found


def _agree(kind: str, columns: tuple[str, ...], arguments: Mapping[str, object], reader: Reader) -> None:
    """What must hold between arguments."""
    low, high = arguments.get("min"), arguments.get("max")
    if kind in ("between", "row_count_between"):
        if low is None and high is None:
            reader.fault("min", "give min, max or both")
        elif low is not None and high is not None and _is_above(low, high):
            reader.fault("min", f"min {low} is above max {high}")
    to = arguments.get("to")
    if isinstance(to, tuple) and len(to) != len(columns):
        reader.fault("to", f"names {len(to)} columns for {len(columns)}")


def _is_above(low: object, high: object) -> bool:
    if isinstance(low, int | float) and isinstance(high, int | float):
        return low > high
    return isinstance(low, str) and isinstance(high, str) and low > high


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


def _bound(reader: Reader, key: str) -> object:
    value = reader.entries[key]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        reader.fault(key, "must be a number, or a date or time in quotes")
    return value


def _values(reader: Reader, key: str) -> tuple[object, ...]:
    value = reader.entries[key]
    if not isinstance(value, list | tuple) or not value:
        reader.fault(key, "must be a list with at least one value")
        return ()
    if not all(isinstance(item, str | int | float) for item in value):
        reader.fault(key, "may hold texts, numbers, true and false")
    return tuple(value)


def _pattern(reader: Reader, key: str) -> str:
    pattern = reader.text(key)
    quiet = re2.Options()
    quiet.log_errors = False
    try:
        re2.compile(pattern, options=quiet)
    except re2.error as error:
        reader.fault(key, f"{pattern!r} is not a regular expression (RE2): {_said(error)}")
    return pattern


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _query(reader: Reader, key: str) -> str:
    sql = reader.text(key)
    try:
        gate.admit(statements.parse(sql))
    except StatementRefused as refused:
        _note(reader, key, refused)
    return sql


def _condition(reader: Reader, key: str) -> str:
    sql = reader.text(key)
    try:
        gate.admit_condition(statements.parse_condition(sql))
    except StatementRefused as refused:
        _note(reader, key, refused)
    return sql


def _note(reader: Reader, key: str, refused: StatementRefused) -> None:
    reader.problems.append(
        Problem(
            path=step_into(reader.path, key),
            message=refused.message,
            line=refused.line,
            column=refused.column,
            suggestion=refused.suggestion,
        )
    )


def _within(reader: Reader, key: str) -> str:
    value = reader.text(key)
    if seconds(value) <= 0:
        reader.fault(key, f"{value!r} is not a length of time; write 30m, 24h or 7d")
    return value


def seconds(within: str) -> int:
    """The seconds of `30m`, `24h` or `7d`; 0 where it is none of these."""
    match = _DURATION.fullmatch(within.strip())
    return int(match[1]) * _SECONDS[match[2]] if match else 0


def _type(reader: Reader, key: str) -> str:
    text = reader.checked(key, types.fault)
    return types.normalise(text) or text


_ARGUMENTS: Mapping[str, Callable[[Reader, str], object]] = {
    "values": _values,
    "min": _bound,
    "max": _bound,
    "pattern": _pattern,
    "dataset": lambda reader, key: reader.text(key),
    "to": lambda reader, key: reader.texts(key),
    "sql": _query,
    "expression": _condition,
    "within": _within,
    "ordered": lambda reader, key: reader.flag(key, False),
    "type": _type,
}


def _apart(spec: CheckSpec) -> list[CheckSpec]:
    """One check per column where the kind is about each column, all with names."""
    if KINDS[spec.kind].columns != "each":
        return [_named(spec)]
    apart = [replace(spec, columns=(column,)) for column in spec.columns]
    if spec.name and len(apart) > 1:
        return [replace(one, name=f"{spec.name}: {one.columns[0]}") for one in apart]
    return [_named(one) for one in apart]


def _named(spec: CheckSpec) -> CheckSpec:
    return spec if spec.name else replace(spec, name=default_name(spec))


def default_name(spec: CheckSpec) -> str:
    """The name of a check nobody named: stable, and unlike that of another check of the same dataset."""
    about = ", ".join(spec.columns) or str(spec.arguments.get("expression") or spec.arguments.get("sql") or "")
    name = f"{spec.kind}: {' '.join(about.split())}" if about else spec.kind
    return f"{name} where {spec.where}"[:LONGEST_NAME] if spec.where else name[:LONGEST_NAME]


def dump(spec: CheckSpec) -> dict[str, object]:
    """The check as an entry of a document, defaults left out."""
    kind = KINDS[spec.kind]
    options: dict[str, object] = {}
    if spec.name != default_name(spec):
        options["name"] = spec.name
    if spec.severity != Severity.BLOCK:
        options["severity"] = str(spec.severity)
    if spec.tolerance != Tolerance():
        options["tolerance"] = dump_tolerance(spec.tolerance)
    if spec.where:
        options["where"] = spec.where
    columns: object = spec.columns[0] if len(spec.columns) == 1 else list(spec.columns)
    arguments = {key: list(value) if isinstance(value, tuple) else value for key, value in spec.arguments.items()}
    if not options and not arguments:
        return {spec.kind: columns}
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
