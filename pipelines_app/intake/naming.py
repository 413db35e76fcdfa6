"""Names that files come with: kept as text to be shown, whatever door they came through."""

LONGEST = 300


def plain(given: str) -> str:
    """The last part of a name, without characters that cannot be shown; it is text, and never becomes a path."""
    last = given.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in last if character.isprintable()).strip()[:LONGEST]
