"""What is unusual about datasets, what people say of it, and how easily each dataset surprises."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring_app.anomalies import labelling
from monitoring_app.anomalies.labelling import Said
from monitoring_app.api.anomaly_shapes import (
    AnomalyDetailSerializer,
    AnomalyFilter,
    AnomalySerializer,
    JudgementFilter,
    JudgementSerializer,
    LabelAnomaly,
    SaySensitivity,
    SensitivitySerializer,
)
from monitoring_app.api.commands import said
from monitoring_app.api.switching import actor
from monitoring_app.models import USUAL_SENSITIVITY, Anomaly, Judgement, Profile, Sensitivity
from pipelines_app.access import permits
from pipelines_app.models import Dataset


@extend_schema_view(
    list=extend_schema(operation_id="anomalies_list", tags=["anomalies"], summary="What was not as usual"),
    retrieve=extend_schema(
        operation_id="anomalies_read", tags=["anomalies"], summary="An anomaly with the series it was judged by"
    ),
)
class AnomalyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Anomaly]):
    """Measurements that surprised."""

    queryset = Anomaly.objects.none()
    filterset_class = AnomalyFilter

    def get_queryset(self) -> QuerySet[Anomaly]:
        seen = Anomaly.objects.visible_to(self.request.user).select_related("dataset", "version")
        return seen.defer("course") if self.action == "list" else seen

    def get_serializer_class(self) -> type[AnomalySerializer]:
        return AnomalySerializer if self.action == "list" else AnomalyDetailSerializer

    @extend_schema(
        operation_id="anomalies_label",
        tags=["anomalies"],
        summary="Say whether it was fine or bad, which changes what is usual",
        request=LabelAnomaly,
        responses=AnomalyDetailSerializer,
    )
    def label(self, request: Request, pk: int) -> Response:
        command, user = said(LabelAnomaly, request), permits.signed_in(request.user)
        allowed = Anomaly.objects.operable_by(user).select_related("dataset__team", "version")
        anomaly = permits.operable(allowed, user, team="dataset__team", pk=pk)
        labelling.label([anomaly], Said(**command, actor=actor(request)))
        return Response(AnomalyDetailSerializer(anomaly).data)


@extend_schema_view(
    list=extend_schema(operation_id="judgements_list", tags=["anomalies"], summary="How usual each batch of it was")
)
class JudgementViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Judgement]):
    """The judgements of one dataset's batches, the newest first."""

    queryset = Judgement.objects.none()
    serializer_class = JudgementSerializer
    filterset_class = JudgementFilter

    def get_queryset(self) -> QuerySet[Judgement]:
        dataset = get_object_or_404(Dataset.objects.visible_to(self.request.user), name=self.kwargs["name"])
        seen = Profile.objects.visible_to(self.request.user).filter(dataset=dataset)
        found = Judgement.objects.filter(dataset=dataset, profile__in=seen).select_related("profile__version")
        return found.defer("profile__sketch", "profile__pairs")


class SensitivityView(APIView):
    """How easily one dataset surprises."""

    @extend_schema(
        operation_id="sensitivity_read",
        tags=["anomalies"],
        summary="How easily a dataset surprises",
        responses=SensitivitySerializer,
    )
    def get(self, request: Request, name: str) -> Response:
        dataset = get_object_or_404(Dataset.objects.visible_to(request.user), name=name)
        found = Sensitivity.objects.filter(dataset=dataset).first()
        if found is None:
            return Response({"dataset": name, "value": USUAL_SENSITIVITY, "set_by": "", "set_at": None})
        return Response(SensitivitySerializer(found).data)

    @extend_schema(
        operation_id="sensitivity_say",
        tags=["anomalies"],
        summary="Say how easily a dataset surprises",
        request=SaySensitivity,
        responses=SensitivitySerializer,
    )
    def put(self, request: Request, name: str) -> Response:
        command, user = said(SaySensitivity, request), permits.signed_in(request.user)
        dataset = permits.operable(
            Dataset.objects.operable_by(user).select_related("team"), user, team="team", name=name
        )
        return Response(SensitivitySerializer(labelling.set_sensitivity(dataset, **command, actor=actor(request))).data)
