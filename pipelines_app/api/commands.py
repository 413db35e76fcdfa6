"""What a command's body may say: its own fields, and nothing else."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request


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


class Nothing(Command):
    """A command that needs no words."""


class Reason(Command):
    """A command that may say why."""

    because = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class RunPipeline(Command):
    """Which period to run; none for a pipeline without periods."""

    period = serializers.CharField(max_length=13, required=False, default="", allow_blank=True)


class AnnounceSlot(Command):
    """Which period of which dataset is expected, and by when."""

    dataset = serializers.CharField(max_length=130)
    period = serializers.CharField(max_length=13, required=False, default="", allow_blank=True)
    due_at = serializers.DateTimeField()


class WaiveSlot(Command):
    """Why an arrival is no longer expected."""

    reason = serializers.CharField(max_length=500)


def said(command: type[Command], request: Request) -> dict[str, Any]:
    """The validated fields of a request's body; raises ValidationError. No body at all is an empty one."""
    serializer = command(data={} if request.data is None else request.data)
    serializer.is_valid(raise_exception=True)
    fields: dict[str, Any] = serializer.validated_data
    return fields
