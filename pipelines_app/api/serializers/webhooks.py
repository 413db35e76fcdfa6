"""Webhooks of sources, and what came through them."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from pipelines_app.api.commands import Command
from pipelines_app.intake import limiting
from pipelines_app.intake.webhooks import SMALL_BYTES
from pipelines_app.models import SignatureKind, Webhook


class MakeWebhook(Command):
    """For which source, how its supplier proves who they are, and how much it may send."""

    dataset = serializers.CharField(max_length=130)
    signature = serializers.ChoiceField(
        choices=SignatureKind.choices, required=False, default=SignatureKind.STANDARD.value
    )
    per_minute = serializers.IntegerField(
        min_value=1, max_value=1_000_000, required=False, default=None, allow_null=True
    )


class LimitWebhook(Command):
    """How much its supplier may send; without a number, as much as the platform's settings say."""

    per_minute = serializers.IntegerField(min_value=1, max_value=1_000_000, allow_null=True)
    max_bytes = serializers.IntegerField(min_value=SMALL_BYTES, allow_null=True)


class TryWebhook(Command):
    """A body to try, as text."""

    body = serializers.CharField(max_length=100_000, trim_whitespace=False)
    period = serializers.CharField(max_length=13, required=False, default="", allow_blank=True)


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    """An address for a supplier; its secret is never given out again."""

    dataset = serializers.CharField(source="dataset.name", read_only=True)
    address = serializers.SerializerMethodField()
    per_minute = serializers.SerializerMethodField()
    max_bytes = serializers.SerializerMethodField(help_text="Of one message.")

    class Meta:
        model = Webhook
        fields = [
            *("id", "dataset", "address", "signature", "per_minute", "max_bytes", "previous_until", "created_at"),
            "disabled_at",
        ]
        read_only_fields = fields

    def get_address(self, webhook: Webhook) -> str:
        return f"{settings.PUBLIC_URL}/hooks/{webhook.public_id}"

    def get_per_minute(self, webhook: Webhook) -> int:
        return limiting.limit_of(webhook)

    def get_max_bytes(self, webhook: Webhook) -> int:
        return limiting.size_of(webhook)


class NewWebhookSerializer(WebhookSerializer):
    """The same with its secret, which is given out this once."""

    secret = serializers.CharField(read_only=True)

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class WebhookDeliverySerializer(serializers.Serializer[Any]):
    """One message that was taken, or refusals that are alike."""

    at = serializers.DateTimeField()
    status = serializers.IntegerField()
    reason = serializers.CharField(allow_blank=True)
    bytes = serializers.IntegerField(allow_null=True)
    address = serializers.CharField(allow_blank=True)
    message_id = serializers.CharField(allow_blank=True)
    arrival = serializers.IntegerField(source="arrival.pk", default=None, allow_null=True)
    times = serializers.IntegerField(help_text="How many refusals like it, at least.")
    repeats = serializers.IntegerField(help_text="How often the same message came again.")


class TriedSerializer(serializers.Serializer[Any]):
    """The name that the message would have had as an arrival."""

    name = serializers.CharField()
