"""Templates: a pipeline with typed parameters in place of some of its names and values."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pipelines_app.compiler import names, parameters
from pipelines_app.compiler.definition import Parameter
from pipelines_app.compiler.parameters import ValueRefused
from pipelines_app.compiler.reading import Reader, described
from pipelines_app.errors import DefinitionInvalid, Problem

Document = dict[str, object]
BODY = ("summary", "sources", "steps", "start", "schedule", "listens", "sla", "alerts", "concurrency")
KEYS = ("template", "team", "description", "parameters", *BODY)
MOST_PARAMETERS = 100
_ASKED = ("label", "help", "example")
_KEYS = ("type", "default", "of", "min", "max", "pattern", "max_length", *_ASKED)
_RESERVED = "__"  # what a step for each item calls its own: carrier__2


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One thing a template asks for; the parameter's value is its default, None where a value has to be given."""

    parameter: Parameter
    label: str = ""
    help: str = ""
    example: object = None

    @property
    def name(self) -> str:
        return self.parameter.name

    @property
    def required(self) -> bool:
        return self.parameter.value is None

    @property
    def words(self) -> str:
        """What the form calls it."""
        return self.label or self.name.replace("_", " ").capitalize()


@dataclass(frozen=True, kw_only=True)
class Template:
    """A pipeline to be filled in; the body is a document with `${name}` in names and `$name` in SQL."""

    name: str
    team: str
    description: str = ""
    asked: tuple[Asked, ...] = ()
    body: Mapping[str, object] = field(default_factory=dict)

    @property
    def by_name(self) -> dict[str, Asked]:
        return {one.name: one for one in self.asked}


def is_template(document: Mapping[str, object]) -> bool:
    """Whether a document is a template rather than a pipeline; a pipeline made from one has a mapping there."""
    return "template" in document and not isinstance(document["template"], Mapping) and "pipeline" not in document


def read(document: Mapping[str, object], *, shipped: bool = False) -> tuple[Template, Reader]:
    """A template as far as it can be read without filling it, and the faults found; what is shipped has no team."""
    reader = Reader(document)
    reader.only(*KEYS)
    declared = document.get("parameters")
    if isinstance(declared, Mapping) and len(declared) > MOST_PARAMETERS:
        raise DefinitionInvalid([Problem(path="parameters", message=f"{MOST_PARAMETERS} parameters are the most")])
    asked = tuple(one for name, inner in reader.sections("parameters") if (one := _asked(name, inner)))
    template = Template(
        name=reader.checked("template", names.slug_fault, required=True),
        team=reader.checked("team", names.slug_fault, required=not shipped),
        description=reader.text("description"),
        asked=asked,
        body={key: copy.deepcopy(document[key]) for key in BODY if document.get(key) is not None},
    )
    if not (template.body.get("sources") or template.body.get("steps")) and not reader.problems:
        reader.fault("steps", "a template needs at least one source or step")
    return template, reader


def _asked(name: str, reader: Reader) -> Asked | None:
    reader.only(*_KEYS)
    fault = names.parameter_fault(name)
    if not fault and _RESERVED in name:
        fault = f"{name!r} may not hold {_RESERVED}: names of that form are made for the items of a list"
    if fault:
        reader.fault("", fault)
    kind = reader.text("type", required=True)
    if kind and kind not in parameters.TEMPLATE_TYPES:
        near = names.nearest(kind, parameters.TEMPLATE_TYPES)
        message = f"{kind!r} is not a type of parameter; use one of {', '.join(parameters.TEMPLATE_TYPES)}"
        reader.fault("type", message, suggestion=near)
        return None
    parameter = parameters.declared(name, kind, reader) if kind and not fault else None
    if parameter is None:
        return None
    default, example = (_value(parameter, reader, key) for key in ("default", "example"))
    return Asked(
        parameter=replace(parameter, value=default),
        label=reader.text("label"),
        help=reader.text("help"),
        example=example,
    )


def _value(parameter: Parameter, reader: Reader, key: str) -> object:
    given = reader.entries.get(key)
    if given is None:
        return None
    try:
        return parameters.validated(parameter, given)
    except ValueRefused as refused:
        reader.fault(key, str(refused))
        return None


def dump(template: Template) -> Document:
    """The document of a template; parsing it gives the same template."""
    entries: Document = {
        "template": template.name,
        "team": template.team,
        "description": template.description,
        "parameters": {one.name: _dump_asked(one) for one in template.asked},
        **copy.deepcopy(dict(template.body)),
    }
    return {key: value for key, value in entries.items() if value not in ("", {}, [])}


def _dump_asked(asked: Asked) -> Document:
    entries = parameters.dump(asked.parameter)
    entries.pop("description", None)
    said = {
        "label": asked.label or None,
        "help": asked.help or None,
        "example": parameters.dumped(asked.parameter, asked.example),
    }
    kind = entries.pop("type")
    told = {"type": kind, "label": said["label"], "help": said["help"], **entries, "example": said["example"]}
    return {key: value for key, value in told.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A pipeline as a template and values; without a revision it follows the template's current one."""

    pipeline: str
    team: str
    template: str
    description: str = ""
    revision: int | None = None
    values: Mapping[str, object] = field(default_factory=dict)


INSTANCE_KEYS = ("pipeline", "team", "description", "template")


def is_filled(document: Mapping[str, object]) -> bool:
    """Whether a document is a pipeline made from a template."""
    return "pipeline" in document and "template" in document


def read_filled(document: Mapping[str, object]) -> Filled:
    """A pipeline made from a template; raises DefinitionInvalid with every fault of form."""
    reader = Reader(document)
    for key in document:
        if key not in INSTANCE_KEYS:
            reader.fault(key, "comes from the template: say it there, or leave out `template` and write all of it here")
    said = document.get("template")
    if not isinstance(said, Mapping):
        reader.fault("template", f"must be {{name: …, values: {{…}}}} in the file of a pipeline, not {described(said)}")
    inner = reader.section("template") if isinstance(said, Mapping) else None
    if inner is None:
        raise DefinitionInvalid(reader.problems)
    inner.only("name", "revision", "values")
    values = inner.section("values")
    filled = Filled(
        pipeline=reader.checked("pipeline", names.slug_fault, required=True),
        team=reader.checked("team", names.slug_fault, required=True),
        description=reader.text("description"),
        template=inner.checked("name", names.slug_fault, required=True),
        revision=inner.whole("revision", 1, least=1) if inner.has("revision") else None,
        values=dict(values.entries) if values else {},
    )
    if reader.problems:
        raise DefinitionInvalid(reader.problems)
    return filled


def dump_filled(filled: Filled) -> Document:
    """The document of a pipeline made from a template."""
    inner = {"name": filled.template, "revision": filled.revision, "values": dict(filled.values) or None}
    entries: Document = {
        "pipeline": filled.pipeline,
        "team": filled.team,
        "description": filled.description or None,
        "template": {key: value for key, value in inner.items() if value is not None},
    }
    return {key: value for key, value in entries.items() if value is not None}


def following(document: Mapping[str, object], revision: int | None = None) -> Document:
    """A stored pipeline that a template made, as one that follows its template, or is made from another revision."""
    said = document["template"]
    inner = {key: value for key, value in said.items() if key != "revision"} if isinstance(said, Mapping) else {}
    if revision is not None:
        inner["revision"] = revision
    return {**{key: document[key] for key in INSTANCE_KEYS if key in document}, "template": inner}
