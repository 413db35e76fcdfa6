"""Runs and their steps."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pipelines_app.api.serializers.arrivals import ArrivalSerializer
from pipelines_app.api.serializers.checks import CheckResultSerializer
from pipelines_app.api.serializers.datasets import SeenVersionSerializer, seen
from pipelines_app.api.serializers.events import EventSerializer
from pipelines_app.models import Run, StepRun


class RunSerializer(serializers.ModelSerializer[Run]):
    """A run in a list."""

    pipeline = serializers.CharField(source="pipeline.name", read_only=True)
    revision = serializers.IntegerField(source="revision.number", read_only=True)
    environment = serializers.CharField(source="environment.name", read_only=True)

    class Meta:
        model = Run
        fields = [
            *("id", "pipeline", "revision", "environment", "period", "state", "idle", "partial", "reason", "cause"),
            *("created_at", "started_at", "finished_at", "again_of", "again_from", "backfill", "parameters"),
        ]
        read_only_fields = fields


class StepRunSerializer(serializers.ModelSerializer[StepRun]):
    """One step of a run."""

    dataset = serializers.CharField(source="dataset.name", read_only=True)

    class Meta:
        model = StepRun
        fields = [
            *("id", "position", "dataset", "kind", "state", "attempt", "ready_at", "started_at", "finished_at"),
            *("rows_in", "rows_out", "rejected", "error_kind", "error", "todo", "version"),
        ]
        read_only_fields = fields


class SeenStepSerializer(serializers.Serializer[Any]):
    """A step of a run; of one on a dataset the caller may not see, only its state."""

    restricted = serializers.BooleanField()
    state = serializers.CharField()
    step = StepRunSerializer(required=False)


class RunDetailSerializer(RunSerializer):
    """A run with everything that shows what it did and why."""

    steps = serializers.SerializerMethodField()
    inputs = serializers.SerializerMethodField()
    causes = serializers.SerializerMethodField()
    check_results = serializers.SerializerMethodField()
    arrivals = serializers.SerializerMethodField()

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "steps", "inputs", "causes", "check_results", "arrivals"]
        read_only_fields = fields

    @extend_schema_field(SeenStepSerializer(many=True))
    def get_steps(self, run: Run) -> list[dict[str, object]]:
        return [
            {"restricted": False, "state": step.state, "step": StepRunSerializer(step).data}
            if step.dataset_id in self.context["visible"]
            else {"restricted": True, "state": step.state}
            for step in run.steps.all()
        ]

    @extend_schema_field(SeenVersionSerializer(many=True))
    def get_inputs(self, run: Run) -> list[dict[str, object]]:
        return seen([one.version for one in run.inputs.all()], self.context["visible"])

    @extend_schema_field(EventSerializer(many=True))
    def get_causes(self, run: Run) -> list[dict[str, object]]:
        return list(EventSerializer(self.context["causes"], many=True).data)

    @extend_schema_field(CheckResultSerializer(many=True))
    def get_check_results(self, run: Run) -> list[dict[str, object]]:
        return list(CheckResultSerializer(self.context["check_results"], many=True).data)

    @extend_schema_field(ArrivalSerializer(many=True))
    def get_arrivals(self, run: Run) -> list[dict[str, object]]:
        shown = [one for one in run.arrivals.all() if one.dataset_id in self.context["visible"]]
        return list(ArrivalSerializer(shown, many=True).data)
