"""SQL text to tree: exactly one query in the DuckDB dialect, small and shallow enough to be worked on."""

from collections.abc import Sequence

from sqlglot import Token, TokenType, exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from pipelines_app.errors import StatementRefused

DIALECT = "duckdb"
LONGEST = 100_000
MOST_TOKENS = 10_000
DEEPEST_BRACKETS = 100
DEEPEST_TREE = 400
LONGEST_SUBSCRIPT = 20  # reading a long chain a[1][1]... takes time out of all proportion

_OPEN = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSE = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
# After these a colon is a slice, a struct's value, a lambda's body or a prefix alias, and no parameter.
_COLON_AFTER = _CLOSE | {TokenType.STRING, TokenType.NUMBER, TokenType.VAR, TokenType.IDENTIFIER, TokenType.L_BRACKET}


def parse(sql: str, dialect: str = DIALECT) -> exp.Query:
    """The one query of a SQL text; raises StatementRefused with the place of the fault."""
    trees = [tree for tree in _parsed(sql, dialect) if tree is not None]
    if not trees:
        raise StatementRefused("there is no SQL here; write a SELECT")
    if len(trees) > 1:
        raise StatementRefused(f"one statement is allowed, and here are {len(trees)}; remove all but one")
    tree = trees[0]
    if not isinstance(tree, exp.Query):
        raise StatementRefused(f"only a query (SELECT) is allowed, not {_kind(tree)}")
    _refuse_deep(tree)
    return tree


def parse_condition(sql: str) -> exp.Expr:
    """A single expression, such as a check's condition."""
    tokens(sql)
    try:
        condition: exp.Expr = exp.maybe_parse(sql, into=exp.Condition, dialect=DIALECT)
    except (SqlglotError, RecursionError, ValueError) as error:
        raise StatementRefused(f"{_short(sql)} is not a condition") from error
    _refuse_deep(condition)
    return condition


def upstream(tree: exp.Expr) -> set[str]:
    """Name every dataset a query reads, leaving out its own CTEs."""
    return {
        dataset_name(table)
        for scope in traverse_scope(tree)
        for table in scope.sources.values()
        if isinstance(table, exp.Table) and isinstance(table.this, exp.Identifier)
    }


def dataset_name(table: exp.Table) -> str:
    """`layer.name`, in lower case as the engines compare it."""
    return (f"{table.db}.{table.name}" if table.db else table.name).lower()


def text(tree: exp.Expr) -> str:
    """The canonical text of a tree: the only SQL that is ever run or stored."""
    return tree.sql(DIALECT, comments=False)


def _parsed(sql: str, dialect: str) -> Sequence[exp.Expr | None]:
    found = tokens(sql, dialect)
    try:
        return Dialect.get_or_raise(dialect).parser().parse(found, sql)
    except ParseError as error:
        raise _refusal(error) from error
    except RecursionError as error:
        raise StatementRefused("the statement is nested too deeply") from error
    except (SqlglotError, ValueError) as error:
        raise StatementRefused(f"the statement cannot be read: {_short(str(error))}") from error


def tokens(sql: str, dialect: str = DIALECT) -> list[Token]:
    """The words of a SQL text; raises StatementRefused where they cannot be told apart."""
    if len(sql.encode(errors="surrogatepass")) > LONGEST:
        raise StatementRefused(f"the statement is longer than {LONGEST:,} bytes")
    if "\x00" in sql:
        raise StatementRefused("the statement holds a NUL character")
    try:
        found: list[Token] = Dialect.get_or_raise(dialect).tokenize(sql)
    except (SqlglotError, ValueError) as error:
        line = sql.count("\n") + 1
        message = "a text, name or comment is opened and not closed"
        raise StatementRefused(message, line=line, column=len(sql) - sql.rfind("\n")) from error
    if len(found) > MOST_TOKENS:
        raise StatementRefused(f"the statement has more than {MOST_TOKENS:,} words")
    _refuse_odd(found)
    return found


def _refuse_odd(found: list[Token]) -> None:
    depth = chain = 0
    for position, token in enumerate(found):
        chain = _subscripts(found, position, chain)
        if chain > LONGEST_SUBSCRIPT:
            raise at(token, f"more than {LONGEST_SUBSCRIPT} subscripts follow one another")
        depth += (token.token_type in _OPEN) - (token.token_type in _CLOSE)
        if depth > DEEPEST_BRACKETS:
            raise at(token, f"brackets are nested more than {DEEPEST_BRACKETS} deep")
        message = _foreign_parameter(found, position)
        if message:
            raise at(token, message)


def _subscripts(found: list[Token], position: int, chain: int) -> int:
    """How many subscripts have followed one another up to here: `][` goes on, anything else after `]` ends it."""
    if position == 0 or found[position - 1].token_type != TokenType.R_BRACKET:
        return chain
    return chain + 1 if found[position].token_type == TokenType.L_BRACKET else 0


def _foreign_parameter(found: list[Token], position: int) -> str:
    """What to say about a parameter written in another tool's way."""
    token = found[position]
    following = found[position + 1] if position + 1 < len(found) else None
    adjacent = following is not None and following.start == token.end + 1
    if token.token_type == TokenType.PLACEHOLDER:
        return "? is not a parameter here: name it, as in $carrier"
    if token.token_type == TokenType.PARAMETER and token.text == "@":
        return "@ is not a parameter here: write $name (or abs(x) for the absolute value)"
    if token.token_type == TokenType.L_BRACE and adjacent and following and following.token_type == TokenType.L_BRACE:
        return "{{ }} is not replaced here: write $name for a parameter"
    before = found[position - 1].token_type if position else None
    if token.token_type == TokenType.COLON and adjacent and following and before not in _COLON_AFTER:
        return f":{following.text} is not a parameter here: write ${following.text}"
    return ""


def at(token: Token, message: str) -> StatementRefused:
    """A refusal with the place of a word."""
    return StatementRefused(message, line=token.line, column=max(1, token.col - (token.end - token.start)))


def _refusal(error: ParseError) -> StatementRefused:
    first = error.errors[0] if error.errors else {}
    line, end, near = first.get("line"), first.get("col"), str(first.get("highlight") or "")
    column = max(1, int(end) - len(near) + 1) if end else None
    what = str(first.get("description") or error).split("<class")[0].replace("Invalid expression / ", "").strip()
    what = what.removesuffix("missing for").removesuffix(".")
    return StatementRefused(
        f"{what or 'this cannot be read'}, near {near!r}" if near else what, line=line, column=column
    )


def _refuse_deep(tree: exp.Expr) -> None:
    waiting = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > DEEPEST_TREE:
            raise StatementRefused("the statement is nested too deeply; split it into steps")
        waiting.extend((child, depth + 1) for child in node.iter_expressions())


def _kind(tree: exp.Expr) -> str:
    if isinstance(tree, exp.Command):
        return str(tree.this).upper()
    return tree.key.upper() if isinstance(tree, exp.DDL | exp.DML | exp.Drop) else f"{tree.key} on its own"


def _short(sql: str) -> str:
    line = " ".join(sql.split())
    return line if len(line) <= 80 else f"{line[:77]}..."
