"""How well the loop closes, and what people say of problems, through the API."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring_app.alerts import looping, people, postmortem
from monitoring_app.alerts.grouping import REPORTED
from monitoring_app.api.commands import Command, said
from monitoring_app.api.serializers import AlertSerializer
from monitoring_app.api.switching import actor
from monitoring_app.models import Alert, Verdict
from pipelines_app.access import permits
from pipelines_app.models import Dataset

LONGEST_DAYS = 365


class Report(Command):
    """Which dataset, and what is wrong with it."""

    dataset = serializers.CharField(max_length=130)
    what = serializers.CharField(max_length=people.LONGEST)


class Note(Command):
    """What is known of it."""

    text = serializers.CharField(max_length=people.LONGEST)


class Judge(Command):
    """Whether anything was wrong."""

    verdict = serializers.ChoiceField(choices=Verdict.choices)


class Window(Command):
    """Of how many days, and of which team's alerts."""

    days = serializers.IntegerField(min_value=1, max_value=LONGEST_DAYS, default=30)
    team = serializers.CharField(max_length=63, default="", allow_blank=True)


class SpreadSerializer(serializers.Serializer[Any]):
    """Of how many, the median and the ninetieth percentile, in seconds."""

    number = serializers.IntegerField()
    median = serializers.FloatField(allow_null=True)
    p90 = serializers.FloatField(allow_null=True)


class LoopSerializer(serializers.Serializer[Any]):
    """How alerts that were opened in a time were noticed, taken and closed; shares are null where nothing counts."""

    rule = serializers.CharField(allow_blank=True, help_text="The kind of rule; empty: all together.")
    opened = serializers.IntegerField()
    closed = serializers.IntegerField()
    detect = SpreadSerializer()
    acknowledge = SpreadSerializer()
    resolve = SpreadSerializer()
    fine = serializers.IntegerField(help_text="Closed ones of which somebody said that nothing was wrong.")
    bad = serializers.IntegerField()
    reported = serializers.IntegerField(help_text="Those that a person reported first.")
    false_share = serializers.FloatField(allow_null=True)
    found_share = serializers.FloatField(allow_null=True)


class LoopFiguresSerializer(LoopSerializer):
    """The same with every kind of rule."""

    days = serializers.IntegerField()
    rules = LoopSerializer(many=True)


class LoopView(APIView):
    """The figures of the loop."""

    @extend_schema(
        operation_id="alerts_loop",
        tags=["alerts"],
        summary="How quickly problems are noticed, taken and closed, and how many were none",
        parameters=[Window],
        responses=LoopFiguresSerializer,
    )
    def get(self, request: Request) -> Response:
        asked = Window(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        days, team = asked.validated_data["days"], asked.validated_data["team"]
        seen = Alert.objects.visible_to(request.user)
        rows = looping.told(seen.filter(team__name=team) if team else seen, timezone.now() - timedelta(days=days))
        answer = {**LoopSerializer(looping.figures(rows)).data, "days": days}
        return Response({**answer, "rules": LoopSerializer(looping.by_rule(rows), many=True).data})


class ReportView(APIView):
    """A person's word that something is wrong."""

    @extend_schema(
        operation_id="alerts_report",
        tags=["alerts"],
        summary="Report a problem with a dataset",
        request=Report,
        responses={
            200: OpenApiResponse(AlertSerializer, description="It is known: the alert that is open about it."),
            201: AlertSerializer,
        },
    )
    def post(self, request: Request) -> Response:
        command = said(Report, request)
        visible = Dataset.objects.visible_to(request.user).select_related("team", "pipeline")
        dataset = get_object_or_404(visible, name=command["dataset"])
        alert = people.report(dataset, command["what"], actor=actor(request))
        is_new = alert.rule == REPORTED and alert.count == 1
        return Response(AlertSerializer(alert).data, status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)


class AlertWordsViewSet(viewsets.GenericViewSet[Alert]):
    """What people say of an alert."""

    queryset = Alert.objects.none()
    serializer_class = AlertSerializer

    @extend_schema(
        operation_id="alerts_note",
        tags=["alerts"],
        summary="Write down what you know of it",
        request=Note,
        responses=AlertSerializer,
    )
    def note(self, request: Request, pk: int) -> Response:
        text, alert = said(Note, request)["text"], self._operable(request, pk)
        people.note(alert, text, actor=actor(request))
        return Response(AlertSerializer(alert).data)

    @extend_schema(
        operation_id="alerts_judge",
        tags=["alerts"],
        summary="Say whether anything was wrong",
        request=Judge,
        responses=AlertSerializer,
    )
    def judge(self, request: Request, pk: int) -> Response:
        verdict, alert = said(Judge, request)["verdict"], self._operable(request, pk)
        people.judge(alert, verdict, actor=actor(request))
        return Response(AlertSerializer(alert).data)

    def _operable(self, request: Request, pk: int) -> Alert:
        user = permits.signed_in(request.user)
        allowed: QuerySet[Alert] = Alert.objects.operable_by(user).select_related("team", "dataset")
        return permits.operable(allowed, user, team="team", pk=pk)


class PostMortemView(APIView):
    """All that is known of a problem, to go on writing in."""

    @extend_schema(
        operation_id="alerts_post_mortem",
        tags=["alerts"],
        summary="The post-mortem of a problem, as Markdown",
        responses={(200, "text/markdown"): OpenApiTypes.STR},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        user = permits.signed_in(request.user)
        seen = Alert.objects.visible_to(user).select_related("dataset", "team")
        alert = get_object_or_404(seen, pk=pk)
        headers = {"Content-Disposition": f'attachment; filename="alert-{alert.pk}.md"'}
        return HttpResponse(postmortem.write(alert, user), content_type="text/markdown; charset=utf-8", headers=headers)
