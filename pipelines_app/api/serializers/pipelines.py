"""Pipelines and their revisions."""

from typing import Any

from rest_framework import serializers

from pipelines_app.models import Pipeline, Revision


def etag(revision: Revision | None) -> str:
    """The entity tag of a pipeline at a revision; compared with If-Match."""
    return f'"{revision.number}-{revision.digest[:16]}"' if revision else ""


class PipelineSerializer(serializers.ModelSerializer[Pipeline]):
    """A pipeline in a list."""

    team = serializers.CharField(source="team.name", read_only=True)
    revision = serializers.IntegerField(source="current.number", default=None, read_only=True)
    etag = serializers.SerializerMethodField()

    class Meta:
        model = Pipeline
        fields = ["name", "team", "revision", "etag", "restricted", "paused_at", "created_at"]
        read_only_fields = fields

    def get_etag(self, pipeline: Pipeline) -> str:
        return etag(pipeline.current)


class PipelineDetailSerializer(PipelineSerializer):
    """A pipeline with its definition."""

    document = serializers.SerializerMethodField()

    class Meta(PipelineSerializer.Meta):
        fields = [*PipelineSerializer.Meta.fields, "document"]
        read_only_fields = fields

    def get_document(self, pipeline: Pipeline) -> dict[str, Any]:
        return pipeline.current.document if pipeline.current else {}


class RevisionSerializer(serializers.ModelSerializer[Revision]):
    """A revision in a list."""

    pipeline = serializers.CharField(source="pipeline.name", read_only=True)
    author = serializers.CharField(source="author.username", default=None, read_only=True)

    class Meta:
        model = Revision
        fields = ["pipeline", "number", "digest", "why", "author", "created_at"]
        read_only_fields = fields


class RevisionDetailSerializer(RevisionSerializer):
    """A revision with its definition."""

    document = serializers.DictField(read_only=True)

    class Meta(RevisionSerializer.Meta):
        fields = [*RevisionSerializer.Meta.fields, "document"]
        read_only_fields = fields


class PlannedStepSerializer(serializers.Serializer[Any]):
    """One step that a definition compiles to, and what a revision would do to it."""

    dataset = serializers.CharField()
    change = serializers.ChoiceField(choices=["new", "changed", "same", "removed"])
    kind = serializers.CharField()
    materialise = serializers.CharField()
    period = serializers.CharField()
    inputs = serializers.ListField(child=serializers.CharField())
    columns = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    sql = serializers.CharField()
    checks = serializers.ListField(child=serializers.CharField())
    deterministic = serializers.BooleanField()


class PlanSerializer(serializers.Serializer[Any]):
    """What registering a definition would do; nothing of it was done."""

    pipeline = serializers.CharField()
    team = serializers.CharField()
    revision = serializers.IntegerField(help_text="The number it would have.")
    unchanged = serializers.BooleanField(help_text="The definition is what is registered already.")
    steps = PlannedStepSerializer(many=True)
    external = serializers.ListField(child=serializers.CharField(), help_text="Datasets it reads and does not make.")
    warnings = serializers.ListField(child=serializers.CharField())
