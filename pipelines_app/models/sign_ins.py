"""How often somebody tried to sign in, so that guessing takes for ever."""

from __future__ import annotations

from django.db import models


class SignInTries(models.Model):
    """The tries at one name from one address since a moment; the pair is kept as a digest, known user or not."""

    digest = models.CharField(max_length=64, unique=True)
    tries = models.PositiveSmallIntegerField(default=0)
    since = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.tries} tries since {self.since}"
