"""What a definition may read: the datasets that exist and that its team may see."""

from django.db.models import Q

from pipelines_app.compiler.compiled import Known
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.environments import mapping
from pipelines_app.models import Dataset, Pipeline, Team


def known_to(team: Team, *, but: Pipeline | None = None) -> dict[str, Known]:
    """The datasets a team may read, without those made by the pipeline that is being written."""
    readable = Dataset.objects.filter(Q(team=team) | Q(restricted=False))
    if but is not None:
        readable = readable.exclude(pipeline=but)
    rows = readable.values_list("name", "columns", "period_kind")
    return {name: Known(columns=mapping.columns_of(columns), period=PeriodKind(kind)) for name, columns, kind in rows}
