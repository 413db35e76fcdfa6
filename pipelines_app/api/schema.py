"""How the generated description of the API tells of what is our own."""

from typing import Any

from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library has no types here
    """A bearer token in the Authorization header."""

    target_class = "pipelines_app.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """The scheme as OpenAPI names it."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "ll_…"}


class SessionOfOurs(SessionScheme):  # type: ignore[no-untyped-call]  # the library has no types here
    """A person's session."""

    target_class = "pipelines_app.api.authentication.SessionAuthentication"


TEXT = {"type": "string"}
NUMBER = {"type": ["integer", "null"]}
PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457): what was asked, what was found, and what to do.",
    "required": ["type", "title", "status", "detail", "code", "todo", "reference"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "code": {"type": "string", "description": "Stable, for programs."},
        "todo": {"type": "string", "description": "What can be done about it."},
        "reference": {"type": "string", "description": "Names this answer in the platform's log."},
        "problems": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "message"],
                "properties": {"path": TEXT, "message": TEXT, "line": NUMBER, "column": NUMBER, "suggestion": TEXT},
            },
        },
    },
}


def tell_of_problems(result: dict[str, Any], generator: object, request: object, public: object) -> dict[str, Any]:
    """Have every operation say that it answers with a problem where it refuses."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    refused = {
        "description": "Refused, and why.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for methods in result["paths"].values():
        for operation in methods.values():
            operation["responses"]["default"] = refused
    return result
