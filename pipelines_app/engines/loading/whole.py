"""Whole numbers: DuckDB rounds '1.5' to 2 without a word; here that is a fault, while '1.0' is a whole number."""

from sqlglot import exp

from pipelines_app.engines import trees

EXACT = "DECIMAL(38, 10)"


def is_whole(type_: str) -> bool:
    """Whether a column of this type holds whole numbers only."""
    return trees.built_type(type_).is_type(*exp.DataType.INTEGER_TYPES)


def is_rounded(text: exp.Expr, type_: str) -> exp.Expr:
    """Whether casting a text to a whole number would change its value (NULL for NULL)."""
    point = trees.call("contains", text.copy(), exp.Literal.string("."))
    exact = trees.tried(text.copy(), EXACT).eq(trees.tried(text.copy(), type_))
    return exp.and_(point, trees.call("coalesce", exact, exp.false()).not_())


def cast_or_fail(text: exp.Expr, type_: str) -> exp.Expr:
    """The text as a whole number; the whole statement fails at the first text that is none."""
    fails = trees.call("error", exp.Literal.string("not a whole number"))
    return exp.Case().when(is_rounded(text, type_), fails).else_(trees.typed(text.copy(), type_))


def fails(raw: exp.Expr, type_: str) -> exp.Expr:
    """Whether a value is there and cannot become one of the type without a change."""
    lost: exp.Expr = trees.tried(raw.copy(), type_).is_(exp.null())
    if is_whole(type_):
        lost = exp.or_(lost, is_rounded(trees.typed(raw.copy(), "VARCHAR"), type_))
    return exp.and_(raw.copy().is_(exp.null()).not_(), lost)
