"""What the API says of expectations, and what it can be told."""

from typing import Any

import django_filters as filters
from rest_framework import serializers

from monitoring_app.api.commands import Command
from monitoring_app.learning.promises import Kind
from monitoring_app.models import (
    Breach,
    Expectation,
    ExpectationChange,
    ExpectationPolicy,
    ExpectationState,
    Outlook,
    Verdict,
)
from pipelines_app.models import Severity
from pipelines_app.narrowing import Several

KINDS = [(kind.value, kind.value) for kind in Kind]
WHY = 300


class ExpectationFilter(filters.FilterSet):
    state = Several(choices=ExpectationState.choices)
    kind = Several(choices=KINDS)

    class Meta:
        model = Expectation
        fields: list[str] = []


class Accept(Command):
    """Judge by it; as a check of a definition it warns or blocks."""

    severity = serializers.ChoiceField(choices=Severity.choices, required=False, default="", allow_blank=True)


class Edit(Command):
    """Other bounds; one that is left out stays as it is."""

    min = serializers.FloatField(required=False, allow_null=True, default=None)
    max = serializers.FloatField(required=False, allow_null=True, default=None)
    severity = serializers.ChoiceField(choices=Severity.choices, required=False, default="", allow_blank=True)
    because = serializers.CharField(max_length=WHY, required=False, default="", allow_blank=True)


class Retire(Command):
    """Why it is not wanted."""

    because = serializers.CharField(max_length=WHY, required=False, default="", allow_blank=True)


class Label(Command):
    """What a person says of one batch."""

    profile = serializers.IntegerField(help_text="The id of the batch's profile.")
    verdict = serializers.ChoiceField(choices=Verdict.choices)


class SayHowFar(Command):
    """How far the platform goes by itself."""

    policy = serializers.ChoiceField(choices=ExpectationPolicy.choices)


class AtBounds(Command):
    """Other bounds to try; without them its own."""

    min = serializers.FloatField(required=False, default=None, allow_null=True)
    max = serializers.FloatField(required=False, default=None, allow_null=True)


class OutlookSerializer(serializers.ModelSerializer[Outlook]):
    """What is done with what is learned of a dataset."""

    class Meta:
        model = Outlook
        fields = ["policy", "is_declared", "known", "fresh", "looked_at"]
        read_only_fields = fields


class ExpectationSerializer(serializers.ModelSerializer[Expectation]):
    """A promise that was learned."""

    dataset = serializers.CharField(source="dataset.name", read_only=True)
    columns = serializers.ListField(child=serializers.CharField(), read_only=True)
    parameters = serializers.DictField(read_only=True)

    class Meta:
        model = Expectation
        fields = [
            *("id", "dataset", "kind", "columns", "parameters", "sentence", "state", "severity", "is_edited", "number"),
            *("kept", "seen", "alarms", "replayed", "confidence", "worth", "judged", "broken", "doubt"),
            *("created_at", "decided_at", "decided_by", "because"),
        ]
        read_only_fields = fields


class ExpectationChangeSerializer(serializers.ModelSerializer[ExpectationChange]):
    """What it promised from a moment on."""

    parameters = serializers.DictField(read_only=True)

    class Meta:
        model = ExpectationChange
        fields = ["number", "action", "sentence", "parameters", "because", "actor", "at"]
        read_only_fields = fields


class BreachSerializer(serializers.ModelSerializer[Breach]):
    """One batch that broke it, or that a person says something of."""

    period = serializers.CharField(source="profile.period", read_only=True)
    version = serializers.IntegerField(source="profile.version_id", read_only=True)

    class Meta:
        model = Breach
        fields = ["profile", "version", "period", "value", "sentence", "verdict", "verdict_by", "effect", "at"]
        read_only_fields = fields


class ExpectationDetailSerializer(ExpectationSerializer):
    """A promise with its history, and what broke it last."""

    changes = serializers.SerializerMethodField()
    breaches = serializers.SerializerMethodField()

    class Meta(ExpectationSerializer.Meta):
        fields = [*ExpectationSerializer.Meta.fields, "changes", "breaches"]
        read_only_fields = fields

    def get_changes(self, one: Expectation) -> list[dict[str, Any]]:
        newest = one.changes.order_by("-number")[:100]
        return [dict(row) for row in ExpectationChangeSerializer(newest, many=True).data]

    def get_breaches(self, one: Expectation) -> list[dict[str, Any]]:
        newest = one.breaches.select_related("profile").order_by("-pk")[:100]
        return [dict(row) for row in BreachSerializer(newest, many=True).data]


class TriedBatchSerializer(serializers.Serializer[Any]):
    """One batch: what it held, and the bounds it was held against; `is_kept` is null where there was nothing."""

    profile = serializers.IntegerField(source="profile.pk")
    name = serializers.CharField()
    low = serializers.FloatField(source="judged.measured.low", default=None, allow_null=True)
    high = serializers.FloatField(source="judged.measured.high", default=None, allow_null=True)
    said = serializers.CharField(source="value")
    min = serializers.FloatField(source="judged.low", allow_null=True)
    max = serializers.FloatField(source="judged.high", allow_null=True)
    is_kept = serializers.BooleanField(source="judged.is_kept", allow_null=True)


class TrialSerializer(serializers.Serializer[Any]):
    """A promise at some bounds on every stored batch: how often it would have alarmed."""

    sentence = serializers.CharField()
    alarms = serializers.IntegerField()
    judged = serializers.IntegerField()
    tried = TriedBatchSerializer(many=True)


class LookedSerializer(serializers.Serializer[Any]):
    """What looking at a dataset's history changed."""

    batches = serializers.IntegerField()
    proposed = serializers.IntegerField()
    accepted = serializers.IntegerField()
    evolved = serializers.IntegerField()
    retired = serializers.IntegerField()


class ChecksSerializer(serializers.Serializer[Any]):
    """What is in force as `checks:` of a definition, as entries and as YAML."""

    checks = serializers.ListField(child=serializers.DictField())
    yaml = serializers.CharField()
