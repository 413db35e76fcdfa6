"""Runs: what was done and why, stop, do again."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from pipelines_app.access import discretion, permits, redaction
from pipelines_app.api import rehearsing
from pipelines_app.api.authentication import actor, person
from pipelines_app.api.commands import Reason, Rehearsed, said
from pipelines_app.api.filters import RunFilter
from pipelines_app.api.rehearsing import DRY_RUN, WOULD
from pipelines_app.api.serializers.events import EventSerializer
from pipelines_app.api.serializers.runs import RunDetailSerializer, RunSerializer
from pipelines_app.models import CheckResult, Dataset, Event, Run, User
from pipelines_app.runs import cancelling, queue

CAUSES_SHOWN = 100


@extend_schema_view(
    list=extend_schema(operation_id="runs_list", tags=["runs"], summary="Runs"),
    retrieve=extend_schema(
        operation_id="runs_read", tags=["runs"], summary="A run, whole", responses=RunDetailSerializer
    ),
)
class RunViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Run]):
    """Executions."""

    queryset = Run.objects.none()
    serializer_class = RunSerializer
    filterset_class = RunFilter
    moment = "created_at"
    takes = dict.fromkeys(("cancel", "retry"), ("dry_run",))

    def paginate_queryset(self, queryset: Any) -> list[Any] | None:
        """A page of them, told as the caller may hear it."""
        page: list[Run] = list(super().paginate_queryset(queryset) or [])
        hidden = discretion.hidden_names(person(self.request))
        for run in page:
            run.reason = discretion.without(run.reason, hidden)
        return page

    def get_queryset(self) -> QuerySet[Run]:
        return Run.objects.visible_to(self.request.user).select_related("pipeline", "revision", "environment")

    def retrieve(self, request: Request, pk: int) -> Response:
        whole = self.get_queryset().prefetch_related("steps__dataset", "inputs__version__dataset", "arrivals__dataset")
        run = get_object_or_404(whole, pk=pk)
        run.reason = discretion.without(run.reason, discretion.hidden_names(person(request)))
        return Response(RunDetailSerializer(run, context=_surroundings(run, person(request))).data)

    @extend_schema(
        operation_id="runs_cancel",
        tags=["runs"],
        summary="Stop a run for good",
        parameters=[DRY_RUN],
        request=Reason,
        responses=rehearsing.either("Run", RunSerializer),
    )
    def cancel(self, request: Request, pk: int) -> Response:
        asked, run = said(Reason, request), self._operable(pk)
        because = asked["because"] or f"cancelled by {person(request).username}"
        if asked["dry_run"]:
            return rehearsing.told(
                str(pk),
                "is stopped for good",
                lambda: cancelling.cancel(run, actor=actor(request), because=because),
            )
        cancelling.cancel(run, actor=actor(request), because=because)
        return Response(RunSerializer(run).data)

    @extend_schema(
        operation_id="runs_retry",
        tags=["runs"],
        summary="Run again what did not succeed; the answer is the new run",
        parameters=[DRY_RUN],
        request=Rehearsed,
        responses={200: WOULD, 202: RunSerializer},
    )
    def retry(self, request: Request, pk: int) -> Response:
        asked, run = said(Rehearsed, request), self._operable(pk)
        if asked["dry_run"]:
            return rehearsing.told(
                str(pk), "runs again with what is there now", lambda: queue.retry(run, actor=actor(request))
            )
        again = queue.retry(run, actor=actor(request))
        return Response(RunSerializer(again).data, status=status.HTTP_202_ACCEPTED)

    def _operable(self, pk: int) -> Run:
        user = person(self.request)
        allowed = Run.objects.operable_by(user).select_related("pipeline", "revision", "environment")
        return permits.operable(allowed, user, team="pipeline__team", pk=pk)


def _surroundings(run: Run, user: User) -> dict[str, Any]:
    """What a run touched, as far as the user may see it."""
    touched = {step.dataset_id for step in run.steps.all()} | {one.version.dataset_id for one in run.inputs.all()}
    touched |= {arrival.dataset_id for arrival in run.arrivals.all()}
    visible = Dataset.objects.visible_to(user).filter(pk__in=touched).values_list("pk", flat=True)
    causes = Event.objects.visible_to(user).filter(runs_caused=run).order_by("id")[:CAUSES_SHOWN]
    seen = set(visible)
    results = CheckResult.objects.filter(step_run__run=run, check_made__dataset__in=seen)
    judged = list(results.select_related("check_made__dataset").order_by("id"))
    redaction.veil(judged, user)
    return {"visible": seen, "causes": list(causes), "check_results": judged}


@extend_schema_view(list=extend_schema(operation_id="runs_events", tags=["runs"], summary="The events of a run"))
class RunEventViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Event]):
    """What happened in one run."""

    queryset = Event.objects.none()
    serializer_class = EventSerializer

    def get_queryset(self) -> QuerySet[Event]:
        run = get_object_or_404(Run.objects.visible_to(self.request.user), pk=self.kwargs["pk"])
        return Event.objects.visible_to(self.request.user).filter(run=run.pk)
