"""Places in a list, sealed so that nobody builds on what is inside."""

import re
from collections.abc import Mapping

from django.core import signing
from rest_framework.exceptions import ValidationError

SALT = "loopline.cursor"


def write(place: Mapping[str, int | str]) -> str:
    """A cursor for a place."""
    return signing.dumps(dict(place), salt=SALT)


def read(cursor: str) -> dict[str, int | str]:
    """The place of a cursor; raises ValidationError for one that was not made here."""
    try:
        place: dict[str, int | str] = signing.loads(cursor, salt=SALT)
    except signing.BadSignature as error:
        raise ValidationError({"cursor": ["This is not a cursor of this list."]}) from error
    return place


def number(text: str, *, name: str, most: int, default: int) -> int:
    """A whole number from 1 to `most` out of a query string; raises ValidationError otherwise."""
    if not text:
        return default
    if not re.fullmatch("[0-9]{1,18}", text) or not 1 <= int(text) <= most:
        raise ValidationError({name: [f"Give a whole number from 1 to {most}."]})
    return int(text)
