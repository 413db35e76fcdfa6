"""Events and their hand-over."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pipelines_app.models import Delivery, Event


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """The hand-over of one event to one consumer."""

    kind = serializers.CharField(source="event.kind", read_only=True)

    class Meta:
        model = Delivery
        fields = [
            *("id", "event", "kind", "consumer", "state", "attempts", "not_before", "error", "outcome"),
            *("disposition", "run", "done_at"),
        ]
        read_only_fields = fields


class EventSerializer(serializers.ModelSerializer[Event]):
    """A fact, with what caused it or who began it."""

    body = serializers.DictField(read_only=True)

    class Meta:
        model = Event
        fields = ["id", "kind", "at", "actor", "cause", "pipeline", "dataset", "period", "run", "body"]
        read_only_fields = fields


class OutcomeSerializer(serializers.ModelSerializer[Delivery]):
    """What became of an event at one consumer, in words."""

    class Meta:
        model = Delivery
        fields = ["consumer", "state", "outcome", "disposition", "run"]
        read_only_fields = fields


class LinkedEventSerializer(serializers.Serializer[Any]):
    """An event in a chain; of one the caller may not see, only that there is one."""

    restricted = serializers.BooleanField()
    event = EventSerializer(required=False)


class EventDetailSerializer(EventSerializer):
    """An event with the chain that led to it, what it led to, and what each consumer made of it."""

    causes = serializers.SerializerMethodField()
    effects = serializers.SerializerMethodField()
    outcomes = OutcomeSerializer(source="deliveries", many=True, read_only=True)

    class Meta(EventSerializer.Meta):
        fields = [*EventSerializer.Meta.fields, "causes", "effects", "outcomes"]
        read_only_fields = fields

    @extend_schema_field(LinkedEventSerializer(many=True))
    def get_causes(self, event: Event) -> list[dict[str, object]]:
        return [
            {"restricted": False, "event": EventSerializer(one).data} if one else {"restricted": True}
            for one in self.context["causes"]
        ]

    @extend_schema_field(EventSerializer(many=True))
    def get_effects(self, event: Event) -> list[dict[str, object]]:
        return list(EventSerializer(self.context["effects"], many=True).data)
