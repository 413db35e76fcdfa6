"""What is asked of a query in the same way for every engine it is to run on."""

import re

from sqlglot import exp

_FORMAT = re.compile(r"(?:%[YmdHMSj]|[-/:. _])*")


def bare(node: exp.Expr) -> exp.Expr:
    """What stands in brackets or behind a sign."""
    while isinstance(node, exp.Paren | exp.Neg):
        node = node.this
    return node


def kind(node: exp.Expr) -> exp.DType | None:
    """The type of a part, as far as it is known."""
    return node.type.this if isinstance(node.type, exp.DataType) else None


def between(node: exp.Expr) -> str:
    """Why a date_diff is not the same everywhere, or nothing."""
    unit = str(node.args.get("unit") or "DAY").upper()
    if unit == "DAY" and all(kind(bare(side)) == exp.DType.DATE for side in (node.this, node.expression)):
        return ""
    return "date_diff counts borders there only for days between two dates; subtract, or use date_trunc"


def written(node: exp.Expr) -> str:
    """Why a strftime is not, or nothing."""
    format_ = node.args.get("format")
    fits = isinstance(format_, exp.Literal) and _FORMAT.fullmatch(format_.name)
    return "" if fits else "strftime takes only %Y %m %d %H %M %S %j between - / : . and spaces there"


def limit(node: exp.Expr) -> str:
    """Why a LIMIT is not, or nothing."""
    return "a LIMIT in per cent does not exist there" * bool(node.args.get("percent"))
