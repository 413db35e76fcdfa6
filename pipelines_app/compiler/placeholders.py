"""`${name}` in names and values outside SQL, and in quoted names within it: filled once, never looked at again."""

import re
from collections.abc import Callable, Mapping

from sqlglot import Token, TokenType

from pipelines_app.compiler import parameters, statements
from pipelines_app.compiler.definition import Parameter
from pipelines_app.compiler.parameters import ValueRefused

_PART = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_MARK = "${"
Lookup = Callable[[str], Parameter]


def stands_alone(text: str) -> str:
    """The name of the placeholder that a text is, and nothing else; empty for any other text."""
    match = _PART.fullmatch(text)
    return match[1] if match and match[1] else ""


def fill(text: str, lookup: Lookup) -> object:
    """A text with its placeholders filled; one that is a placeholder and nothing else becomes the value itself.

    `$${` stands for `${`. Raises ValueRefused for a placeholder that is not closed or stands for several values.
    """
    alone = stands_alone(text)
    if alone:
        parameter = lookup(alone)
        return parameters.dumped(parameter, parameter.value)
    return filled_text(text, lookup)


def filled_text(text: str, lookup: Lookup) -> str:
    """The same, where only a text may come of it."""
    return _PART.sub(lambda match: _text(match, lookup), text) if _MARK in text else text


def _text(match: re.Match[str], lookup: Lookup) -> str:
    if match[0] == "$${":
        return _MARK
    if not match[1]:
        raise ValueRefused("${ is not closed: write ${name}, or $${ for the two signs themselves")
    return written(lookup(match[1]))


def written(parameter: Parameter) -> str:
    """A single value as a text."""
    value = parameter.value
    if isinstance(value, tuple | Mapping):
        raise ValueRefused(f"${{{parameter.name}}} stands for several values: it can only stand alone")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def in_sql(sql: str, lookup: Lookup, renamed: Callable[[str], str]) -> str:
    """A SQL text with the placeholders of its quoted names filled, and each `$name` called as `renamed` says.

    The tokens say what is a name and what is a text or a comment. What is filled in is quoted anew, so that it ends
    nothing that it stands in. Raises StatementRefused with the place of what cannot be filled.
    """
    found = statements.tokens(sql)
    parts, end = [], 0
    for position, token in enumerate(found):
        try:
            piece = _piece(found, position, lookup, renamed)
        except ValueRefused as refused:
            raise statements.at(token, str(refused)) from None
        if piece is not None:
            parts += [sql[end : token.start], piece]
            end = token.end + 1
    return "".join([*parts, sql[end:]])


def _piece(found: list[Token], position: int, lookup: Lookup, renamed: Callable[[str], str]) -> str | None:
    """What takes the place of a token; None for what stays."""
    token, before = found[position], found[position - 1] if position else None
    if token.token_type == TokenType.IDENTIFIER and _MARK in token.text:
        return '"' + filled_text(token.text, lookup).replace('"', '""') + '"'
    if token.token_type == TokenType.STRING and _MARK in token.text:
        raise ValueRefused("a text in SQL is not filled: write $name, which is a value of its type")
    follows = before is not None and before.token_type == TokenType.PARAMETER and before.end + 1 == token.start
    if not follows:
        return None
    if token.token_type == TokenType.L_BRACE:
        raise ValueRefused('${name} stands in quoted names only: write "${name}", or $name for a value')
    return renamed(token.text)
