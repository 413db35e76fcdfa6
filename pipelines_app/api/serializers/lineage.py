"""Lineage as a graph."""

from typing import Any

from rest_framework import serializers

WAYS = [("direct", "direct"), ("indirect", "indirect")]


class NodeSerializer(serializers.Serializer[Any]):
    """A dataset; of one the caller may not see, only that it is there."""

    id = serializers.CharField(help_text="The dataset's name, or a number that stands for one that is not shown.")
    restricted = serializers.BooleanField()
    depth = serializers.IntegerField(help_text="How many steps away it is; below zero upstream.")
    dataset = serializers.CharField(required=False)
    namespace = serializers.CharField(required=False, help_text="Of another tool's dataset.")
    team = serializers.CharField(required=False)
    pipeline = serializers.CharField(required=False)
    partial = serializers.ListField(  # type: ignore[assignment]  # a field, not the option of the class
        child=serializers.CharField(), required=False, help_text="Why its lineage is not whole, if it is not."
    )


class TableEdgeSerializer(serializers.Serializer[Any]):
    """One dataset is made from another."""

    source = serializers.CharField()  # type: ignore[assignment]  # a field, not where one comes from
    target = serializers.CharField()
    kind = serializers.ChoiceField(choices=WAYS)
    declared = serializers.BooleanField(help_text="A revision in force says so.")
    observed = serializers.BooleanField(
        allow_null=True, help_text="What readers see now was made so, or another tool told so; null: nothing yet is."
    )


class ColumnEdgeSerializer(serializers.Serializer[Any]):
    """One column feeds another; an empty column stands for all of its dataset."""

    source = serializers.CharField()  # type: ignore[assignment]  # a field, not where one comes from
    source_column = serializers.CharField(allow_blank=True)
    target = serializers.CharField()
    target_column = serializers.CharField(allow_blank=True)
    kind = serializers.ChoiceField(choices=WAYS)
    how = serializers.ListField(child=serializers.CharField(), help_text="In the words of OpenLineage.")
    masked = serializers.BooleanField(help_text="The value cannot be read from the result.")
    observed = serializers.BooleanField(help_text="Another tool told so.")


class LineageSerializer(serializers.Serializer[Any]):
    """What a dataset is made from and what is made from it."""

    of = serializers.CharField()
    nodes = NodeSerializer(many=True)
    edges = TableEdgeSerializer(many=True)
    columns = ColumnEdgeSerializer(many=True)
    truncated = serializers.BooleanField(help_text="There is more than fits into one answer: the nearest are here.")


class HitSerializer(NodeSerializer):
    """A dataset that is hit, by which of its columns, through which datasets, and what is promised of it."""

    breaks = serializers.BooleanField(help_text="It reads what goes; else it is reached by way of others.")
    through = serializers.ListField(child=serializers.CharField())
    columns = serializers.ListField(child=serializers.CharField(), help_text="None named: all of them.")
    email = serializers.CharField(allow_blank=True, help_text="Of the team that owns it.")
    promises = serializers.ListField(child=serializers.CharField())


class RemovalSerializer(serializers.Serializer[Any]):
    """A dataset that loses columns, or goes as a whole (none named), and whom that hits."""

    dataset = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())
    truncated = serializers.BooleanField()
    hits = HitSerializer(many=True)


class ImpactSerializer(serializers.Serializer[Any]):
    """What goes, and whom that hits."""

    removals = RemovalSerializer(many=True)
