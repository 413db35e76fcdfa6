"""What each part of a dataset's page shows; every part costs a fixed number of queries."""

from django.conf import settings
from django.db.models import Count, QuerySet, Sum

from pipelines_app.access import redaction
from pipelines_app.engines.base import Answer
from pipelines_app.environments import mapping, reading
from pipelines_app.errors import EngineError
from pipelines_app.models import (
    Arrival,
    Dataset,
    DatasetVersion,
    Part,
    Pipeline,
    Reject,
    Role,
    Slot,
    User,
    VersionState,
    Webhook,
)
from pipelines_app.web import catalogue, checks_page, lineage_page, paging, schema_history
from pipelines_app.web.asking import Asked

SCHEMAS_COMPARED = 500
PAGE = 50


def overview(request: Asked, dataset: Dataset, version: DatasetVersion | None) -> dict[str, object]:
    """The state in words, the promises, where it comes from and who uses it."""
    sources, targets = lineage_page.neighbours(request.user, dataset)
    live = Part.objects.live().filter(dataset=dataset, environment__name=mapping.PRODUCTION)
    return {
        "held": list(catalogue.held_of(dataset)[:5]),
        "late": list(_late(dataset)[:5]),
        "promises": checks_page.promises([dataset]),
        "sources": sources,
        "targets": targets,
        "readers": _readers(request, dataset),
        "size": live.aggregate(bytes=Sum("bytes"), files=Count("*")),
    }


def _late(dataset: Dataset) -> QuerySet[Slot]:
    late = Slot.objects.overdue().order_by("due_at").select_related("dataset")
    if dataset.is_source or dataset.pipeline_id is None:
        return late.filter(dataset=dataset)
    return late.filter(dataset__pipeline=dataset.pipeline_id)


def _readers(request: Asked, dataset: Dataset) -> list[Pipeline]:
    read = Pipeline.objects.visible_to(request.user).filter(triggers__dataset=dataset, triggers__kind="dataset")
    return list(read.select_related("team").order_by("name").distinct())


def preview(user: User, version: DatasetVersion | None, *, limit: int, offset: int = 0) -> dict[str, object]:
    """Rows of a version, or why they cannot be shown."""
    if version is None:
        return {"answer": None}
    try:
        hidden = redaction.hidden(version.dataset, user)
        return {"answer": reading.rows(version, hidden=hidden, limit=limit, offset=offset), "hidden": sorted(hidden)}
    except EngineError as error:
        return {"answer": None, "error": error, "reference": f"version-{version.pk}"}


def rows(request: Asked, dataset: Dataset, version: DatasetVersion | None) -> dict[str, object]:
    """A page of rows by `?offset=`."""
    given = request.GET.get("offset", "")
    offset = int(given) if given.isdecimal() and len(given) < 12 else 0
    shown = preview(request.user, version, limit=PAGE, offset=offset)
    answer = shown["answer"]
    more, there = (answer.truncated, len(answer.rows)) if isinstance(answer, Answer) else (False, 0)
    return {
        **shown,
        "offset": offset,
        "last": offset + there,
        "newer": f"?tab=rows&offset={max(0, offset - PAGE)}" if offset else "",
        "older": f"?tab=rows&offset={offset + PAGE}" if more else "",
    }


def schema(request: Asked, dataset: Dataset, version: DatasetVersion | None) -> dict[str, object]:
    """The columns with their types, and how they changed."""
    published = DatasetVersion.objects.filter(
        dataset=dataset, environment__name=mapping.PRODUCTION, state=VersionState.PUBLISHED
    )
    last = published.order_by("-number").values_list("number", "pk", "created_at", "columns")[:SCHEMAS_COMPARED]
    written = [(number or 0, pk, at, columns) for number, pk, at, columns in last]
    return {
        "columns": version.columns if version else dataset.columns,
        "is_declared": version is None,
        "changes": schema_history.changes(written[::-1]),
    }


def versions(request: Asked, dataset: Dataset, version: DatasetVersion | None) -> dict[str, object]:
    """Every version, newest first."""
    made = DatasetVersion.objects.filter(dataset=dataset, environment__name=mapping.PRODUCTION)
    return {"page": paging.newest_first(made.select_related("step_run"), request)}


def profile(request: Asked, dataset: Dataset, version: DatasetVersion | None) -> dict[str, object]:
    """What was measured of it, which the watch knows: the page asks it by its address, with what was chosen."""
    chosen = request.GET.copy()
    chosen.pop("tab", None)
    return {"chosen": chosen.urlencode()}


def checks(request: Asked, dataset: Dataset, version: DatasetVersion | None) -> dict[str, object]:
    """The promises with their last results."""
    return {"promises": checks_page.promises([dataset])}


def expectations(request: Asked, dataset: Dataset, version: DatasetVersion | None) -> dict[str, object]:
    """What was learned to expect of it, which the watch knows: the page asks it by its address."""
    return {}


def lineage(request: Asked, dataset: Dataset, version: DatasetVersion | None) -> dict[str, object]:
    """What lies two steps around it, and its columns."""
    return lineage_page.around(request.user, dataset, depth=2)


def arrivals(request: Asked, dataset: Dataset, version: DatasetVersion | None) -> dict[str, object]:
    """What came in, what is expected, and the rows that were set aside last."""
    came = Arrival.objects.filter(dataset=dataset).select_related("dataset", "run", "event").order_by("-pk")
    expected = Slot.objects.filter(dataset=dataset).select_related("dataset", "arrival").order_by("-due_at")
    rejects = Reject.objects.filter(step_run__dataset=dataset).select_related("step_run").order_by("-pk")
    return {"arrivals": list(came[:20]), "slots": list(expected[:20]), "rejects": list(rejects[:20])}


def use(request: Asked, dataset: Dataset, version: DatasetVersion | None) -> dict[str, object]:
    """How to read the dataset: SQL, curl, Python, files; how to bring to it, and its webhooks."""
    own = Dataset.objects.operable_by(request.user).filter(pk=dataset.pk)
    hooks = Webhook.objects.filter(dataset__in=own, disabled_at=None) if dataset.is_source else Webhook.objects.none()
    is_admin = request.user.teams_with(Role.ADMIN).filter(pk=dataset.team_id).exists()
    return {"snippets": reading_snippets(dataset), "webhooks": list(hooks.order_by("pk")), "is_admin": is_admin}


def reading_snippets(dataset: Dataset) -> dict[str, str]:
    """Texts to copy."""
    address = f"{settings.PUBLIC_URL}/api/v1/datasets/{dataset.name}"
    return {
        "sql": "\n".join(["SELECT *", f"FROM {dataset.name}"]),
        "curl": _CURL.replace("ADDRESS", address),
        "python": _PYTHON.replace("ADDRESS", address),
        "bring": _BRING.replace("ADDRESS", address),
    }


_CURL = """curl --fail-with-body \\
  -H "Authorization: Bearer $LOOPLINE_TOKEN" \\
  "ADDRESS/rows?limit=100"
"""
_BRING = """curl --fail-with-body -X POST \\
  -H "Authorization: Bearer $LOOPLINE_TOKEN" \\
  -H "Content-Type: application/octet-stream" \\
  --data-binary @FILE \\
  "ADDRESS/arrivals?name=FILE"
"""
_PYTHON = """import json
import os
import urllib.request

request = urllib.request.Request(
    "ADDRESS/rows?limit=100",
    headers={"Authorization": f"Bearer {os.environ['LOOPLINE_TOKEN']}"},
)
with urllib.request.urlopen(request) as answer:
    page = json.load(answer)
"""
