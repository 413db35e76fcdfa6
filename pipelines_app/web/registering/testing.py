"""The tests of a step, between the text that somebody types and its entry in the definition."""

import textwrap

from pipelines_app.compiler import documents
from pipelines_app.errors import DefinitionInvalid


def written(text: str) -> object:
    """The list in a YAML text; what cannot be read stays a text, and the compiler says so."""
    if not text.strip():
        return None
    try:
        return documents.from_yaml("tests:\n" + textwrap.indent(text, "  "))["tests"]
    except DefinitionInvalid:
        return text


def shown(tests: object) -> str:
    """The tests of an entry as they are typed."""
    if tests in (None, []):
        return ""
    if isinstance(tests, str):
        return tests
    return textwrap.dedent(documents.to_yaml({"tests": tests}).partition("\n")[2])
