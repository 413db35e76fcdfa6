"""Datasets: what there is, what it holds, and how it came about."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from pipelines_app.access import redaction
from pipelines_app.api import cursors, strictness
from pipelines_app.api.authentication import person
from pipelines_app.api.filters import DatasetFilter, VersionFilter
from pipelines_app.api.serializers.datasets import (
    DatasetDetailSerializer,
    DatasetSerializer,
    RowsSerializer,
    VersionDetailSerializer,
    VersionSerializer,
)
from pipelines_app.compiler.definition import Format
from pipelines_app.environments import mapping, reading
from pipelines_app.errors import NotFound
from pipelines_app.models import Current, Dataset, DatasetVersion, VersionState

ROWS = 100
MOST_ROWS = 1_000
MEDIA = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.TSV: "text/tab-separated-values; charset=utf-8",
    Format.JSONL: "application/jsonl",
    Format.PARQUET: "application/vnd.apache.parquet",
}
VERSION = OpenApiParameter("version", OpenApiTypes.INT, description="A version's id; without it, what readers see.")


@extend_schema_view(
    list=extend_schema(operation_id="datasets_list", tags=["datasets"], summary="Datasets"),
    retrieve=extend_schema(operation_id="datasets_read", tags=["datasets"], summary="A dataset and its schema"),
)
class DatasetViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Dataset]):
    """Datasets."""

    queryset = Dataset.objects.none()
    filterset_class = DatasetFilter
    orders = ("name",)
    lookup_field = "name"

    def get_queryset(self) -> QuerySet[Dataset]:
        in_production = Current.objects.filter(environment__name=mapping.PRODUCTION).select_related("version")
        seen = Dataset.objects.visible_to(self.request.user).select_related("team", "pipeline")
        return seen.prefetch_related(Prefetch("currents", queryset=in_production))

    def get_serializer_class(self) -> type[DatasetSerializer]:
        return DatasetSerializer if self.action == "list" else DatasetDetailSerializer

    @extend_schema(
        operation_id="datasets_rows",
        tags=["datasets"],
        summary="Rows, page by page, of one version",
        parameters=[
            OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": ROWS}),
            OpenApiParameter("after", OpenApiTypes.STR, description="A place in the rows, from `next`."),
            OpenApiParameter(
                "columns", OpenApiTypes.STR, description="Names with commas between them; all without it."
            ),
            VERSION,
        ],
        responses=RowsSerializer,
    )
    def rows(self, request: Request, name: str) -> Response:
        strictness.refuse_unknown(request, ("limit", "after", "columns", "version"))
        query = request.query_params
        limit = cursors.number(query.get("limit", ""), name="limit", most=MOST_ROWS, default=ROWS)
        place = cursors.read(query["after"]) if query.get("after") else {}
        version = _version(request, name, str(place.get("version", query.get("version", ""))))
        offset = int(place.get("offset", 0))
        columns = [column for column in query.get("columns", "").split(",") if column]
        hidden = redaction.hidden(version.dataset, person(request))
        answer = reading.rows(version, hidden=hidden, limit=limit, offset=offset, columns=columns)
        names = [column.name for column in answer.columns]
        further = {"version": version.pk, "offset": offset + len(answer.rows)}
        address = replace_query_param(request.build_absolute_uri(), "after", cursors.write(further))
        return Response(
            {
                "dataset": version.dataset.name,
                "version": version.pk,
                "number": version.number,
                "columns": mapping.stored_columns(answer.columns),
                "redacted": [name for name in names if name.lower() in hidden],
                "results": [dict(zip(names, row, strict=True)) for row in answer.rows],
                "next": address if answer.truncated else None,
            }
        )

    @extend_schema(
        operation_id="datasets_download",
        tags=["datasets"],
        summary="All rows of one version as a file",
        parameters=[
            OpenApiParameter("format", OpenApiTypes.STR, enum=[str(one) for one in Format], default="csv"),
            VERSION,
        ],
        responses={(200, media.partition(";")[0]): OpenApiTypes.BINARY for media in MEDIA.values()},
    )
    def download(self, request: Request, name: str) -> FileResponse:
        strictness.refuse_unknown(request, ("format", "version"))
        asked = request.query_params.get("format", Format.CSV)
        if asked not in list(Format):
            raise ValidationError({"format": [f"Choose one of {', '.join(Format)}."]})
        format = Format(asked)
        version = _version(request, name, request.query_params.get("version", ""))
        path = reading.export(version, format, hidden=redaction.hidden(version.dataset, person(request)))
        try:
            file = path.open("rb")
        finally:
            path.unlink()  # what is open stays readable, and goes when it is closed
        suffix = f"v{version.number}" if version.number else f"quarantined-{version.pk}"
        answer = FileResponse(
            file, as_attachment=True, filename=f"{name}-{suffix}.{format}", content_type=MEDIA[format]
        )
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


def _version(request: Request, name: str, asked: str) -> DatasetVersion:
    """The version asked for, or what readers see; one in quarantine only for those who may edit."""
    user = person(request)
    dataset = get_object_or_404(Dataset.objects.visible_to(user), name=name)
    if not asked:
        current = mapping.current(mapping.production(), [dataset]).get(dataset.pk)
        if current is None:
            raise NotFound(f"{name} has no rows yet: nothing was published.", todo="Send what it is made from.")
        return current
    states = [VersionState.PUBLISHED]
    if Dataset.objects.operable_by(user).filter(pk=dataset.pk).exists():
        states.append(VersionState.QUARANTINED)
    found = dataset.versions.filter(state__in=states).select_related("dataset")
    return get_object_or_404(found, pk=cursors.number(asked, name="version", most=1 << 62, default=0))


@extend_schema_view(
    list=extend_schema(operation_id="versions_list", tags=["datasets"], summary="Versions of a dataset"),
    retrieve=extend_schema(
        operation_id="versions_read",
        tags=["datasets"],
        summary="A version, what it was made from, and its checks",
        responses=VersionDetailSerializer,
    ),
)
class VersionViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[DatasetVersion]):
    """Immutable materialisations."""

    queryset = DatasetVersion.objects.none()
    serializer_class = VersionSerializer
    filterset_class = VersionFilter

    def get_queryset(self) -> QuerySet[DatasetVersion]:
        seen = Dataset.objects.visible_to(self.request.user)
        versions = DatasetVersion.objects.select_related("dataset", "step_run__run")
        if "name" in self.kwargs:
            return versions.filter(dataset=get_object_or_404(seen, name=self.kwargs["name"]))
        return versions.filter(dataset__in=seen)

    def retrieve(self, request: Request, pk: int) -> Response:
        whole = self.get_queryset().prefetch_related("inputs__read__dataset", "check_results__check_made__dataset")
        version = get_object_or_404(whole, pk=pk)
        redaction.veil(list(version.check_results.all()), person(request))
        read = [one.read.dataset_id for one in version.inputs.all()]
        visible = set(Dataset.objects.visible_to(person(request)).filter(pk__in=read).values_list("pk", flat=True))
        context: dict[str, Any] = {"visible": visible}
        return Response(VersionDetailSerializer(version, context=context).data)
