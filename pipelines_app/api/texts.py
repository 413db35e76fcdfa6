"""Texts that may be long: what REST framework looks at sign by sign is looked at in one go."""

from typing import Any

from rest_framework import serializers
from rest_framework.validators import ProhibitSurrogateCharactersValidator

_say = ProhibitSurrogateCharactersValidator()


def no_surrogates(text: str) -> None:
    """Raise ValidationError for half a character, which no encoding can write."""
    try:
        text.encode()
    except UnicodeEncodeError:
        _say(text)


class LongText(serializers.CharField):
    """A text like any other; a folder of definitions has megabytes of it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        others = [one for one in self.validators if not isinstance(one, ProhibitSurrogateCharactersValidator)]
        self.validators = [*others, no_surrogates]
