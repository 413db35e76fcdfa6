"""Checks and their results."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pipelines_app import clock
from pipelines_app.api.commands import Command
from pipelines_app.models import Check, CheckResult, Mute


class CheckResultSerializer(serializers.ModelSerializer[CheckResult]):
    """One judgement of one check on one version."""

    check = serializers.CharField(source="check_made.name", read_only=True)
    severity = serializers.CharField(source="check_made.severity", read_only=True)
    sentence = serializers.CharField(source="check_made.sentence", read_only=True)
    dataset = serializers.CharField(source="check_made.dataset.name", read_only=True)
    sample = serializers.DictField(read_only=True)

    class Meta:
        model = CheckResult
        fields = [
            *("check", "dataset", "version", "severity", "sentence", "passed", "bad_rows", "total_rows", "value"),
            *("message", "sample", "at", "muted"),
        ]
        read_only_fields = fields


class MuteCheck(Command):
    """Until when nobody is to hear of a check, and why."""

    until = serializers.DateTimeField(validators=[clock.validate])
    reason = serializers.CharField(max_length=500)


class MuteSerializer(serializers.ModelSerializer[Mute]):
    """Until when nobody hears of a check, who said so, and why."""

    class Meta:
        model = Mute
        fields = ["until", "reason", "actor", "at"]
        read_only_fields = fields


class LastResultSerializer(serializers.Serializer[Any]):
    """How a check stands."""

    passed = serializers.BooleanField()
    message = serializers.CharField()
    version = serializers.IntegerField()
    at = serializers.DateTimeField()


class CheckSerializer(serializers.ModelSerializer[Check]):
    """A promise about a dataset, as the current revision of its pipeline declares it, and how it was kept last."""

    dataset = serializers.CharField(source="dataset.name", read_only=True)
    pipeline = serializers.CharField(source="revision.pipeline.name", read_only=True)
    last = serializers.SerializerMethodField()
    muted = serializers.SerializerMethodField()

    class Meta:
        model = Check
        fields = ["id", "dataset", "pipeline", "name", "kind", "severity", "owner", "sentence", "last", "muted"]
        read_only_fields = fields

    @extend_schema_field(LastResultSerializer(allow_null=True))
    def get_last(self, check: Check) -> dict[str, object] | None:
        result = self.context["last"].get(check.pk)
        return LastResultSerializer(result).data if result else None

    @extend_schema_field(MuteSerializer(allow_null=True))
    def get_muted(self, check: Check) -> dict[str, object] | None:
        found = self.context["mutes"].get((check.dataset_id, check.name))
        return MuteSerializer(found).data if found else None
