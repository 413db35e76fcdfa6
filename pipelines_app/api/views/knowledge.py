"""What is promised of the data, and where they come from."""

from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from pipelines_app.access import permits
from pipelines_app.api.authentication import actor, person
from pipelines_app.api.commands import Nothing, said
from pipelines_app.api.filters import CheckFilter
from pipelines_app.api.serializers.checks import CheckSerializer, MuteCheck
from pipelines_app.models import Check, CheckResult, Dataset
from pipelines_app.quality import muting


@extend_schema_view(
    list=extend_schema(operation_id="checks_list", tags=["checks"], summary="Checks and how they stand")
)
class CheckViewSet(viewsets.GenericViewSet[Check]):
    """The checks that the current revisions declare."""

    queryset = Check.objects.none()
    serializer_class = CheckSerializer
    filterset_class = CheckFilter

    def get_queryset(self) -> QuerySet[Check]:
        declared = Check.objects.filter(revision=F("revision__pipeline__current"))
        last = CheckResult.objects.filter(check_made=OuterRef("pk")).order_by("-id").values("pk")[:1]
        seen = declared.filter(dataset__in=Dataset.objects.visible_to(self.request.user))
        return seen.select_related("dataset", "revision__pipeline").annotate(last_result=Subquery(last))

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        shown = [check.last_result for check in page]  # type: ignore[attr-defined]  # annotated above
        results = CheckResult.objects.filter(pk__in=shown)
        context: dict[str, Any] = {"last": {result.check_made_id: _standing(result) for result in results}}
        context["mutes"] = muting.of(page)
        return self.get_paginated_response(CheckSerializer(page, many=True, context=context).data)

    @extend_schema(
        operation_id="checks_mute",
        tags=["checks"],
        summary="Let nobody hear of a check until a moment; it is judged and shown all the same (editors)",
        request=MuteCheck,
        responses=CheckSerializer,
    )
    def mute(self, request: Request, pk: int) -> Response:
        command, check = said(MuteCheck, request), _operable(request, pk)
        muting.mute(check, **command, actor=actor(request), address=_address(request))
        return self._one(pk)

    @extend_schema(
        operation_id="checks_unmute",
        tags=["checks"],
        summary="Let people hear of a check again (editors)",
        request=Nothing,
        responses=CheckSerializer,
    )
    def unmute(self, request: Request, pk: int) -> Response:
        said(Nothing, request)
        muting.unmute(_operable(request, pk), actor=actor(request), address=_address(request))
        return self._one(pk)

    def _one(self, pk: int) -> Response:
        check = Check.objects.select_related("dataset", "revision__pipeline").get(pk=pk)
        last = CheckResult.objects.filter(check_made=check).order_by("-id").first()
        context = {"last": {pk: _standing(last)} if last else {}, "mutes": muting.of([check])}
        return Response(CheckSerializer(check, context=context).data)


def _operable(request: Request, pk: int) -> Check:
    user = person(request)
    own = Check.objects.filter(dataset__in=Dataset.objects.operable_by(user))
    return permits.operable(
        own.select_related("dataset__team", "revision__pipeline"), user, team="dataset__team", pk=pk
    )


def _address(request: Request) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))[:64]


def _standing(result: CheckResult) -> dict[str, object]:
    return {"passed": result.passed, "message": result.message, "version": result.version_id, "at": result.at}
