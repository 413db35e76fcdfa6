"""The caller, and the caller's teams."""

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pipelines_app.api.authentication import actor, person
from pipelines_app.api.serializers.people import MeSerializer, TeamSerializer
from pipelines_app.models import ANY_ROLE, ApiToken, Membership, Role, Team


@extend_schema_view(list=extend_schema(operation_id="teams_list", tags=["people"], summary="Your teams"))
class TeamViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Team]):
    """Teams of the caller."""

    queryset = Team.objects.none()
    serializer_class = TeamSerializer

    def get_queryset(self) -> QuerySet[Team]:
        user = person(self.request)
        role = Membership.objects.filter(user=user, team=OuterRef("pk")).values("role")[:1]
        held = Coalesce(Subquery(role), Value(str(Role.ADMIN)))  # a superuser holds every role
        return user.teams_with(*ANY_ROLE).annotate(role=held)


class MeView(APIView):
    """The caller."""

    @extend_schema(operation_id="me_read", tags=["people"], summary="Who you are here", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        user = person(request)
        memberships = user.memberships.select_related("team").order_by("team__name")
        token = request.auth if isinstance(request.auth, ApiToken) else None
        me = {
            "user": user.username,
            "actor": actor(request),
            "zone": user.zone,
            "is_superuser": user.is_superuser,
            "may_write": token is None or token.can_write,
            "teams": [{"team": one.team.name, "role": one.role} for one in memberships],
        }
        return Response(MeSerializer(me).data)
