"""The caller, and the caller's teams."""

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pipelines_app.access import founding, permits
from pipelines_app.access.founding import Said
from pipelines_app.api.authentication import actor, person
from pipelines_app.api.commands import Command, said
from pipelines_app.api.serializers.people import MeSerializer, TeamSerializer
from pipelines_app.models import ANY_ROLE, ApiToken, Membership, Role, Team


class DescribeTeam(Command):
    """What people call a team, and the address that hears of its alerts."""

    title = serializers.CharField(max_length=founding.LONGEST_TITLE, required=False, default="", allow_blank=True)
    email = serializers.EmailField(required=False, default="", allow_blank=True)


class FoundTeam(DescribeTeam):
    """A team that is not there yet."""

    name = serializers.CharField(max_length=63)


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

    @extend_schema(
        operation_id="teams_found",
        tags=["people"],
        summary="Make a team",
        description="Whoever runs the installation makes teams, and is the first admin of each.",
        request=FoundTeam,
        responses={201: TeamSerializer},
    )
    def create(self, request: Request) -> Response:
        command, user = said(FoundTeam, request), person(request)
        about = Said(title=command["title"], email=command["email"])
        team = founding.found(command["name"], about, by=user, actor=actor(request))
        return Response(TeamSerializer(self.get_queryset().get(pk=team.pk)).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="teams_describe",
        tags=["people"],
        summary="Say what a team is called, and who hears of its alerts",
        request=DescribeTeam,
        responses=TeamSerializer,
    )
    def update(self, request: Request, name: str) -> Response:
        command, user = said(DescribeTeam, request), person(request)
        team = permits.operable(user.teams_with(Role.ADMIN), user, team="pk", name=name)
        founding.describe(team, Said(title=command["title"], email=command["email"]), actor=actor(request))
        return Response(TeamSerializer(self.get_queryset().get(pk=team.pk)).data)


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
