"""An OpenAPI schema as values that a page can show. Pure."""

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
DEEPEST = 5
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """One thing an operation takes beside its body."""

    name: str
    place: str
    type: str
    is_required: bool
    description: str


@dataclass(frozen=True)
class Body:
    """A body in one media type, by an example; empty for a file."""

    media: str
    example: str


@dataclass(frozen=True)
class Answer:
    """One answer an operation may give."""

    status: str
    description: str
    example: str


@dataclass(frozen=True)
class Operation:
    """One thing the API does."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Parameter]
    bodies: list[Body]
    answers: list[Answer]
    curl: str

    @property
    def tone(self) -> str:
        """The tone of its method: reading is quiet."""
        return {"get": "run", "delete": "bad"}.get(self.method.lower(), "good")


@dataclass(frozen=True)
class Described:
    """The whole API: operations by topic."""

    title: str
    description: str
    topics: dict[str, list[Operation]] = field(default_factory=dict)


def describe(schema: Schema, *, base: str) -> Described:
    """Everything a schema says, topics and paths in order."""
    components = schema.get("components", {}).get("schemas", {})
    topics: dict[str, list[Operation]] = {}
    for path, item in sorted(schema.get("paths", {}).items()):
        for method in METHODS:
            if method in item:
                operation = _operation(path, method, item[method], components, base)
                topics.setdefault(next(iter(item[method].get("tags", [])), "other"), []).append(operation)
    about = schema.get("info", {})
    return Described(
        title=str(about.get("title", "")),
        description=str(about.get("description", "")),
        topics=dict(sorted(topics.items())),
    )


def _operation(path: str, method: str, item: Schema, components: Schema, base: str) -> Operation:
    parameters = [_parameter(one) for one in item.get("parameters", [])]
    content = item.get("requestBody", {}).get("content", {})
    bodies = [Body(media, _body_example(media, one, components)) for media, one in content.items()]
    return Operation(
        id=str(item.get("operationId", f"{method} {path}")),
        method=method.upper(),
        path=path,
        summary=str(item.get("summary", "")),
        description=str(item.get("description", "")),
        parameters=parameters,
        bodies=bodies,
        answers=[_answer(status, one, components) for status, one in sorted(item.get("responses", {}).items())],
        curl=_curl(
            base + path, method, bodies, [one.name for one in parameters if one.place == "query" and one.is_required]
        ),
    )


def _parameter(item: Schema) -> Parameter:
    return Parameter(
        name=str(item["name"]),
        place=str(item["in"]),
        type=_type(item.get("schema", {})),
        is_required=bool(item.get("required")),
        description=str(item.get("description", "")),
    )


def _type(schema: Schema) -> str:
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    kind = schema.get("type", "any")
    said = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if said == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return f"{said}, {schema['format']}" if "format" in schema else said


def _body_example(media: str, content: Schema, components: Schema) -> str:
    if "json" not in media:
        return ""
    given = _given(content)
    return _json(given if given is not None else example(content.get("schema", {}), components))


def _given(content: Schema) -> object:
    """The first example that the schema itself gives."""
    named: Iterable[Schema] = content.get("examples", {}).values()
    return next((one["value"] for one in named if "value" in one), None)


def _answer(status: str, item: Schema, components: Schema) -> Answer:
    content: Schema = next(iter(item.get("content", {}).values()), {})
    schema = content.get("schema", {})
    given = _given(content)
    shown = given if given is not None else example(schema, components) if schema else None
    return Answer(
        status=status,
        description=str(item.get("description", "")),
        example=_json(shown) if isinstance(shown, dict | list) else "",
    )


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


_PLAIN: Mapping[str, object] = {"integer": 1, "number": 1.5, "boolean": True, "null": None}
_FORMATS = {"date-time": "2013-02-08T07:29:51Z", "date": "2013-02-08", "uri": "https://…", "email": "ana@example.org"}


def example(schema: Schema, components: Schema, depth: int = 0) -> object:
    """A value that a schema describes: its own example, or one made from its parts."""
    if "$ref" in schema:
        return example(components.get(schema["$ref"].rsplit("/", 1)[-1], {}), components, depth)
    known = schema.get("example", schema.get("default", next(iter(schema.get("enum", [])), None)))
    if known is not None or depth > DEEPEST:
        return known
    for key in ("allOf", "oneOf", "anyOf"):
        if key in schema:
            return example(schema[key][0], components, depth + 1)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array":
        return [example(schema.get("items", {}), components, depth + 1)]
    if kind == "object" or "properties" in schema:
        return {name: example(one, components, depth + 1) for name, one in schema.get("properties", {}).items()}
    kind = str(kind)
    return _PLAIN[kind] if kind in _PLAIN else _FORMATS.get(str(schema.get("format")), "text")


def _curl(url: str, method: str, bodies: list[Body], needed: list[str]) -> str:
    query = "?" + "&".join(f"{name}={name.upper()}" for name in needed) if needed else ""
    lines = ["curl --fail-with-body" + (f" -X {method.upper()}" if method != "get" else "")]
    lines.append('-H "Authorization: Bearer $LOOPLINE_TOKEN"')
    body = next(iter(bodies), None)
    if body is not None:
        lines.append(f'-H "Content-Type: {body.media}"')
        shown = " ".join(body.example.split()) if body.example else ""
        lines.append(f"--data {shlex.quote(shown)}" if shown else "--data-binary @FILE")
    lines.append(f'"{url}{query}"')
    return " \\\n  ".join(lines)
