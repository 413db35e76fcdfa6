"""Drop folders, what a message would give, and what other tools told of their runs."""

from typing import Any

from rest_framework import serializers

from pipelines_app.models import DropSource, DropTaken, ForeignRun


class DropSerializer(serializers.ModelSerializer[DropSource]):
    """A drop folder or bucket and what its last look found; whether it has keys is said, and never which."""

    dataset = serializers.CharField(source="dataset.name", read_only=True)
    has_keys = serializers.SerializerMethodField()

    class Meta:
        model = DropSource
        fields = [
            *("dataset", "url", "endpoint", "has_keys", "state", "looked_at", "next_look"),
            *("unfinished", "behind", "error", "todo", "failing_since"),
        ]
        read_only_fields = fields

    def get_has_keys(self, source: DropSource) -> bool:
        return bool(source.credentials)


class DropTakenSerializer(serializers.ModelSerializer[DropTaken]):
    """A dropped file: the arrival it became, or why it was refused."""

    name = serializers.CharField(source="path", read_only=True)

    class Meta:
        model = DropTaken
        fields = ["id", "name", "arrival", "refused", "moved", "at"]
        read_only_fields = fields


class PreviewSerializer(serializers.Serializer[Any]):
    """What a message or a file of this name would give, or why it would be refused."""

    period = serializers.CharField()
    name = serializers.CharField()
    parameters = serializers.CharField(help_text="What the run would be given, in words.")
    records = serializers.IntegerField()
    first = serializers.ListField(child=serializers.CharField())
    refused = serializers.CharField()
    todo = serializers.CharField()


class ForeignRunSerializer(serializers.ModelSerializer[ForeignRun]):
    """A run of another tool, as far as it was told."""

    team = serializers.CharField(source="team.name", read_only=True)
    outputs = serializers.ListField(child=serializers.ListField(child=serializers.CharField()), read_only=True)

    class Meta:
        model = ForeignRun
        fields = [
            *("id", "run_id", "team", "namespace", "job", "producer", "state", "began_at", "ended_at", "told_at"),
            *("outputs", "error"),
        ]
        read_only_fields = fields


class RecordedSerializer(serializers.Serializer[Any]):
    """What became of an OpenLineage event."""

    run = ForeignRunSerializer(allow_null=True, help_text="None for an event of a job or a dataset.")
    repeated = serializers.BooleanField(help_text="The same kind of event of this run had come before.")
    started = serializers.IntegerField(help_text="For how many pipelines it was an event.")


class ToldSerializer(serializers.Serializer[Any]):
    """What became of one event of a batch."""

    taken = serializers.BooleanField()
    repeated = serializers.BooleanField()
    started = serializers.IntegerField()
    fault = serializers.CharField(allow_blank=True, help_text="Why it was not taken.")


class BatchSerializer(serializers.Serializer[Any]):
    """What became of the events of a batch, in their order."""

    results = ToldSerializer(many=True)


class GapSerializer(serializers.Serializer[Any]):
    """A table whose columns could not all be followed."""

    table = serializers.CharField()
    reason = serializers.CharField()


class ImportedSerializer(serializers.Serializer[Any]):
    """What came of a dbt manifest."""

    namespace = serializers.CharField()
    tables = serializers.IntegerField()
    columns = serializers.IntegerField()
    edges = serializers.IntegerField(help_text="Between columns.")
    changed = serializers.IntegerField(help_text="How many tables were told otherwise than before.")
    removed = serializers.IntegerField(help_text="How many the project makes no more.")
    gaps = GapSerializer(many=True)
