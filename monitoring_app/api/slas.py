"""Promises and their judgements, for programs."""

from typing import Any

import django_filters as filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets

from monitoring_app.models import Sla, SlaResult, SlaState
from monitoring_app.models.sla import KINDS
from monitoring_app.slas import attaining
from pipelines_app import narrowing
from pipelines_app.narrowing import Several


class SlaFilter(filters.FilterSet):
    kind = Several(choices=KINDS)
    pipeline = filters.CharFilter("pipeline__name")
    dataset = filters.CharFilter("dataset__name")
    team = filters.CharFilter("pipeline__team__name")
    in_force = filters.BooleanFilter("until", "isnull", help_text="Only what is promised now.")

    class Meta:
        model = Sla
        fields: list[str] = []


class SlaResultFilter(filters.FilterSet):
    state = Several(choices=SlaState.choices)
    period = filters.CharFilter()
    run = filters.NumberFilter("run_id")
    after, before = narrowing.stretch("due_at")

    class Meta:
        model = SlaResult
        fields: list[str] = []


class SlaSerializer(serializers.ModelSerializer[Sla]):
    """A promise as it is given."""

    pipeline = serializers.CharField(source="pipeline.name")
    dataset = serializers.CharField(source="dataset.name", default="", help_text="Empty: it is about the runs.")

    class Meta:
        model = Sla
        fields = ["id", "pipeline", "dataset", "kind", "sentence", "terms", "objective", "window", "since", "until"]
        read_only_fields = fields


class AttainedSerializer(serializers.Serializer[Any]):
    """What was kept in a window: `share` is null where nothing was judged, `budget` how many more may be missed."""

    kept = serializers.IntegerField()
    missed = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    budget = serializers.IntegerField()


class SlaDetailSerializer(SlaSerializer):
    """A promise with what was kept of it in its window, and the bound that would have kept it, in seconds."""

    attained = serializers.SerializerMethodField()
    suggested_seconds = serializers.SerializerMethodField()

    class Meta(SlaSerializer.Meta):
        fields = [*SlaSerializer.Meta.fields, "attained", "suggested_seconds"]
        read_only_fields = fields

    @extend_schema(responses=AttainedSerializer)
    def get_attained(self, sla: Sla) -> dict[str, Any]:
        return dict(AttainedSerializer(attaining.attained(sla, timezone.now())).data)

    def get_suggested_seconds(self, sla: Sla) -> int | None:
        return attaining.suggestion(sla, timezone.now())


class SlaResultSerializer(serializers.ModelSerializer[SlaResult]):
    """One judgement: of a period, a version or a run."""

    version = serializers.IntegerField(source="version_id", allow_null=True)
    run = serializers.IntegerField(source="run_id", allow_null=True)
    late_seconds = serializers.FloatField(allow_null=True)

    class Meta:
        model = SlaResult
        fields = ["id", "subject", "period", "version", "run", "begins_at", "due_at", "state", "kept_at"]
        fields += ["late_seconds", "value", "because"]
        read_only_fields = fields


@extend_schema_view(
    list=extend_schema(operation_id="slas_list", tags=["slas"], summary="What is promised"),
    retrieve=extend_schema(operation_id="slas_read", tags=["slas"], summary="A promise and how it is kept"),
)
class SlaViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Sla]):
    """Promises to readers."""

    queryset = Sla.objects.none()
    filterset_class = SlaFilter

    def get_queryset(self) -> QuerySet[Sla]:
        return Sla.objects.visible_to(self.request.user).select_related("pipeline", "dataset")

    def get_serializer_class(self) -> type[SlaSerializer]:
        return SlaSerializer if self.action == "list" else SlaDetailSerializer


@extend_schema_view(list=extend_schema(operation_id="sla_results_list", tags=["slas"], summary="How it was kept"))
class SlaResultViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[SlaResult]):
    """The judgements of one promise, the newest first."""

    queryset = SlaResult.objects.none()
    serializer_class = SlaResultSerializer
    filterset_class = SlaResultFilter

    def get_queryset(self) -> QuerySet[SlaResult]:
        seen = Sla.objects.visible_to(self.request.user)
        return SlaResult.objects.filter(sla__in=seen, sla=self.kwargs.get("pk")).select_related("sla")
