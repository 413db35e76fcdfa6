"""The database's clock: the one that every process goes by, whatever the clock of its own machine says."""

from datetime import datetime
from typing import cast

from django.core.exceptions import ValidationError
from django.db.models import Max
from django.db.models.functions import Coalesce, Now

from pipelines_app.compiler import clocks
from pipelines_app.models import Pulse


def validate(moment: datetime) -> None:
    """Raise ValidationError for a moment of a form or a command that no page could show."""
    if not clocks.is_bounded(moment):
        raise ValidationError(clocks.BOUNDS)


def database_now() -> datetime:
    """The moment by the database's clock, which alone says what is due."""
    return cast(datetime, Pulse.objects.aggregate(now=Coalesce(Max(Now()), Now()))["now"])
