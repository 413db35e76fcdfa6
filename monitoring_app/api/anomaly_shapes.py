"""What the API says of anomalies, by what they can be narrowed, and what can be said of them."""

from typing import Any

import django_filters as filters
from rest_framework import serializers

from monitoring_app.api.commands import Command
from monitoring_app.models import (
    MOST_SENSITIVITY,
    Anomaly,
    AnomalyLabel,
    AnomalySource,
    AnomalyState,
    Judgement,
    JudgementState,
    Sensitivity,
)
from pipelines_app import narrowing
from pipelines_app.narrowing import Several


class AnomalyFilter(filters.FilterSet):
    dataset = filters.CharFilter("dataset__name")
    state = Several(choices=AnomalyState.choices)
    label = Several(choices=AnomalyLabel.choices)
    source = Several(choices=AnomalySource.choices)
    column = filters.CharFilter()
    metric = filters.CharFilter()
    period = filters.CharFilter()
    version = filters.NumberFilter("version_id")
    after, before = narrowing.stretch("found_at")

    class Meta:
        model = Anomaly
        fields: list[str] = []


class AnomalySerializer(serializers.ModelSerializer[Anomaly]):
    """One measurement that surprised; `low` and `high` are the bounds beyond which it does."""

    dataset = serializers.CharField(source="dataset.name", read_only=True)
    number = serializers.IntegerField(source="version.number", read_only=True, allow_null=True)

    class Meta:
        model = Anomaly
        fields = [
            *("id", "dataset", "version", "number", "period", "profile", "source", "column", "other", "metric", "kind"),
            *("value", "expected", "low", "high", "score", "times", "words", "state", "found_at", "closed_at"),
            *("closed_because", "label", "labelled_by", "labelled_at", "note", "effect"),
        ]
        read_only_fields = fields


class CoursePointSerializer(serializers.Serializer[Any]):
    """A number before; the period is empty where there are none."""

    period = serializers.CharField(allow_blank=True)
    value = serializers.FloatField(allow_null=True)


class AnomalyDetailSerializer(AnomalySerializer):
    """An anomaly with the series it was judged by, the oldest first."""

    course = CoursePointSerializer(many=True, read_only=True)

    class Meta(AnomalySerializer.Meta):
        fields = [*AnomalySerializer.Meta.fields, "course"]
        read_only_fields = fields


class JudgementFilter(filters.FilterSet):
    state = Several(choices=JudgementState.choices)
    unusual = filters.BooleanFilter("is_unusual")
    period = filters.CharFilter("profile__period")

    class Meta:
        model = Judgement
        fields: list[str] = []


class JudgementSerializer(serializers.ModelSerializer[Judgement]):
    """How usual one batch is: above a score of 1 it is unusual."""

    version = serializers.IntegerField(source="profile.version_id", read_only=True)
    number = serializers.IntegerField(source="profile.version.number", read_only=True, allow_null=True)
    period = serializers.CharField(source="profile.period", read_only=True)

    class Meta:
        model = Judgement
        fields = ["id", "profile", "version", "number", "period", "state", "score", "is_unusual", "batches"]
        fields += ["seconds", "judged_at"]
        read_only_fields = fields


class LabelAnomaly(Command):
    """Whether it was fine or bad, and why; `none` takes a label back."""

    label = serializers.ChoiceField(choices=AnomalyLabel.choices)  # type: ignore[assignment]  # the metaclass takes it
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class LabelledSerializer(serializers.Serializer[Any]):
    """What was labelled, with what that changed."""

    anomalies = AnomalySerializer(many=True)


class SaySensitivity(Command):
    """How easily the dataset surprises: 1 as usual, 2 twice as easily, 0 never."""

    value = serializers.FloatField(min_value=0, max_value=MOST_SENSITIVITY)


class SensitivitySerializer(serializers.ModelSerializer[Sensitivity]):
    """How easily a dataset surprises."""

    dataset = serializers.CharField(source="dataset.name", read_only=True)
    set_at = serializers.DateTimeField(read_only=True, allow_null=True, help_text="None: it is as usual.")

    class Meta:
        model = Sensitivity
        fields = ["dataset", "value", "set_by", "set_at"]
        read_only_fields = fields
