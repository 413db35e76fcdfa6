"""What the API shows of alerts, messages and the platform's health."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from monitoring_app.alerts import impact
from monitoring_app.models import Alert, AlertEntry, Notification


class AlertSerializer(serializers.ModelSerializer[Alert]):
    """One open or closed problem."""

    team = serializers.CharField(source="team.name", default=None, allow_null=True, read_only=True)
    dataset = serializers.CharField(source="dataset.name", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Alert
        fields = [
            *(
                "id",
                "rule",
                "subject",
                "title",
                "what",
                "todo",
                "severity",
                "state",
                "team",
                "owner",
                "dataset",
                "pipeline",
            ),
            *("run", "period", "count", "event", "first_at", "last_at", "resolved_at", "snoozed_until"),
            *("acknowledged_by", "note", "root", "cause", "clears_at", "flaps", "awaits_check", "how_bad", "verdict"),
            *("began_at", "opened_at", "acknowledged_at"),
        ]
        read_only_fields = fields


class AlertEntrySerializer(serializers.ModelSerializer[AlertEntry]):
    """One thing that happened to an alert."""

    class Meta:
        model = AlertEntry
        fields = ["at", "actor", "event", "text"]
        read_only_fields = fields


class AlertHitSerializer(serializers.Serializer[Any]):
    """Who is hit: what is made from it, what was promised of that, whose it is; `unnamed` counts restricted ones."""

    datasets = serializers.ListField(child=serializers.CharField())
    unnamed = serializers.IntegerField()
    teams = serializers.ListField(child=serializers.CharField())
    promises = serializers.ListField(child=serializers.CharField())


class AlertDetailSerializer(AlertSerializer):
    """An alert with its time line, who is hit, and what follows from it as far as the caller may see that."""

    entries = AlertEntrySerializer(many=True, read_only=True)
    affected = AlertSerializer(many=True, read_only=True)
    hit = serializers.SerializerMethodField()

    class Meta(AlertSerializer.Meta):
        fields = [*AlertSerializer.Meta.fields, "entries", "affected", "hit"]
        read_only_fields = fields

    @extend_schema_field(AlertHitSerializer)
    def get_hit(self, alert: Alert) -> dict[str, Any]:
        return dict(AlertHitSerializer(impact.of(alert)).data)


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    """One message to one channel, and what became of it."""

    channel = serializers.CharField(source="channel.name", read_only=True)
    channel_kind = serializers.CharField(source="channel.kind", read_only=True)

    class Meta:
        model = Notification
        fields = [
            *("id", "alert", "channel", "channel_kind", "about", "subject", "state", "attempts", "not_before"),
            *("created_at", "done_at", "error"),
        ]
        read_only_fields = fields


class PartSerializer(serializers.Serializer[Any]):
    """One part of the platform."""

    name = serializers.CharField()
    ok = serializers.BooleanField()
    fault = serializers.CharField(allow_blank=True)


class HealthSerializer(serializers.Serializer[Any]):
    """Whether the platform takes work in and does it."""

    status = serializers.ChoiceField(choices=["ok", "not ready"])
    parts = PartSerializer(many=True)
