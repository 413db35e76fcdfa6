"""What a command's body may say: its own fields, and nothing else."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from pipelines_app import clock
from pipelines_app.api import strictness


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


class Rehearsed(Command):
    """A command that may be asked only to say what it would do."""

    dry_run = serializers.BooleanField(default=False, help_text="Only say what it would do.")


class Reason(Rehearsed):
    """A command that may say why."""

    because = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class RunPipeline(Rehearsed):
    """Which period to run; none for a pipeline without periods."""

    period = serializers.CharField(max_length=13, required=False, default="", allow_blank=True)


class AnnounceSlot(Command):
    """Which period of which dataset is expected, and by when."""

    dataset = serializers.CharField(max_length=130)
    period = serializers.CharField(max_length=13, required=False, default="", allow_blank=True)
    due_at = serializers.DateTimeField(validators=[clock.validate])


class WaiveSlot(Rehearsed):
    """Why an arrival is no longer expected."""

    reason = serializers.CharField(max_length=500)


def said(command: type[Command], request: Request) -> dict[str, Any]:
    """The validated fields of a request's body; raises ValidationError. No body at all is an empty one.

    `dry_run` may be said in the address too: whoever says it in either place means it.
    """
    serializer = command(data={} if request.data is None else request.data)
    serializer.is_valid(raise_exception=True)
    fields: dict[str, Any] = serializer.validated_data
    if "dry_run" in fields:
        fields["dry_run"] = strictness.said(request, "dry_run") or fields["dry_run"]
    return fields
