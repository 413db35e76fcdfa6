"""What engines there are, what they may be given to do, and as whom the teams come to the warehouse."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class EngineName(models.TextChoices):
    DUCKDB = "duckdb", "DuckDB"
    POSTGRES = "postgres", "PostgreSQL"
    SPARK = "spark", "Spark"


class TeamLogin(models.Model):
    """A team's own role in the warehouse; its password is sealed, and shown to nobody."""

    team = models.OneToOneField("pipelines_app.Team", models.PROTECT, related_name="warehouse_login")
    role = models.CharField(max_length=63)
    sealed = models.TextField()
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.role


class EngineLimit(models.Model):
    """How many steps an engine is given at once by all workers together; an engine without a row has no limit."""

    engine = models.CharField(max_length=40, unique=True)
    max_steps = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(max_steps__gte=1), name="engine_steps_at_least_one")]

    def __str__(self) -> str:
        return f"{self.engine}: {self.max_steps} at once"
