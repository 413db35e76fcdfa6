"""Teams, and the caller."""

from typing import Any

from rest_framework import serializers

from pipelines_app.models import Team


class TeamSerializer(serializers.ModelSerializer[Team]):
    """A team of the caller, and the caller's role in it."""

    role = serializers.CharField(read_only=True, help_text="viewer, editor or admin")

    class Meta:
        model = Team
        fields = ["name", "title", "email", "role"]
        read_only_fields = fields


class MyTeamSerializer(serializers.Serializer[Any]):
    """A team and the caller's role in it."""

    team = serializers.CharField()
    role = serializers.CharField()


class MeSerializer(serializers.Serializer[Any]):
    """Who the caller is here."""

    user = serializers.CharField()
    actor = serializers.CharField(help_text="How the event log names what this caller does.")
    zone = serializers.CharField()
    is_superuser = serializers.BooleanField()
    may_write = serializers.BooleanField()
    teams = MyTeamSerializer(many=True)
