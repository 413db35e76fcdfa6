"""Moments that people type into filters, by the clock of their own zone."""

from datetime import datetime, time

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from pipelines_app.compiler import clocks


def read(text: str) -> datetime | None:
    """A day, or a moment such as 2026-05-04T06:00; none for anything else, and for what no page could show."""
    try:
        day = parse_date(text.strip())
        moment = datetime.combine(day, time.min) if day else parse_datetime(text.strip())
    except ValueError:  # the 31st of February
        return None
    if moment is None or not clocks.is_bounded(moment):
        return None
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
