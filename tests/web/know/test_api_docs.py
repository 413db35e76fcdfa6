"""The API's page, and the reading of its schema."""

import pytest

from pipelines_app.web import openapi


def test_every_topic_of_the_schema_has_its_operations_and_commands(vic):
    shown = vic.get("/api/docs", {"topic": "arrivals"}).content.decode()
    assert "/api/v1/datasets/{name}/arrivals" in shown
    assert "--data-binary @FILE" in shown
    assert "curl --fail-with-body -X POST" in shown


def test_an_unknown_topic_shows_the_first(vic):
    assert vic.get("/api/docs", {"topic": "<script>"}).status_code == 200


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, 1),
        ({"type": ["string", "null"], "format": "date-time"}, "2013-02-08T07:29:51Z"),
        ({"type": "array", "items": {"type": "boolean"}}, [True]),
        ({"$ref": "#/components/schemas/Thing"}, {"name": "text", "kind": "a"}),
        ({"allOf": [{"$ref": "#/components/schemas/Thing"}]}, {"name": "text", "kind": "a"}),
        ({"type": "string", "example": "x"}, "x"),
        ({}, "text"),
    ],
)
def test_an_example_is_made_from_a_schema(schema, value):
    things = {"Thing": {"type": "object", "properties": {"name": {"type": "string"}, "kind": {"enum": ["a", "b"]}}}}
    assert openapi.example(schema, things) == value


def test_a_schema_that_holds_itself_ends():
    tree = {"Tree": {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Tree"}}}}
    assert openapi.example({"$ref": "#/components/schemas/Tree"}, tree)


def test_a_command_is_safe_to_paste():
    content = {"application/json": {"schema": {"type": "object", "properties": {"why": {"example": "it's; rm -rf"}}}}}
    schema = {"paths": {"/x": {"post": {"requestBody": {"content": content}, "responses": {}}}}}
    (operation,) = openapi.describe(schema, base="http://x").topics["other"]
    assert """--data '{ "why": "it'"'"'s; rm -rf" }'""" in operation.curl
