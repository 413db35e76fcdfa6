"""Templates, their revisions and the pipelines made from them."""

from typing import Any

from rest_framework import serializers

from pipelines_app.api.serializers.pipelines import etag
from pipelines_app.models import Pipeline, Template, TemplateRevision


class TemplateSerializer(serializers.ModelSerializer[Template]):
    """A template in a list; without a team it came with the product."""

    team = serializers.CharField(source="team.name", default=None, read_only=True)
    revision = serializers.IntegerField(source="current.number", default=None, read_only=True)
    description = serializers.SerializerMethodField()
    etag = serializers.SerializerMethodField()

    class Meta:
        model = Template
        fields = ["name", "team", "description", "revision", "etag", "created_at"]
        read_only_fields = fields

    def get_description(self, template: Template) -> str:
        return str(template.current.document.get("description", "")) if template.current else ""

    def get_etag(self, template: Template) -> str:
        return etag(template.current)


class TemplateDetailSerializer(TemplateSerializer):
    """A template with its document: what it asks for, and what it makes of that."""

    document = serializers.SerializerMethodField()

    class Meta(TemplateSerializer.Meta):
        fields = [*TemplateSerializer.Meta.fields, "document"]
        read_only_fields = fields

    def get_document(self, template: Template) -> dict[str, Any]:
        return template.current.document if template.current else {}


class TemplateRevisionSerializer(serializers.ModelSerializer[TemplateRevision]):
    """A revision of a template in a list."""

    template = serializers.CharField(source="template.name", read_only=True)
    author = serializers.CharField(source="author.username", default=None, read_only=True)

    class Meta:
        model = TemplateRevision
        fields = ["template", "number", "digest", "why", "author", "created_at"]
        read_only_fields = fields


class TemplateRevisionDetailSerializer(TemplateRevisionSerializer):
    """A revision of a template with its document."""

    document = serializers.DictField(read_only=True)

    class Meta(TemplateRevisionSerializer.Meta):
        fields = [*TemplateRevisionSerializer.Meta.fields, "document"]
        read_only_fields = fields


class MadeSerializer(serializers.ModelSerializer[Pipeline]):
    """A pipeline made from a template: from which revision, and with which values."""

    pipeline = serializers.CharField(source="name", read_only=True)
    team = serializers.CharField(source="team.name", read_only=True)
    revision = serializers.IntegerField(source="current.number", read_only=True)
    template_revision = serializers.IntegerField(source="current.made_from.number", read_only=True)
    values = serializers.SerializerMethodField()

    class Meta:
        model = Pipeline
        fields = ["pipeline", "team", "revision", "template_revision", "values"]
        read_only_fields = fields

    def get_values(self, pipeline: Pipeline) -> dict[str, Any]:
        return dict(pipeline.in_force.document["template"].get("values", {}))


class ExpandedSerializer(serializers.Serializer[Any]):
    """What a template makes of values; nothing of it was registered."""

    revision = serializers.IntegerField(help_text="The revision of the template.")
    document = serializers.DictField(help_text="The pipeline, written out.")
    yaml = serializers.CharField(help_text="The same as YAML.")
