"""What every kind of channel is told in the same way: to be on, to be off, and to send a test now."""

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring_app.alerts import sending
from monitoring_app.api.commands import Command, said
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


def owned(request: Request, pk: int, kinds: Iterable[str]) -> Channel:
    """A channel of those kinds that the caller administers; raises NotAllowed or NotFound."""
    user = permits.signed_in(request.user)
    allowed = Channel.objects.operable_by(user).filter(kind__in=kinds).select_related("team", "endpoint")
    return permits.operable(allowed, user, team="team", pk=pk)


class Switched:
    """What the three commands do, for a view set that says which `kinds` of channels it is about."""

    kinds: Iterable[str]
    serializer_class: type[serializers.BaseSerializer[Channel]]

    def owned(self, request: Request, pk: int) -> Channel:
        return owned(request, pk, self.kinds)

    def switched(self, request: Request, pk: int, *, enabled: bool) -> Response:
        said(NothingMore, request)
        sending.switch(self.owned(request, pk), enabled=enabled, actor=actor(request))
        return Response(self.serializer_class(self.owned(request, pk)).data)

    def tested(self, request: Request, pk: int) -> Response:
        said(NothingMore, request)
        try:
            taken = sending.rehearse(self.owned(request, pk), actor=actor(request))
        except NotDelivered as failure:
            raise NotTaken(str(failure), todo="Mend the receiver, then test again.") from failure
        return Response({"state": taken.state, "answer": taken.said})
