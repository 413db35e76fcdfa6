"""Rows at fault."""

from typing import Any

from rest_framework import serializers

from pipelines_app.models import Reject


class FaultsSerializer(serializers.Serializer[Any]):
    """Rows that break a check: `capped` says that there are more than these."""

    check = serializers.CharField()
    dataset = serializers.CharField()
    version = serializers.IntegerField()
    bad_rows = serializers.IntegerField()
    capped = serializers.BooleanField()
    redacted = serializers.ListField(child=serializers.CharField(), help_text="Columns that the caller is not shown.")
    results = serializers.ListField(child=serializers.DictField())


class LineSerializer(serializers.ModelSerializer[Reject]):
    """One line that was set aside."""

    class Meta:
        model = Reject
        fields = ["file", "line", "column", "kind", "message", "text"]
        read_only_fields = fields


class SetAsideSerializer(serializers.Serializer[Any]):
    """Lines that were set aside: `capped` says that there are more than these, which are the first."""

    dataset = serializers.CharField()
    version = serializers.IntegerField()
    rejected = serializers.IntegerField()
    capped = serializers.BooleanField()
    results = LineSerializer(many=True)
