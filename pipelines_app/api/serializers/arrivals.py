"""Arrivals."""

from django.urls import reverse
from rest_framework import serializers

from pipelines_app.models import Arrival


class ArrivalSerializer(serializers.ModelSerializer[Arrival]):
    """Something that came in, and what became of it."""

    dataset = serializers.CharField(source="dataset.name", read_only=True)
    links = serializers.SerializerMethodField()

    class Meta:
        model = Arrival
        fields = [
            *("id", "dataset", "door", "name", "period", "bytes", "sha256", "sender", "received_at", "state"),
            *("disposition", "run", "replay_of", "event", "parameters", "links"),
        ]
        read_only_fields = fields

    def get_links(self, arrival: Arrival) -> dict[str, str]:
        links = {
            "self": reverse("api:arrival", args=[arrival.pk]),
            "dataset": reverse("api:dataset", args=[arrival.dataset.name]),
        }
        return {**links, "run": reverse("api:run", args=[arrival.run_id])} if arrival.run_id else links
