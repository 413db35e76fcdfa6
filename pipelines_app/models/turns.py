"""What is done by one at a time in the whole installation."""

from django.db import models


class Turn(models.Model):
    """One kind of work of which only one goes on at a time: whoever does it holds the row."""

    name = models.CharField(max_length=40, unique=True)

    def __str__(self) -> str:
        return self.name
