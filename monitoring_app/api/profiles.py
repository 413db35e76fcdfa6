"""What was measured of a dataset: one profile, their list, the series of one number, and two beside each other."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring_app.api.filters import ProfileFilter
from monitoring_app.api.profile_shapes import (
    Compared,
    ComparisonSerializer,
    OfSeries,
    ProfileDetailSerializer,
    ProfileSerializer,
    SeriesSerializer,
    Wished,
    asked,
)
from monitoring_app.api.switching import actor
from monitoring_app.models import ColumnProfile, Profile
from monitoring_app.profiling import comparing, finding, history, keeping, measuring
from monitoring_app.profiling.finding import Wish
from monitoring_app.profiling.profile import OF_A_BATCH, SCALES, WORDS, Metric
from pipelines_app.access import permits
from pipelines_app.environments import mapping
from pipelines_app.errors import NotFound
from pipelines_app.models import Dataset, User


@extend_schema_view(
    list=extend_schema(
        operation_id="profiles_list", tags=["profiles"], summary="What was measured of a dataset, and what waits"
    )
)
class ProfileViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Profile]):
    """Profiles of one dataset."""

    queryset = Profile.objects.none()
    serializer_class = ProfileSerializer
    filterset_class = ProfileFilter

    def get_queryset(self) -> QuerySet[Profile]:
        seen = Profile.objects.visible_to(self.request.user).filter(dataset=self._dataset())
        return seen.select_related("version__dataset", "environment").defer("sketch")

    def _dataset(self) -> Dataset:
        return get_object_or_404(Dataset.objects.visible_to(self.request.user), name=self.kwargs["name"])

    @extend_schema(
        operation_id="profiles_read",
        tags=["profiles"],
        summary="What was measured of a version or a period, column by column",
        parameters=[Wished],
        responses=ProfileDetailSerializer,
    )
    def retrieve(self, request: Request, name: str) -> Response:
        wish = Wish(**asked(Wished, request))
        profile = finding.find(_person(request), self._dataset(), wish)
        columns = ColumnProfile.objects.filter(profile=profile).defer("sketch").order_by("place")
        return Response(ProfileDetailSerializer({"profile": profile, "columns": list(columns)}).data)

    @extend_schema(
        operation_id="profiles_series",
        tags=["profiles"],
        summary="One number of the dataset, or of a column, over its periods or versions",
        parameters=[OfSeries],
        responses=SeriesSerializer,
    )
    def series(self, request: Request, name: str) -> Response:
        said = asked(OfSeries, request)
        metric, column, dataset = Metric(said["metric"]), said["column"], self._dataset()
        if bool(column) == (metric in OF_A_BATCH):
            wrong = f"{metric} is of the whole dataset." if column else f"{metric} is of a column: say which."
            raise NotFound(wrong, todo="Give `column` for a number of a column, and leave it out for the others.")
        points = history.series(dataset, mapping.production(), metric=metric, column=column, most=said["most"])
        told = {"dataset": name, "column": column, "metric": metric, "words": WORDS[metric], "scale": SCALES[metric]}
        return Response(SeriesSerializer({**told, "points": points}).data)

    @extend_schema(
        operation_id="profiles_compare",
        tags=["profiles"],
        summary="Two profiles beside each other: columns, numbers and values that changed",
        parameters=[Compared],
        responses=ComparisonSerializer,
    )
    def compare(self, request: Request, name: str) -> Response:
        said, dataset, user = asked(Compared, request), self._dataset(), _person(request)
        after = finding.find(user, dataset, Wish(version=said["to"], period=said["to_period"]))
        if said["from"] or said["from_period"]:
            before = finding.find(user, dataset, Wish(version=said["from"], period=said["from_period"]))
        else:
            before = _or_none(finding.before(user, after))
        comparison = comparing.compared(keeping.of(before), keeping.of(after))
        return Response(ComparisonSerializer({"before": before, "after": after, "comparison": comparison}).data)

    @extend_schema(
        operation_id="profiles_again",
        tags=["profiles"],
        summary="Try again to measure what could not be measured",
        request=None,
        responses={202: ProfileSerializer},
    )
    def again(self, request: Request, name: str, pk: int) -> Response:
        user = permits.signed_in(request.user)
        allowed = Profile.objects.filter(dataset__in=Dataset.objects.operable_by(user), dataset__name=name)
        about = ("version__dataset__team", "environment")
        profile = permits.operable(allowed.select_related(*about), user, team="dataset__team", pk=pk)
        measuring.again(profile, actor=actor(request))
        profile.refresh_from_db()
        return Response(ProfileSerializer(profile).data, status=202)


def _person(request: Request) -> User:
    return permits.signed_in(request.user)


def _or_none(profile: Profile | None) -> Profile:
    if profile is None:
        raise NotFound("There is nothing before it to compare with.", todo="Say with `from` what to compare it with.")
    return profile
