"""The rows at fault of a result, to take away: asked for again of the version, up to a cap, or as they were kept."""

from dataclasses import dataclass
from typing import Any

from pipelines_app import lake
from pipelines_app.access import redaction
from pipelines_app.compiler import checks, codec
from pipelines_app.compiler.check_kinds import compares
from pipelines_app.compiler.check_past import Past
from pipelines_app.environments import mapping, places
from pipelines_app.errors import EngineError
from pipelines_app.models import CheckResult, Dataset, User, VersionState

MOST = 10_000
SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Faults:
    """Rows at fault; `is_capped`: there are more than these. `redacted` are columns that are not shown to who asks."""

    columns: list[str]
    rows: list[list[Any]]
    is_capped: bool
    redacted: list[str]


def of(result: CheckResult, user: User) -> Faults:
    """The rows that break a check, as this person may see them; rows in quarantine are asked for only by editors."""
    dataset = result.check_made.dataset
    may_edit = Dataset.objects.operable_by(user).filter(pk=dataset.pk).exists()
    is_held = result.version.state == VersionState.QUARANTINED
    found = _asked(result) if may_edit or not is_held else None
    told, is_capped = found or (result.sample, len(result.sample.get("rows", ())) < result.bad_rows)
    shown = told if may_edit or not dataset.sensitive else redaction.sample(told, dataset, result.check_made.kind)
    columns = [str(name) for name in shown.get("columns", ())]
    rows = [list(row) for row in shown.get("rows", ())]
    redacted = [name for place, name in enumerate(columns) if rows and rows[0][place] == redaction.REDACTED]
    return Faults(columns=columns, rows=rows, is_capped=is_capped, redacted=[] if may_edit else redacted)


def _asked(result: CheckResult) -> tuple[dict[str, Any], bool] | None:
    """The rows by the check's own query; none where it compares with what readers saw then, or cannot be asked."""
    check, version = result.check_made, result.version
    steps = {step.dataset: step for step in codec.from_json(check.revision.compiled).steps}
    step = steps[check.dataset.name]
    spec = next(one for one in step.checks if one.name == check.name)
    if result.passed or compares(spec.kind) or checks.datasets(spec) or version.expands is not None:
        return None
    past = Past(kind=step.period, period=version.period if step.by_period else "")
    query = checks.sample_query(spec, step.dataset, step.columns, past)
    if query is None:
        return None
    relation = mapping.content(version, period=version.period or None, columns=step.columns).relation
    try:
        engine = places.reader([relation], check.dataset.team_id)
        answer = engine.preview(query.limit(MOST + 1), [relation], rows=MOST, limits=lake.limits(SECONDS))
    except EngineError:
        return None
    names = [column.name for column in answer.columns]
    return {"columns": names, "rows": [list(row) for row in answer.rows]}, answer.truncated
