"""Limits."""

from typing import Any

from rest_framework import serializers

from pipelines_app.api.commands import Command
from pipelines_app.runs import allowing


class LimitSerializer(serializers.Serializer[Any]):
    """How much of something may be at work at once, and how much is."""

    of = serializers.ChoiceField(choices=[allowing.TEAM, allowing.ENVIRONMENT, allowing.ENGINE])
    name = serializers.CharField()
    most = serializers.IntegerField(allow_null=True, help_text="Runs, or steps of an engine; null for any number.")
    at_work = serializers.IntegerField()
    waiting = serializers.IntegerField()
    may_change = serializers.BooleanField(help_text="Whether the caller may.")


class ChangeLimit(Command):
    """A number, or null for none."""

    most = serializers.IntegerField(min_value=1, max_value=allowing.MOST, allow_null=True)
