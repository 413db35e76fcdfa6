"""Values as a person types them, in a form or a table, and back: `15`, `true`, `AA | UA`, `id INTEGER`."""

from collections.abc import Mapping

from pipelines_app.compiler import column_lists, parameters
from pipelines_app.compiler.definition import Parameter

BETWEEN = "|"
_BOOLEANS: Mapping[str, bool] = {"true": True, "yes": True, "false": False, "no": False}


def value(parameter: Parameter, text: str) -> object:
    """What a text says, as the type of the parameter has it; one that does not fit stays a text, to be refused."""
    if not parameter.type.startswith("list["):
        return _scalar(parameters.element_type(parameter.type), text)
    apart = text.splitlines() if "\n" in text.strip() else text.split(BETWEEN)
    return [
        _scalar(parameters.element_type(parameter.type), one.strip()) for one in apart if one.strip() or text == one
    ]


def _scalar(element: str, text: str) -> object:
    if element == "integer":
        digits = text.strip().removeprefix("-")
        return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 20 else text
    if element == "boolean":
        return _BOOLEANS.get(text.strip().lower(), text)
    return text if element == "string" else text.strip()


def scalar(parameter: Parameter, given: str) -> object:
    """One value of a list as its type has it."""
    return _scalar(parameters.element_type(parameter.type), given)


def text(parameter: Parameter, given: object) -> str:
    """A value as it is typed; nothing for none."""
    if given is None:
        return ""
    if isinstance(given, Mapping):
        return column_lists.text(given)
    if isinstance(given, list | tuple):
        return f" {BETWEEN} ".join(text(parameter, one) for one in given)
    return str(given).lower() if isinstance(given, bool) else str(given)
