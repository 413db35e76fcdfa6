"""Lineage as a graph."""

from typing import Any

from rest_framework import serializers


class NodeSerializer(serializers.Serializer[Any]):
    """A dataset; of one the caller may not see, only that it is there."""

    id = serializers.CharField(help_text="The dataset's name, or a number that stands for one that is not shown.")
    restricted = serializers.BooleanField()
    dataset = serializers.CharField(required=False)
    team = serializers.CharField(required=False)
    pipeline = serializers.CharField(required=False)


class TableEdgeSerializer(serializers.Serializer[Any]):
    """One dataset is made from another."""

    source = serializers.CharField()  # type: ignore[assignment]  # a field, not where one comes from
    target = serializers.CharField()


class ColumnEdgeSerializer(serializers.Serializer[Any]):
    """One column feeds another; an empty column stands for all of its dataset."""

    source = serializers.CharField()  # type: ignore[assignment]  # a field, not where one comes from
    source_column = serializers.CharField(allow_blank=True)
    target = serializers.CharField()
    target_column = serializers.CharField(allow_blank=True)
    kind = serializers.ChoiceField(choices=["direct", "indirect"])


class LineageSerializer(serializers.Serializer[Any]):
    """What a dataset is made from and what is made from it, by the current revisions."""

    of = serializers.CharField()
    nodes = NodeSerializer(many=True)
    edges = TableEdgeSerializer(many=True)
    columns = ColumnEdgeSerializer(many=True)
