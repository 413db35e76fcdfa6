"""Datasets, their versions, and rows."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pipelines_app.api.serializers.checks import CheckResultSerializer
from pipelines_app.models import Dataset, DatasetVersion


class ColumnSerializer(serializers.Serializer[Any]):
    """A column and its type, in DuckDB's spelling."""

    name = serializers.CharField()
    type = serializers.CharField()


class VersionSerializer(serializers.ModelSerializer[DatasetVersion]):
    """A version in a list."""

    dataset = serializers.CharField(source="dataset.name", read_only=True)
    run = serializers.IntegerField(source="step_run.run_id", read_only=True)
    partial = serializers.SerializerMethodField()  # type: ignore[assignment]  # a field: the metaclass takes it

    class Meta:
        model = DatasetVersion
        fields = [
            *("id", "dataset", "number", "state", "period", "rows", "total_rows", "bytes", "rejected", "fingerprint"),
            *("run", "partial", "created_at"),
        ]
        read_only_fields = fields

    def get_partial(self, version: DatasetVersion) -> bool:
        """Whether it was made without some of what it reads."""
        return bool(version.lacks)


class SeenVersionSerializer(serializers.Serializer[Any]):
    """A version that was read; of one the caller may not see, only that there was one."""

    restricted = serializers.BooleanField()
    version = serializers.IntegerField(required=False)
    dataset = serializers.CharField(required=False)
    number = serializers.IntegerField(required=False, allow_null=True)


def seen(versions: list[DatasetVersion], visible: set[int]) -> list[dict[str, object]]:
    """Versions as the caller may see them; `visible` are the ids of datasets."""
    return [
        {"restricted": False, "version": version.pk, "dataset": version.dataset.name, "number": version.number}
        if version.dataset_id in visible
        else {"restricted": True}
        for version in versions
    ]


class VersionDetailSerializer(VersionSerializer):
    """A version with its schema, what it was made from and how it kept its promises."""

    columns = ColumnSerializer(many=True, read_only=True)
    inputs = serializers.SerializerMethodField()
    check_results = CheckResultSerializer(many=True, read_only=True)

    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "columns", "inputs", "check_results"]
        read_only_fields = fields

    @extend_schema_field(SeenVersionSerializer(many=True))
    def get_inputs(self, version: DatasetVersion) -> list[dict[str, object]]:
        return seen([one.read for one in version.inputs.all()], self.context["visible"])


class CurrentVersionSerializer(serializers.ModelSerializer[DatasetVersion]):
    """The version that readers see."""

    class Meta:
        model = DatasetVersion
        fields = ["id", "number", "period", "total_rows", "created_at"]
        read_only_fields = fields


class DatasetSerializer(serializers.ModelSerializer[Dataset]):
    """A dataset in a list."""

    team = serializers.CharField(source="team.name", read_only=True)
    pipeline = serializers.CharField(source="pipeline.name", default=None, allow_null=True, read_only=True)
    current = serializers.SerializerMethodField()

    class Meta:
        model = Dataset
        fields = [
            *("name", "layer", "team", "pipeline", "is_source", "period_kind", "description", "restricted"),
            *("created_at", "current"),
        ]
        read_only_fields = fields

    @extend_schema_field(CurrentVersionSerializer(allow_null=True))
    def get_current(self, dataset: Dataset) -> dict[str, Any] | None:
        pointers = dataset.currents.all()  # prefetched: those of production
        return CurrentVersionSerializer(pointers[0].version).data if pointers else None


class DatasetDetailSerializer(DatasetSerializer):
    """A dataset with its declared schema."""

    columns = ColumnSerializer(many=True, read_only=True)
    sensitive = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="Columns whose values only its editors see."
    )

    class Meta(DatasetSerializer.Meta):
        fields = [*DatasetSerializer.Meta.fields, "columns", "sensitive"]
        read_only_fields = fields


class RowsSerializer(serializers.Serializer[Any]):
    """A page of rows of one version."""

    dataset = serializers.CharField()
    version = serializers.IntegerField()
    number = serializers.IntegerField(allow_null=True)
    columns = ColumnSerializer(many=True)
    redacted = serializers.ListField(child=serializers.CharField(), help_text="Columns that the caller is not shown.")
    results = serializers.ListField(child=serializers.DictField())
    next = serializers.URLField(allow_null=True)
