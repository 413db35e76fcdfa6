"""Why things happened, what came of them, and why something has not happened yet."""

from typing import Any

from rest_framework import serializers

from pipelines_app.intake import why
from pipelines_app.intake.why import Node


class ChainNodeSerializer(serializers.Serializer[Any]):
    """One event or run of a tree; `parent` is the place of another in the list, of the first it is none."""

    parent = serializers.IntegerField(allow_null=True)  # type: ignore[assignment]  # a field: the metaclass takes it
    depth = serializers.IntegerField()
    type = serializers.ChoiceField(choices=["event", "run", "restricted"])
    id = serializers.IntegerField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)
    kind = serializers.CharField(help_text="Of an event: the kind of fact.")
    actor = serializers.CharField(help_text="Of an event without a cause: who began the chain.")
    pipeline = serializers.CharField()
    dataset = serializers.CharField()
    period = serializers.CharField()
    state = serializers.CharField(help_text="Of a run.")
    partial = serializers.BooleanField(  # type: ignore[assignment]  # as above
        help_text="Of a run: it went on without some of its inputs."
    )
    again = serializers.BooleanField(help_text="It stands elsewhere in the tree, with what follows it.")
    more = serializers.IntegerField(help_text="How many that follow it are left out.")


class ChainSerializer(serializers.Serializer[Any]):
    """A tree as a list, each node after the one it belongs to."""

    nodes = ChainNodeSerializer(many=True)


def tree(root: Node) -> dict[str, object]:
    """A tree as the API answers it."""
    return {"nodes": [_node(node, depth, parent) for node, depth, parent in why.every(root)]}


def _node(node: Node, depth: int, parent: int | None) -> dict[str, object]:
    event, run = node.event, node.run
    said: dict[str, object] = {
        "parent": parent,
        "depth": depth,
        "type": "restricted" if node.restricted else node.key[0],
        "id": None if node.restricted else node.key[1],
        "at": None,
        **dict.fromkeys(("kind", "actor", "pipeline", "dataset", "period", "state"), ""),
        "partial": False,
        "again": node.again,
        "more": node.more,
    }
    if event is not None:
        said |= {"at": event.at, "kind": event.kind, "actor": event.actor}
        said |= {"pipeline": event.pipeline, "dataset": event.dataset, "period": event.period}
    if run is not None:
        said |= {"at": run.created_at, "pipeline": run.pipeline.name, "period": run.period}
        said |= {"state": run.state, "partial": run.partial}
    return said


class TickPartSerializer(serializers.Serializer[Any]):
    """A condition that another one is made of."""

    text = serializers.CharField()
    holds = serializers.BooleanField()


class TickSerializer(TickPartSerializer):
    """A condition, and whether it holds."""

    at = serializers.DateTimeField(allow_null=True)
    parts = TickPartSerializer(many=True)


class WaitingSerializer(serializers.Serializer[Any]):
    """One period of a pipeline that waits, or that has run with a part of its inputs."""

    period = serializers.CharField()
    state = serializers.ChoiceField(choices=["waiting", "partial", "queued"])
    since = serializers.DateTimeField()
    at_latest = serializers.DateTimeField(allow_null=True)
    then = serializers.CharField(help_text="What happens at the latest moment, in words.")
    overdue = serializers.BooleanField()
    run = serializers.IntegerField(allow_null=True)
    conditions = TickSerializer(source="ticks", many=True)


class WaitingListSerializer(serializers.Serializer[Any]):
    """Everything of one pipeline that waits."""

    results = WaitingSerializer(many=True)
