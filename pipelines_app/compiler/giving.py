"""Parameters that messages and file names give: where they stand, what they may be, and what they are."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from pipelines_app.compiler import parameters, periods, starting
from pipelines_app.compiler.compiled import Compiled
from pipelines_app.compiler.definition import Definition, Parameter, Source
from pipelines_app.compiler.parameters import ValueRefused
from pipelines_app.compiler.reading import step_into
from pipelines_app.errors import DefinitionInvalid, Problem

NOT_GIVEN = ("column", "dataset")


def given_by(source: Source) -> dict[str, str]:
    """The parameters that what comes for a source gives, each with where it stands in words."""
    pointed = dict(source.payload.parameters) if source.payload else {}
    return dict.fromkeys(periods.placed(source.file_pattern), "the file name") | pointed


def named_by(source: Source) -> list[str]:
    """The parameters that the names of a source's files give."""
    return periods.placed(source.file_pattern)


def in_name(source: Source, name: str) -> dict[str, str] | None:
    """What a file's name gives, as texts; None where it should give something and does not."""
    return periods.parameters_in(source.file_pattern, name, source.period) if named_by(source) else {}


def is_given_any(definition: Definition) -> bool:
    """Whether something that comes decides a parameter of the pipeline's runs."""
    return any(given_by(source) for source in definition.sources)


def faults(definition: Definition) -> list[Problem]:
    """What is wrong with the parameters that a definition says are given by what comes."""
    known = {parameter.name: parameter for parameter in definition.parameters}
    found = []
    for source in definition.sources:
        path = step_into("sources", source.dataset)
        pointed = [name for name, _ in source.payload.parameters] if source.payload else []
        for name in pointed:
            message = _fault(name, known)
            found += [Problem(path=f"{path}.payload.parameters.{name}", message=message)] if message else []
        found += [Problem(path=f"{path}.from", message=message) for message in _name_faults(source, known, pointed)]
        # Said where it is mended: a parameter is declared, or the name in the source is mistyped.
        found += [
            Problem(path=step_into("parameters", name), message=f"{source.dataset} gives it, and it is not declared")
            for name in given_by(source)
            if name not in known
        ]
    return found


def _fault(name: str, known: Mapping[str, Parameter]) -> str:
    if name not in known:
        return ""
    kind = known[name].type
    if parameters.element_type(kind) not in NOT_GIVEN:
        return ""
    return f"${name} is a {kind}: it decides what is read, and no message can change that"


def _name_faults(source: Source, known: Mapping[str, Parameter], pointed: Sequence[str]) -> list[str]:
    placed = periods.placed(source.file_pattern)
    found = [message for name in placed if (message := _fault(name, known))]
    for name in sorted(set(placed)):
        if placed.count(name) > 1 or name in pointed:
            found.append(f"${name} is given twice")
        elif name in known and known[name].type.startswith("list["):
            found.append(f"${name} is a {known[name].type}, and a file name holds one value")
    return found + (["two {…} must have something between them"] if "}{" in source.file_pattern else [])


def contradiction(compiled: Compiled) -> list[Problem]:
    """Two messages of one period may give different values; what waits for several inputs would have to mix them."""
    if not is_given_any(compiled.definition) or not starting.holds_back(compiled):
        return []
    message = "its messages give parameters, so each has to start a run of its own: say any, without not_before"
    return [Problem(path="start", message=message)]


def values(known: Sequence[Parameter], texts: Mapping[str, str], given: Mapping[str, object]) -> dict[str, object]:
    """The values that a file's name and a message give, in their canonical forms; raises ValueRefused."""
    declared = {parameter.name: parameter for parameter in known}
    found: dict[str, object] = {}
    for name, text in texts.items():
        found[name] = parameters.validated(declared_in(name, declared), _typed(declared[name], text))
    for name, value in given.items():
        found[name] = parameters.validated(declared_in(name, declared), value)
    return found


def declared_in(name: str, declared: Mapping[str, Parameter]) -> Parameter:
    if name not in declared:
        raise ValueRefused(f"there is no parameter ${name}")
    return declared[name]


def _typed(parameter: Parameter, text: str) -> object:
    """A text of a file name as the kind of value that its parameter has."""
    if parameter.type == "integer":
        digits = text.removeprefix("-")
        return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 20 else text
    if parameter.type == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    return text


def key(given: Mapping[str, object]) -> str:
    """What tells runs and arrivals of one period apart by their parameters; empty where none are given."""
    return hashlib.sha256(written(given).encode()).hexdigest() if given else ""


def written(given: Mapping[str, object]) -> str:
    """The parameters as one canonical text."""
    return json.dumps(given, sort_keys=True, separators=(",", ":"))


def sentence(given: Mapping[str, object]) -> str:
    """The parameters for people: `region = EU and late_after = 15`."""
    return " and ".join(f"{name} = {_said(value)}" for name, value in sorted(given.items()))


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(str(item) for item in value) if isinstance(value, list | tuple) else str(value)


def text_of_fault(error: ValueRefused | DefinitionInvalid) -> str:
    """Why values do not fit, in words."""
    return "; ".join(one.message for one in error.problems) if isinstance(error, DefinitionInvalid) else str(error)
