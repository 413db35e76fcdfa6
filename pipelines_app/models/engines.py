"""What engines may be given to do."""

from django.db import models
from django.db.models import Q


class EngineLimit(models.Model):
    """How many steps an engine is given at once by all workers together; an engine without a row has no limit."""

    engine = models.CharField(max_length=40, unique=True)
    max_steps = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(max_steps__gte=1), name="engine_steps_at_least_one")]

    def __str__(self) -> str:
        return f"{self.engine}: {self.max_steps} at once"
