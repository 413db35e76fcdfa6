"""Pipelines and their revisions."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pipelines_app.access import discretion
from pipelines_app.compiler import checks, documents
from pipelines_app.compiler.changing import ChangeKind
from pipelines_app.compiler.compiled import CompiledStep
from pipelines_app.definitions import telling
from pipelines_app.definitions.planned import Plan, PlannedStep
from pipelines_app.environments import mapping
from pipelines_app.models import Pipeline, Revision, TemplateRevision


def etag(revision: Revision | TemplateRevision | None) -> str:
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

    document = serializers.SerializerMethodField(help_text="Empty for those who may not see what it names.")

    class Meta(PipelineSerializer.Meta):
        fields = [*PipelineSerializer.Meta.fields, "document"]
        read_only_fields = fields

    def get_document(self, pipeline: Pipeline) -> dict[str, Any]:
        return _told(documents.as_written(pipeline.current.document), self.context) if pipeline.current else {}


def _told(document: dict[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """A document, but for whom it names what is `hidden` from them."""
    return {} if discretion.speaks_of(document, context.get("hidden", frozenset())) else document


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

    document = serializers.SerializerMethodField(help_text="Empty for those who may not see what it names.")

    class Meta(RevisionSerializer.Meta):
        fields = [*RevisionSerializer.Meta.fields, "document"]
        read_only_fields = fields

    def get_document(self, revision: Revision) -> dict[str, Any]:
        return _told(revision.document, self.context)


class CompiledStepSerializer(serializers.Serializer[Any]):
    """One step as it will run."""

    kind = serializers.CharField()
    materialise = serializers.CharField()
    period = serializers.CharField()
    inputs = serializers.ListField(child=serializers.CharField())
    columns = serializers.SerializerMethodField()
    sql = serializers.CharField()
    checks = serializers.SerializerMethodField()
    deterministic = serializers.BooleanField()

    def get_columns(self, step: CompiledStep) -> list[dict[str, str]]:
        return mapping.stored_columns(step.columns)

    def get_checks(self, step: CompiledStep) -> list[str]:
        return [checks.sentence(spec) for spec in step.checks]


class ReaderSerializer(serializers.Serializer[Any]):
    """A dataset that a change reaches; without names where the caller may not see it."""

    dataset = serializers.CharField()
    pipeline = serializers.CharField()
    team = serializers.CharField()
    through = serializers.CharField(help_text="The dataset it reads, itself changed or reached.")
    columns = serializers.ListField(child=serializers.CharField(), help_text="What it uses of the changed dataset.")
    breaks = serializers.ListField(child=serializers.CharField(), help_text="What it uses and will not find.")


class PlannedStepSerializer(serializers.Serializer[Any]):
    """One dataset of a definition: what becomes of it, of what was made before, and whom that reaches."""

    dataset = serializers.CharField(source="change.dataset")
    change = serializers.ChoiceField(source="change.kind", choices=[str(kind) for kind in ChangeKind])
    why = serializers.CharField(source="change.why")
    then = serializers.CharField(help_text="What becomes of the data that are there.")
    builds = serializers.BooleanField(source="change.builds", help_text="What was made before is not used again.")
    rows_differ = serializers.BooleanField(source="change.rows", help_text="The rows themselves may be others.")
    changed_columns = serializers.ListField(source="change.columns", child=serializers.CharField())
    added_columns = serializers.ListField(source="change.added", child=serializers.CharField())
    gone_columns = serializers.ListField(
        source="change.gone", child=serializers.CharField(), help_text="Removed, or of another type."
    )
    periods = serializers.IntegerField(help_text="How many periods readers see by now.")
    rows = serializers.IntegerField(help_text="How many rows readers see by now.")
    readers = ReaderSerializer(many=True)
    compiled = serializers.SerializerMethodField()

    @extend_schema_field(CompiledStepSerializer(allow_null=True))
    def get_compiled(self, planned: PlannedStep) -> dict[str, Any] | None:
        return dict(CompiledStepSerializer(planned.step).data) if planned.step else None


class PlannedPipelineSerializer(serializers.Serializer[Any]):
    """What registering a definition would do; nothing of it was done."""

    pipeline = serializers.CharField(source="name")
    file = serializers.CharField()
    team = serializers.CharField()
    was = serializers.IntegerField(help_text="The revision it has; 0 for a new one.")
    revision = serializers.IntegerField(help_text="The number it would have.")
    unchanged = serializers.BooleanField(help_text="The definition is what is registered already: no steps are told.")
    settings = serializers.ListField(child=serializers.CharField(), help_text="Other entries that differ: start, sla …")
    steps = PlannedStepSerializer(many=True, help_text="The most harmful change first.")
    external = serializers.ListField(child=serializers.CharField(), help_text="Datasets it reads and does not make.")
    warnings = serializers.ListField(child=serializers.CharField())


class StandingSerializer(serializers.Serializer[Any]):
    """A pipeline made from a template that stays as it is; without names where the caller may not see it."""

    pipeline = serializers.CharField()
    team = serializers.CharField()
    revision = serializers.IntegerField(help_text="The revision of the template it is made from.")
    problems = serializers.ListField(
        child=serializers.CharField(), help_text="The faults it would have with the template as it is to be."
    )


class PlannedTemplateSerializer(serializers.Serializer[Any]):
    """What registering a template would do; pipelines that are not in the plan stay as they are."""

    template = serializers.CharField(source="name")
    file = serializers.CharField()
    team = serializers.CharField()
    was = serializers.IntegerField(help_text="The revision it has; 0 for a new one.")
    revision = serializers.IntegerField(help_text="The number it would have.")
    unchanged = serializers.BooleanField()
    changes = serializers.ListField(child=serializers.CharField())
    unused = serializers.ListField(child=serializers.CharField(), help_text="What it asks for and nothing uses.")
    staying = StandingSerializer(many=True)


class PlanSerializer(serializers.Serializer[Any]):
    """What applying definitions would do; nothing of it was done."""

    state = serializers.CharField(help_text="What it was made against: send it with If-Match when applying.")
    pipelines = PlannedPipelineSerializer(many=True, help_text="The most harmful change first.")
    templates = PlannedTemplateSerializer(many=True)
    lines = serializers.SerializerMethodField(help_text="The same for a terminal or a log.")

    def get_lines(self, plan: Plan) -> list[str]:
        return list(telling.lines(plan))


class AppliedSerializer(serializers.Serializer[Any]):
    """One pipeline that was registered or revised."""

    pipeline = serializers.CharField()
    revision = serializers.IntegerField()
    etag = serializers.CharField()


class AppliedTemplateSerializer(serializers.Serializer[Any]):
    """One template that was registered or revised."""

    template = serializers.CharField()
    revision = serializers.IntegerField()
    etag = serializers.CharField()


class AppliedListSerializer(serializers.Serializer[Any]):
    """What was registered; a pipeline or template that did not differ is not in it."""

    applied = AppliedSerializer(many=True)
    templates = AppliedTemplateSerializer(many=True)


class ExportSerializer(serializers.Serializer[Any]):
    """Definitions as YAML; applied, they change nothing."""

    files = serializers.DictField(child=serializers.CharField())
    next = serializers.CharField(allow_null=True, help_text="Ask for `after` this name for the next ones.")
