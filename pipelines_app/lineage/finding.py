"""The dataset that somebody names, and the moment."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.utils.dateparse import parse_date, parse_datetime

from pipelines_app.compiler import clocks
from pipelines_app.models import Dataset, ForeignDataset, User

FOREIGN = re.compile("foreign-([0-9]{1,18})")


def number(user: User, name: str) -> int | None:
    """The number in lineage of a dataset that the person may see: one of ours by name, another tool's by id."""
    if match := FOREIGN.fullmatch(name):
        found = ForeignDataset.objects.visible_to(user).filter(pk=int(match[1])).values_list("pk", flat=True).first()
        return -found if found is not None else None
    return Dataset.objects.visible_to(user).filter(name=name).values_list("pk", flat=True).first()


def numbers(user: User, names: Iterable[str]) -> list[int]:
    """Those of several; what there is none of, or none to be seen, is left out."""
    wanted = list(dict.fromkeys(names))
    own = Dataset.objects.visible_to(user).filter(name__in=wanted).values_list("pk", flat=True)
    told = [int(match[1]) for name in wanted if (match := FOREIGN.fullmatch(name))]
    foreign = ForeignDataset.objects.visible_to(user).filter(pk__in=told).values_list("pk", flat=True) if told else []
    return [*own, *(-pk for pk in foreign)]


def moment(text: str) -> datetime | None:
    """A moment, or the end of a day (UTC where no zone is said); none for what is neither, or out of bounds."""
    try:
        at, day = parse_datetime(text), parse_date(text)
    except ValueError:
        return None
    if day is not None:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return start + timedelta(days=1) if clocks.is_bounded(start) else None
    if at is None or not clocks.is_bounded(at):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
