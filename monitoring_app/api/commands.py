"""What a command about an alert may say: its own fields, and nothing else."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from pipelines_app import clock


class Command(serializers.Serializer[Any]):
    """A body that refuses what it does not know."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The fields of the command; raises ValidationError naming every unknown one."""
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            taken = f"what can be said here: {', '.join(self.fields)}" if self.fields else "nothing can be said here"
            raise serializers.ValidationError(
                {str(name)[:80]: [f"There is no such field; {taken}."] for name in unknown}
            )
        fields: dict[str, Any] = super().to_internal_value(data)
        return fields


class Acknowledge(Command):
    """What the owner knows already."""

    note = serializers.CharField(max_length=900, required=False, default="", allow_blank=True)


class Snooze(Command):
    """Until when to keep quiet: a moment, or (null) until it gets worse."""

    until = serializers.DateTimeField(validators=[clock.validate], allow_null=True)


class Resolve(Command):
    """Why it is over."""

    because = serializers.CharField(max_length=900)


def said(command: type[Command], request: Request) -> dict[str, Any]:
    """The validated fields of a request's body; raises ValidationError. No body at all is an empty one."""
    serializer = command(data={} if request.data is None else request.data)
    serializer.is_valid(raise_exception=True)
    fields: dict[str, Any] = serializer.validated_data
    return fields
