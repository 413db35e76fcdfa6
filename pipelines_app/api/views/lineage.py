"""Lineage out: the graph around a dataset, as JSON or as lines, and what breaks if something goes."""

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pipelines_app.api import cursors, strictness, tracing
from pipelines_app.api.authentication import person
from pipelines_app.api.serializers.lineage import ImpactSerializer, LineageSerializer
from pipelines_app.engines.exporting import FIRST_OF_FORMULA
from pipelines_app.lineage import finding, impact, showing, table
from pipelines_app.lineage.impact import Removal
from pipelines_app.lineage.showing import Question, Shown
from pipelines_app.lineage.walking import MOST_DEPTH, Side
from pipelines_app.models import Pipeline, Revision, User

DEPTH = 3
MOST_FOLLOWED = 50
SIDES = {"upstream": (Side.UP,), "downstream": (Side.DOWN,), "both": showing.BOTH}
OF = OpenApiParameter(
    "of", OpenApiTypes.STR, required=True, description="A dataset's name, or the id of another tool's."
)
COLUMNS = OpenApiParameter(
    "columns", OpenApiTypes.STR, description="Follow only these columns of it, apart by commas, to where they lead."
)
AS_OF = OpenApiParameter(
    "as_of", OpenApiTypes.STR, description="A day or a moment: what held then (of a day: at its end, UTC)."
)


class LineageView(APIView):
    """The graph around a dataset."""

    @extend_schema(
        operation_id="lineage_read",
        tags=["lineage"],
        summary="What a dataset is made from, and what is made from it",
        parameters=[
            OF,
            OpenApiParameter("direction", OpenApiTypes.STR, enum=list(SIDES), default="both"),
            OpenApiParameter("depth", {"type": "integer", "minimum": 1, "maximum": MOST_DEPTH, "default": DEPTH}),
            COLUMNS,
            AS_OF,
            OpenApiParameter("format", OpenApiTypes.STR, enum=["json", "csv"], default="json"),
            OpenApiParameter("If-None-Match", OpenApiTypes.STR, "header", description="The ETag read last: 304."),
        ],
        responses={
            (200, "application/json"): LineageSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
            304: OpenApiResponse(description="Nothing has changed since."),
        },
    )
    def get(self, request: Request) -> HttpResponse:
        strictness.refuse_unknown(request, ("of", "direction", "depth", "columns", "as_of", "format"))
        query, user = request.query_params, person(request)
        direction, form = query.get("direction", "both"), query.get("format", "json")
        if direction not in SIDES:
            raise ValidationError({"direction": [f"Choose one of {', '.join(SIDES)}."]})
        if form not in {"json", "csv"}:
            raise ValidationError({"format": ["Choose json or csv."]})
        question = Question(
            of=_number(user, query),
            sides=SIDES[direction],
            depth=cursors.number(query.get("depth", ""), name="depth", most=MOST_DEPTH, default=DEPTH),
            columns=_columns(query),
            moment=_moment(query.get("as_of", "")),
        )
        return _answer(request, showing.look(user, question), form)


class LineageImpactView(APIView):
    """What breaks if something goes."""

    @extend_schema(
        operation_id="lineage_impact",
        tags=["lineage"],
        summary="What breaks if a dataset or columns of it were gone, or went with a newer revision",
        description="Name `of`, with or without `columns`; or `pipeline` with two revisions, `from` and `to`.",
        parameters=[
            OpenApiParameter("of", OpenApiTypes.STR, description="A dataset's name."),
            COLUMNS,
            OpenApiParameter("pipeline", OpenApiTypes.STR),
            OpenApiParameter("from", {"type": "integer", "minimum": 1}, description="The older revision."),
            OpenApiParameter("to", {"type": "integer", "minimum": 1}, description="The newer; the current by default."),
        ],
        responses=ImpactSerializer,
    )
    def get(self, request: Request) -> Response:
        strictness.refuse_unknown(request, ("of", "columns", "pipeline", "from", "to"))
        query, user = request.query_params, person(request)
        if query.get("pipeline"):
            removals = impact.between(user, *_revisions(user, query))
        else:
            number, columns = _number(user, query), _columns(query)
            hits, truncated = impact.of(user, number, columns)
            removals = [Removal(dataset=query["of"], columns=columns, hits=hits, truncated=truncated)]
        return Response(ImpactSerializer({"removals": tracing.breaks(removals)}).data)


def _number(user: User, query: Mapping[str, str]) -> int:
    found = finding.number(user, query.get("of", "").replace("\0", ""))
    if found is None:
        raise Http404("There is no dataset of this name that you may see.")
    return found


def _columns(query: Mapping[str, str]) -> tuple[str, ...]:
    names = [name for name in query.get("columns", "").replace("\0", "").split(",") if name]
    if len(names) > MOST_FOLLOWED:
        raise ValidationError({"columns": [f"Name {MOST_FOLLOWED} at most."]})
    return tuple(dict.fromkeys(names))


def _moment(text: str) -> datetime | None:
    found = finding.moment(text)
    if text and found is None:
        raise ValidationError({"as_of": ["Give a day such as 2026-05-04, or a moment such as 2026-05-04T06:00:00Z."]})
    return found


def _revisions(user: User, query: Mapping[str, str]) -> tuple[Revision, Revision]:
    pipeline = get_object_or_404(Pipeline.objects.visible_to(user), name=query["pipeline"].replace("\0", ""))
    newest = pipeline.current.number if pipeline.current else 1
    to = cursors.number(query.get("to", ""), name="to", most=10**9, default=newest)
    start = cursors.number(query.get("from", ""), name="from", most=10**9, default=max(1, to - 1))
    return get_object_or_404(pipeline.revisions, number=start), get_object_or_404(pipeline.revisions, number=to)


def _answer(request: Request, shown: Shown, form: str) -> HttpResponse:
    """The graph with its ETag, or that it is still the one the caller has."""
    told = tracing.told(shown)
    tag = hashlib.sha256(json.dumps([form, told], separators=(",", ":")).encode()).hexdigest()
    headers = {"ETag": f'"{tag[:32]}"', "Vary": "Authorization, Cookie"}
    if headers["ETag"] in [one.strip() for one in request.headers.get("If-None-Match", "").split(",")]:
        return Response(status=304, headers=headers)
    if form == "json":
        return Response(LineageSerializer(told).data, headers=headers)
    answer = HttpResponse(_lines(shown), content_type="text/csv; charset=utf-8", headers=headers)
    answer.headers["Content-Disposition"] = 'attachment; filename="lineage.csv"'
    return answer


def _lines(shown: Shown) -> str:
    text = io.StringIO()
    writer: Any = csv.writer(text)
    writer.writerow(table.HEADER)
    for line in table.lines(shown):
        writer.writerow([f"'{one}" if str(one).startswith(tuple(FIRST_OF_FORMULA)) else one for one in line])
    return text.getvalue()
