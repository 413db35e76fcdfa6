"""The JSON Schema (draft 2020-12) of a file: a pipeline written out, one made from a template, or a template."""

import json
import sys
from typing import Any

from pipelines_app.compiler import document_schema, names, parameters

Schema = dict[str, Any]


def schema() -> Schema:
    """The schema of whatever a file holds; which of the three it is shows by its keys."""
    pipeline = document_schema.schema()
    definitions = pipeline.pop("$defs")
    head = {key: pipeline.pop(key) for key in ("$schema", "title")}
    kinds = {"pipeline": pipeline, "made": _made(), "template": _template(), "asked": _asked()}
    return {
        **head,
        "if": {"required": ["template"]},
        "then": {
            "if": {"required": ["pipeline"]},
            "then": {"$ref": "#/$defs/made"},
            "else": {"$ref": "#/$defs/template"},
        },
        "else": {"$ref": "#/$defs/pipeline"},
        "$defs": {**definitions, **kinds},
    }


def _made() -> Schema:
    template = {
        "name": _text("The name of the template."),
        "revision": {"type": "integer", "minimum": 1, "description": "Which revision, if not the current one."},
        "values": {"type": "object", "description": "Values for what the template asks for."},
    }
    return _mapping(
        {
            "pipeline": {**_text("The pipeline's name."), "pattern": f"^{names.SLUG.pattern}$"},
            "team": _text("The team that owns it."),
            "description": _text("What it is for, if the template does not say it."),
            "template": {**_mapping(template, ["name"]), "description": "What it is made from."},
        },
        ["pipeline", "team", "template"],
    )


def _template() -> Schema:
    """Names and values may be `${name}` anywhere, so only what a body is made of can be said."""
    return _mapping(
        {
            "template": {**_text("The template's name."), "pattern": f"^{names.SLUG.pattern}$"},
            "team": _text("The team that owns it."),
            "description": _text("What it is for."),
            "parameters": {
                "type": "object",
                "description": "What it asks for: ${name} in names and values, $name in SQL.",
                "additionalProperties": {"$ref": "#/$defs/asked"},
            },
            "summary": _text("The description of the pipelines made from it."),
            "sources": {"type": "object", "description": "What arrives from outside, by the name of its dataset."},
            "steps": {"type": "array", "description": "What is made from it, in SQL.", "items": _step()},
            "start": {"description": "When they start."},
            "schedule": {"type": "object", "description": "The clock that starts them."},
            "listens": {"type": "array", "description": "Datasets of other tools whose completion starts them."},
            "sla": {"type": "array", "description": "What they promise their readers."},
            "alerts": {"type": "object", "description": "Whom to tell."},
            "concurrency": {"description": "How many runs of each go at once."},
        },
        ["template"],
    )


def _step() -> Schema:
    one = {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": {"type": "string"}}
    return {
        "type": "object",
        "required": ["dataset", "sql"],
        "properties": {
            "dataset": _text("The dataset it makes; with for_each it holds the item: mart.sales_${shop}."),
            "for_each": {**one, "description": "A step for each item of a list: {shop: shops}."},
            "sql": _text('One SELECT; $name is a value, "${name}" a part of a name.'),
        },
    }


def _asked() -> Schema:
    bound = {"type": ["number", "string"]}
    return _mapping(
        {
            "type": {"enum": list(parameters.TEMPLATE_TYPES), "description": "What it may be."},
            "label": _text("What the form calls it."),
            "help": _text("What the form says of it."),
            "of": {"type": "array", "description": "The values it may have."},
            "default": {"description": "What it is unless a value is given."},
            "example": {"description": "A value to try the template with, where there is no default."},
            "min": bound,
            "max": bound,
            "pattern": _text("A regular expression (RE2) that a text or the name of a column matches as a whole."),
            "max_length": {"type": "integer", "minimum": 1, "description": "How many characters a text may have."},
        },
        ["type"],
    )


def _mapping(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False, "required": required}


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=1) + "\n")
