"""The database's clock: the one that every process goes by, whatever the clock of its own machine says."""

from datetime import datetime
from typing import cast

from django.db.models import Max
from django.db.models.functions import Coalesce, Now

from pipelines_app.models import Pulse


def database_now() -> datetime:
    """The moment by the database's clock, which alone says what is due."""
    return cast(datetime, Pulse.objects.aggregate(now=Coalesce(Max(Now()), Now()))["now"])
