"""Moments at the ends of the calendar: refused at every door, and shown without harm where one is stored."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.template import engines
from django.utils import timezone
from rest_framework import serializers

from monitoring_app.alerts import messages
from monitoring_app.api import commands as watching
from monitoring_app.web import expected
from pipelines_app import clock
from pipelines_app.api import commands
from pipelines_app.compiler import clocks
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.lineage import finding
from pipelines_app.models import Dataset, Slot
from pipelines_app.web import words

EDGES = [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
ZONES = ["Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York", "UTC"]
SHOWN = "{{ moment|when }} {{ moment|clock }} {{ moment|deadline:zone }}"


@pytest.mark.parametrize("moment", EDGES)
@pytest.mark.parametrize("zone", ZONES)
def test_every_way_of_showing_a_moment_survives_the_ends_of_the_calendar(moment, zone):
    with timezone.override(ZoneInfo(zone)):
        assert "<time" in engines["django"].from_string(SHOWN).render({"moment": moment, "zone": zone})
        slot = Slot(pk=1, dataset=Dataset(name="raw.a"), expected_at=moment, due_at=moment, late_at=moment)
        for state in ("expected", "late"):
            slot.state = state
            assert expected.time_line([slot], timezone.now())["lanes"]
    now = datetime(2013, 2, 8, tzinfo=ZoneInfo(zone))
    assert words.ago(moment, now)
    assert words.exact(moment, zone)
    assert messages.moment(moment, zone)


def commands_of(base):
    for one in base.__subclasses__():
        yield one
        yield from commands_of(one)


def test_every_moment_that_a_command_takes_is_bounded():
    taken = [
        field
        for base in (commands.Command, watching.Command)
        for one in commands_of(base)
        for field in one().fields.values()
        if isinstance(field, serializers.DateTimeField)
    ]
    assert len(taken) >= 2
    assert all(clock.validate in field.validators for field in taken)


@pytest.mark.parametrize(
    "text", ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59", "1969-12-31"]
)
def test_what_holds_at_a_moment_is_not_asked_beyond_the_bounds(text):
    assert finding.moment(text) is None


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59"])
@pytest.mark.parametrize("kind", [kind for kind in PeriodKind if kind is not PeriodKind.NONE])
def test_a_moment_at_the_ends_of_the_calendar_gives_no_period(text, kind):
    assert clocks.period_at(kind, text) == ""
