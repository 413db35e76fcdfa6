"""Expected arrivals, why each is where it is, and what was learned of when data usually come."""

from typing import Any

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pipelines_app.intake import habits
from pipelines_app.intake.slot_why import Condition
from pipelines_app.models import Habit, Slot

NO_PERIOD = "-"  # stands in an address for the period of what has none
PLACES = {"arrival": "api:arrival", "run": "api:run", "event": "api:event", "dataset": "api:dataset"}


class SlotSerializer(serializers.ModelSerializer[Slot]):
    """One expected arrival; `late_seconds` says how long after its deadline it came."""

    dataset = serializers.CharField(source="dataset.name", read_only=True)
    links = serializers.SerializerMethodField()

    class Meta:
        model = Slot
        fields = [
            *("id", "dataset", "period", "state", "expected_at", "due_at", "late_at", "missing_at", "risk_at"),
            *("late_seconds", "arrival", "reason", "event", "links"),
        ]
        read_only_fields = fields

    def get_links(self, slot: Slot) -> dict[str, str]:
        place = [slot.dataset.name, slot.period or NO_PERIOD]
        return {
            "self": reverse("api:slot", args=place),
            "why": reverse("api:slot-why", args=place),
            "dataset": reverse("api:dataset", args=[slot.dataset.name]),
        }


class WhySerializer(serializers.Serializer[Condition]):
    """A condition: in words, whether it holds (null: neither), when, where to look, and what it consists of."""

    text = serializers.CharField()
    met = serializers.BooleanField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)
    link = serializers.SerializerMethodField()
    parts = serializers.SerializerMethodField()

    def get_link(self, condition: Condition) -> str:
        return reverse(PLACES[condition.about], args=[condition.key]) if condition.about in PLACES else ""

    @extend_schema_field({"type": "array", "items": {"type": "object", "additionalProperties": True}})
    def get_parts(self, condition: Condition) -> list[dict[str, Any]]:
        return [dict(WhySerializer(part).data) for part in condition.parts]


class HabitSerializer(serializers.ModelSerializer[Habit]):
    """When a dataset usually comes, with its history, and the deadline that is proposed from it."""

    dataset = serializers.CharField(source="dataset.name", read_only=True)
    sentence = serializers.SerializerMethodField()
    weekdays = serializers.JSONField(read_only=True)
    history = serializers.JSONField(read_only=True)
    arrival = serializers.DictField(read_only=True)

    class Meta:
        model = Habit
        fields = [
            *("dataset", "state", "sentence", "zone", "arrivals", "weekdays", "history", "arrival"),
            *("learned_at", "decided_by", "decided_at"),
        ]
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.STR)
    def get_sentence(self, habit: Habit) -> str:
        return habits.sentence(habit)
