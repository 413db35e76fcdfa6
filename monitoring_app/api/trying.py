"""What the commands about every kind of channel have in common: who gives them, and a test that is sent now."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring_app.alerts import sending
from monitoring_app.api.commands import Command
from monitoring_app.channels.message import NotDelivered
from monitoring_app.models import Channel
from pipelines_app.access import permits
from pipelines_app.errors import LooplineError
from pipelines_app.models import ApiToken


class NotTaken(LooplineError):
    """The other side did not take a test message."""

    code = "not_delivered"
    status = 502


class NothingMore(Command):
    """A command that needs no words."""


class TestedSerializer(serializers.Serializer[Any]):
    """What was answered to a test."""

    state = serializers.CharField()
    answer = serializers.CharField()


def actor(request: Request) -> str:
    """Who asks, as the audit trail names them."""
    token = request.auth if isinstance(request.auth, ApiToken) else None
    return permits.actor(permits.signed_in(request.user), token)


def rehearsed(channel: Channel, *, actor: str) -> Response:
    """Send a test and answer with what was said; raises NotTaken."""
    try:
        taken = sending.rehearse(channel, actor=actor)
    except NotDelivered as failure:
        raise NotTaken(str(failure), todo="Mend the receiver, then test again.") from failure
    return Response({"state": taken.state, "answer": taken.said})
