"""Typed parameters: their declaration, their values, and the values as SQL.

Types are `integer`, `decimal`, `boolean`, `date`, `timestamp`, `enum`, `string`, `column`, `dataset`, and lists of all
but the last written `list[integer]`. A value is kept as it would be written in JSON: a decimal and a date are texts.
Templates know two more, which mean nothing in SQL: `list[dataset]` and `columns`, those of a file and their types.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

import re2
from sqlglot import exp

from pipelines_app.compiler import column_lists, names, patterns
from pipelines_app.compiler.definition import Parameter
from pipelines_app.compiler.reading import Reader, described

SCALARS = ("integer", "decimal", "boolean", "date", "timestamp", "enum", "string")
COLUMNS = "columns"
TYPES = (*SCALARS, *(f"list[{scalar}]" for scalar in SCALARS), "column", "list[column]", "dataset")
TEMPLATE_TYPES = (*TYPES, "list[dataset]", COLUMNS)
LONGEST_TEXT = 10_000
LONGEST_LIST = 1_000
_KEYS = ("type", "default", "of", "min", "max", "pattern", "max_length", "description")
_NAMED = ("enum", "column", "dataset")


class ValueRefused(ValueError):
    """A value does not fit its parameter; the text says how."""


def parse(name: str, reader: Reader, given: object) -> Parameter | None:
    """A parameter from its entry in a document and the value given for it, if any; faults go to the reader."""
    reader.only(*_KEYS)
    message = names.parameter_fault(name)
    if message:
        reader.fault("", message)
    kind = reader.text("type", required=True)
    if kind and kind not in TYPES:
        near = names.nearest(kind, TYPES)
        reader.fault("type", f"{kind!r} is not a type of parameter; use one of {', '.join(TYPES)}", suggestion=near)
    if message or kind not in TYPES:
        return None
    return _valued(name, kind, reader, given)


def _valued(name: str, kind: str, reader: Reader, given: object) -> Parameter | None:
    parameter = declared(name, kind, reader)
    return _filled(parameter, reader, given) if parameter else None


def declared(name: str, kind: str, reader: Reader) -> Parameter | None:
    """A parameter of this type without a value, with what its entry says it may be; faults go to the reader."""
    element = element_type(kind)
    bare = Parameter(name=name, type=kind, value=None)
    pattern = reader.text("pattern")
    if pattern and element not in ("string", "column"):
        reader.fault("pattern", "only a string or a column has a pattern")
    if pattern and not patterns.compiles(pattern):
        reader.fault("pattern", f"{pattern!r} is not a regular expression (RE2)")
        return None
    try:
        bounds = [_bound(bare, reader, key) for key in ("min", "max")]
        choices = tuple(scalar(_plain(bare, element), choice) for choice in _choices(reader, element))
        return Parameter(
            name=name,
            type=kind,
            value=None,
            choices=choices,
            minimum=bounds[0],
            maximum=bounds[1],
            pattern=pattern,
            max_length=reader.whole("max_length", 1, least=1) if reader.has("max_length") else None,
            description=reader.text("description"),
        )
    except ValueRefused as refused:
        reader.fault("", str(refused))
        return None


def _filled(parameter: Parameter, reader: Reader, given: object) -> Parameter | None:
    chosen = reader.entries.get("default") if given is None else given
    if chosen is None:
        reader.fault("default", f"${parameter.name} has no value: give a default here or a value under values")
        return None
    try:
        return with_value(parameter, chosen)
    except ValueRefused as refused:
        reader.fault("default", str(refused))
        return None


def _bound(bare: Parameter, reader: Reader, key: str) -> object | None:
    value = reader.entries.get(key)
    if value is None:
        return None
    element = element_type(bare.type)
    if element not in ("integer", "decimal", "date", "timestamp"):
        reader.fault(key, f"a {element} has no {key}")
        return None
    return scalar(_plain(bare, element), value)


def _choices(reader: Reader, element: str) -> tuple[object, ...]:
    value = reader.entries.get("of")
    if value is None or not isinstance(value, list | tuple) or not value:
        if value is not None or element == "enum":
            reader.fault("of", f"a {element} needs the list of values it may have")
        elif element == "column" and not reader.has("pattern"):
            reader.fault("of", "a column needs the list of names it may have, or a pattern")
        return ()
    return tuple(value)


def _plain(parameter: Parameter, element: str) -> Parameter:
    return Parameter(name=parameter.name, type="string" if element in _NAMED else element, value=None)


def element_type(kind: str) -> str:
    """`integer` of `list[integer]`; a scalar's own type otherwise."""
    return kind.removeprefix("list[").removesuffix("]")


def with_value(parameter: Parameter, value: object) -> Parameter:
    """The parameter with another value, validated and in its canonical form."""
    return Parameter(
        name=parameter.name,
        type=parameter.type,
        value=validated(parameter, value),
        choices=parameter.choices,
        minimum=parameter.minimum,
        maximum=parameter.maximum,
        pattern=parameter.pattern,
        max_length=parameter.max_length,
        description=parameter.description,
    )


def validated(parameter: Parameter, value: object) -> object:
    """A value in its canonical form; raises ValueRefused where it does not fit."""
    if parameter.type == COLUMNS:
        return _columns(parameter.name, value)
    if not parameter.type.startswith("list["):
        return scalar(parameter, value)
    if not isinstance(value, list | tuple):
        raise ValueRefused(f"${parameter.name} must be a list, not {described(value)}")
    if not 1 <= len(value) <= LONGEST_LIST:
        raise ValueRefused(f"${parameter.name} must have 1 to {LONGEST_LIST} values, not {len(value)}")
    return tuple(scalar(parameter, item) for item in value)


def scalar(parameter: Parameter, value: object) -> object:
    """One value in its canonical form, within bounds, choices, length and pattern."""
    element = element_type(parameter.type)
    canonical = _converted(parameter.name, element, value)
    if parameter.choices and canonical not in parameter.choices:
        allowed = ", ".join(str(choice) for choice in parameter.choices)
        near = names.hint(str(canonical), [str(choice) for choice in parameter.choices])
        raise ValueRefused(f"${parameter.name} is {canonical!r}; it must be one of {allowed}{near}")
    _within(parameter, element, canonical)
    if isinstance(canonical, str):
        _fits(parameter, canonical)
        _names_something(parameter.name, element, canonical)
    return canonical


def _names_something(name: str, element: str, text: str) -> None:
    fault = names.column_fault(text) if element == "column" else ""
    if element == "dataset":
        fault = names.dataset_fault(text) or ("" if "." in text else f"{text!r} must be written layer.name")
    if fault:
        raise ValueRefused(f"${name}: {fault}")


def _columns(name: str, value: object) -> dict[str, str]:
    try:
        return column_lists.read(value)
    except ValueError as error:
        raise ValueRefused(f"${name}: {error}") from None


def _converted(name: str, element: str, value: object) -> object:
    refused = ValueRefused(f"${name} must be {_WORDS[element]}, not {value!r}")
    if element == "boolean":
        if isinstance(value, bool):
            return value
        raise refused
    if isinstance(value, bool):
        raise refused
    if element == "integer":
        if isinstance(value, int) and abs(value) < 2**63:
            return value
        raise refused
    return _text_form(element, value, refused)


def _text_form(element: str, value: object, refused: ValueRefused) -> str:
    if element == "decimal" and isinstance(value, int | float | str):
        return _decimal(str(value), refused)
    if not isinstance(value, str):
        raise refused
    try:
        if element == "date":
            return date.fromisoformat(value).isoformat()
        if element == "timestamp":
            return _naive(value, refused)
    except ValueError:
        raise refused from None
    return value


def _decimal(text: str, refused: ValueRefused) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise refused from None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise refused
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _naive(text: str, refused: ValueRefused) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        raise refused
    return moment.isoformat()


_WORDS: Mapping[str, str] = {
    "integer": "a whole number",
    "decimal": "a number",
    "boolean": "true or false",
    "date": "a date such as 2013-02-08",
    "timestamp": "a time such as 2013-02-08T07:00:00, without a zone",
    "enum": "one of its values",
    "string": "a text",
    "column": "the name of a column",
    "dataset": "the name of a dataset",
}


def _within(parameter: Parameter, element: str, value: object) -> None:
    if parameter.minimum is not None and _order(element, value) < _order(element, parameter.minimum):
        raise ValueRefused(f"${parameter.name} is {value}; it must be at least {parameter.minimum}")
    if parameter.maximum is not None and _order(element, value) > _order(element, parameter.maximum):
        raise ValueRefused(f"${parameter.name} is {value}; it must be at most {parameter.maximum}")


def _order(element: str, value: object) -> Decimal:
    """A number to compare by; dates and times are turned into seconds."""
    if element in ("integer", "decimal"):
        return Decimal(str(value))
    moment = datetime.fromisoformat(str(value)) - datetime(1, 1, 1)  # noqa: DTZ001 - wall clocks on both sides
    return Decimal(moment.days) * 86_400 + moment.seconds + Decimal(moment.microseconds) / 1_000_000


def _fits(parameter: Parameter, text: str) -> None:
    longest = parameter.max_length or LONGEST_TEXT
    if len(text) > longest:
        raise ValueRefused(f"${parameter.name} has {len(text)} characters; it may have {longest}")
    if "\x00" in text:
        raise ValueRefused(f"${parameter.name} holds a NUL character")
    if parameter.pattern and not re2.fullmatch(parameter.pattern, text):
        raise ValueRefused(f"${parameter.name} is {text!r}; it must match {parameter.pattern}")


def dump(parameter: Parameter) -> dict[str, object]:
    """The parameter's entry in a document, defaults left out."""
    entries: dict[str, object] = {
        "type": parameter.type,
        "of": [dumped(parameter, choice) for choice in parameter.choices] or None,
        "default": dumped(parameter, parameter.value),
        "min": dumped(parameter, parameter.minimum),
        "max": dumped(parameter, parameter.maximum),
        "pattern": parameter.pattern or None,
        "max_length": parameter.max_length,
        "description": parameter.description or None,
    }
    return {key: value for key, value in entries.items() if value is not None}


def dumped(parameter: Parameter, value: object) -> object:
    """A canonical value as it is written in a document."""
    if isinstance(value, tuple):
        return [dumped(parameter, item) for item in value]
    if element_type(parameter.type) == "decimal" and isinstance(value, str):
        return float(value) if Decimal(repr(float(value))) == Decimal(value) else value
    return value


def literal(parameter: Parameter, value: object) -> exp.Expr:
    """One value as a typed literal: nothing of it can be read as anything but a value."""
    element = element_type(parameter.type)
    if element == "boolean":
        return exp.Boolean(this=bool(value))
    if element in ("integer", "decimal"):
        return _number(str(value))
    text = exp.Literal.string(str(value))
    return exp.cast(text, element, dialect="duckdb") if element in ("date", "timestamp") else text


def _number(text: str) -> exp.Expr:
    number = exp.Literal.number(text.removeprefix("-"))
    return exp.Paren(this=exp.Neg(this=number)) if text.startswith("-") else number
