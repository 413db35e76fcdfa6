"""Environments, and the engines they run on."""

from typing import Any

from rest_framework import serializers

from pipelines_app.api.commands import Command
from pipelines_app.models import EngineName


class EnvironmentSerializer(serializers.Serializer[Any]):
    """An environment and where it runs."""

    name = serializers.CharField()
    engine = serializers.ChoiceField(choices=EngineName.choices)
    elsewhere = serializers.IntegerField(help_text="On how many other engines some of what its readers see still lies.")
    may_change = serializers.BooleanField(help_text="Whether the caller may move it.")


class ChangeEngine(Command):
    """The engine an environment is to run on."""

    engine = serializers.ChoiceField(choices=EngineName.choices)
    anyway = serializers.BooleanField(
        default=False, help_text="Move it although some of its pipelines hold what that engine would not do."
    )
