"""Backfills, what they would do, and what became of many things at once."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pipelines_app.api.commands import Command
from pipelines_app.models import Backfill, BackfillMode, BackfillPeriod
from pipelines_app.runs import backfilling, bulk

MOST_IDS = 500


class BackfillSerializer(serializers.ModelSerializer[Backfill]):
    """A backfill in a list."""

    pipeline = serializers.CharField(source="pipeline.name", read_only=True)

    class Meta:
        model = Backfill
        fields = [
            *("id", "pipeline", "first", "last", "mode", "state", "created_by", "created_at", "ended_at", "settled_at")
        ]
        read_only_fields = fields


class BackfillPeriodSerializer(serializers.ModelSerializer[BackfillPeriod]):
    """One period of a backfill; `state` is that of its run, none while its turn has not come."""

    state = serializers.CharField(source="run.state", default=None, read_only=True)

    class Meta:
        model = BackfillPeriod
        fields = ["period", "reason", "run", "state"]
        read_only_fields = fields


class BackfillDetailSerializer(BackfillSerializer):
    """A backfill with its periods, oldest first."""

    counts = serializers.SerializerMethodField()
    periods = serializers.SerializerMethodField()

    class Meta(BackfillSerializer.Meta):
        fields = [*BackfillSerializer.Meta.fields, "counts", "periods"]
        read_only_fields = fields

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_counts(self, backfill: Backfill) -> dict[str, int]:
        return backfilling.counts(backfill)

    @extend_schema_field(BackfillPeriodSerializer(many=True))
    def get_periods(self, backfill: Backfill) -> list[dict[str, object]]:
        rows = backfill.periods.select_related("run").order_by("period")
        return list(BackfillPeriodSerializer(rows, many=True).data)


class VerdictSerializer(serializers.Serializer[Any]):
    """One period and why it is where it is."""

    period = serializers.CharField()
    reason = serializers.CharField()


class BackfillPlanSerializer(serializers.Serializer[Any]):
    """Exactly what a backfill would do."""

    first = serializers.CharField()
    last = serializers.CharField()
    mode = serializers.ChoiceField(choices=BackfillMode.choices)
    runs = VerdictSerializer(many=True)
    cannot = VerdictSerializer(many=True)
    kept = VerdictSerializer(many=True)
    at_the_end = serializers.ListField(child=serializers.CharField())


class BeginBackfill(Command):
    """Which periods, and which of them."""

    first = serializers.CharField(max_length=13)
    last = serializers.CharField(max_length=13)
    mode = serializers.ChoiceField(choices=BackfillMode.choices, default=BackfillMode.MISSING)
    dry_run = serializers.BooleanField(default=False)


class Rerun(Command):
    """From where, and with which revision."""

    start_from = serializers.CharField(
        max_length=130, default="failed", help_text="`failed`, `start`, or the dataset of one of its steps."
    )
    revision = serializers.ChoiceField(choices=["latest", "same"], default="latest")
    dry_run = serializers.BooleanField(default=False)


class RerunPlanSerializer(serializers.Serializer[Any]):
    """What doing a run again would do; `renewed` are read as they are now, as newer data have been made of them."""

    revision = serializers.IntegerField()
    steps = serializers.ListField(child=serializers.CharField())
    reads = serializers.ListField(child=serializers.CharField())
    renewed = serializers.ListField(child=serializers.CharField())
    held = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


class _Bulk(Command):
    """An action on what is named by ids or found by a filter: one of the two."""

    filter = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    because = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    dry_run = serializers.BooleanField(default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse both, neither, and a filter that would take everything."""
        named = [key for key in ("ids", "names", "filter") if attrs.get(key) is not None]
        if len(named) != 1:
            raise serializers.ValidationError({"filter": ["Give either what is meant or a filter."]})
        if attrs.get("filter") == {}:
            raise serializers.ValidationError({"filter": ["An empty filter would take everything."]})
        return attrs


def _ids() -> serializers.ListField:
    return serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=10**18 - 1), max_length=MOST_IDS, required=False
    )


class BulkRuns(_Bulk):
    """What to do with which runs."""

    action = serializers.ChoiceField(choices=list(bulk.RUN_ACTIONS))
    ids = _ids()


class BulkPipelines(_Bulk):
    """What to do with which pipelines."""

    action = serializers.ChoiceField(choices=list(bulk.PIPELINE_ACTIONS))
    names = serializers.ListField(child=serializers.CharField(max_length=63), max_length=MOST_IDS, required=False)


class BulkDeliveries(_Bulk):
    """What to do with which hand-overs."""

    action = serializers.ChoiceField(choices=["release"])
    ids = _ids()


class ItemSerializer(serializers.Serializer[Any]):
    """What became of one thing."""

    subject = serializers.CharField()
    outcome = serializers.ChoiceField(choices=[str(one) for one in bulk.Outcome])
    message = serializers.CharField()
    run = serializers.IntegerField(allow_null=True)


class BulkAnswerSerializer(serializers.Serializer[Any]):
    """What became of each; `left` says how many more the filter finds than one call takes."""

    action = serializers.CharField()
    dry_run = serializers.BooleanField()
    items = ItemSerializer(many=True)
    left = serializers.IntegerField()
