"""Checks and their results."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pipelines_app.models import Check, CheckResult


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
            *("message", "sample", "at"),
        ]
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

    class Meta:
        model = Check
        fields = ["id", "dataset", "pipeline", "name", "kind", "severity", "sentence", "last"]
        read_only_fields = fields

    @extend_schema_field(LastResultSerializer(allow_null=True))
    def get_last(self, check: Check) -> dict[str, object] | None:
        result = self.context["last"].get(check.pk)
        return LastResultSerializer(result).data if result else None
