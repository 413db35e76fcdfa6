"""Values as JSON can say them without changing them."""

import math

EXACT = 2**53
NUL = "\N{SYMBOL FOR NULL}"  # for the character itself, which PostgreSQL keeps in no text


class Unfit(Exception):
    """A value cannot be given to a person as it is."""


def plain(value: object) -> object:
    """A value as JSON can say it without changing it: what JSON has no number for becomes text."""
    match value:
        case None | bool():
            return value
        case str():
            return value.replace("\0", NUL)
        case int():
            return value if -EXACT <= value <= EXACT else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case bytes() | bytearray():
            raise Unfit("a column holds bytes (BLOB); leave it out, or turn it into text with hex(...)")
        case list() | tuple():
            return [plain(item) for item in value]
        case dict():
            return {str(key).replace("\0", NUL): plain(item) for key, item in value.items()}
        case _:
            return str(value)
