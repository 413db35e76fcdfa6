"""The most surprising things of a batch in one line: each measure once, with how many columns it is about. Pure."""

from collections.abc import Iterable, Sequence

TOLD = 3


def most(words: Sequence[str]) -> str:
    """The first of some sentences, and how many there are besides."""
    told = "; ".join(words[:TOLD])
    return f"{told}; and {len(words) - TOLD} more" if len(words) > TOLD else told


def unlike(found: Iterable[tuple[str, str, str]]) -> list[str]:
    """Sentences, one for each check: what several columns show alike is said once, of the first of them.

    Each is given as its check, its column and its words.
    """
    by_check: dict[str, list[tuple[str, str]]] = {}
    for check, column, words in found:
        by_check.setdefault(check, []).append((column, words))
    return [_said(of_check) for of_check in by_check.values()]


def _said(of_check: Sequence[tuple[str, str]]) -> str:
    others = list(dict.fromkeys(column for column, _ in of_check[1:] if column and column != of_check[0][0]))
    words = of_check[0][1]
    if not others:
        return words
    if len(others) > TOLD:
        return f"{words} (so too {', '.join(others[:TOLD])} and {len(others) - TOLD} other columns)"
    return f"{words} (so too {', '.join(others)})"
