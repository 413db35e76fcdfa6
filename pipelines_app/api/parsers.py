"""Bodies of commands: JSON, and YAML for definitions; small, and read to the end only while they are."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from pipelines_app.compiler import documents
from pipelines_app.errors import TooLarge

MOST_BYTES = 1 << 20


class Json(BaseParser):
    """A JSON value of at most `most` bytes, whose keys are there once each."""

    media_type = "application/json"
    most = MOST_BYTES

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """The value; raises ParseError with the place of the fault."""
        try:
            return json.loads(_text(stream, self.most), object_pairs_hook=_once_each, parse_constant=_no_constant)
        except json.JSONDecodeError as error:
            raise ParseError(f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.") from error
        except (RecursionError, ValueError) as error:
            raise ParseError("This is not JSON that can be read here.") from error


class LargeJson(Json):
    """A JSON value that may hold many definitions."""

    most = 16 * MOST_BYTES


class Yaml(BaseParser):
    """A definition in YAML."""

    media_type = "application/yaml"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """The document; raises DefinitionInvalid with the place of the fault."""
        return documents.from_yaml(_text(stream))


def _text(stream: Any, most: int = MOST_BYTES) -> str:
    """The body as text; raises TooLarge before more of it is read than may be."""
    body: bytes = stream.read(most + 1)
    if len(body) > most:
        raise TooLarge(f"The body is larger than {most:,} bytes.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise ParseError("The body is not UTF-8.") from error


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ParseError("A key is there twice in one object.")
    return fields


def _no_constant(name: str) -> NoReturn:
    raise ParseError(f"{name} is not a JSON value.")
