"""Values of sensitive columns: shown to those who may edit a dataset, and to nobody else, wherever rows are shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipelines_app.compiler import checks
from pipelines_app.compiler.checks import Judgement
from pipelines_app.compiler.definition import CheckSpec
from pipelines_app.engines.base import Reject
from pipelines_app.models import CheckResult, Dataset, User

REDACTED = "redacted"
UNSAID = "the value does not fit; it is not shown, for the column is sensitive"
# What is measured for these is a number of rows or of values, and tells no value.
_COUNTS = frozenset(
    {
        *("not_null", "null_rate_between", "null_rate_anomaly", "blank_rate_below", "blank_rate_anomaly"),
        *("sentinel_rate_below", "unique", "compound_unique", "unique_ratio_between", "unique_ratio_anomaly"),
        *("distinct_count_between", "distinct_count_anomaly", "in_set", "not_in_set", "matches_pattern"),
        *("parseable_as", "length_between", "references", "consistent_casing", "columns_match", "column_type_is"),
    }
)


def hidden(dataset: Dataset, user: User) -> frozenset[str]:
    """The columns of a dataset whose values this person may not see, in lower case."""
    if not dataset.sensitive or Dataset.objects.operable_by(user).filter(pk=dataset.pk).exists():
        return frozenset()
    return lower(dataset.sensitive)


def lower(columns: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in columns)


def veil(results: Sequence[CheckResult], user: User) -> None:
    """Take out of the rows at fault what this person may not see; the results know their checks' datasets."""
    datasets = {one.check_made.dataset_id for one in results if one.check_made.dataset.sensitive}
    own = Dataset.objects.operable_by(user).filter(pk__in=datasets).values_list("pk", flat=True)
    kept_from = datasets - set(own) if datasets else datasets
    for one in results:
        if one.check_made.dataset_id in kept_from:
            one.sample = sample(one.sample, one.check_made.dataset, one.check_made.kind)


def sample(rows: Mapping[str, Any], dataset: Dataset, kind: str) -> dict[str, Any]:
    """Rows at fault without sensitive values: a column is shown only if the dataset has it, and it is not sensitive.

    A query of one's own may call anything whatever it likes, so nothing of it is shown.
    """
    if not rows.get("rows"):
        return dict(rows)
    known = lower(column["name"] for column in dataset.columns) - lower(dataset.sensitive)
    shown = [kind != "custom_sql" and str(name).lower() in known for name in rows["columns"]]
    return {**rows, "rows": [_told(row, shown) for row in rows["rows"]]}


def _told(row: Sequence[Any], shown: Sequence[bool]) -> list[Any]:
    return [value if is_shown else REDACTED for value, is_shown in zip(row, shown, strict=True)]


def judgement(found: Judgement, sensitive: frozenset[str]) -> Judgement:
    """What a check says for everybody to read, in messages and the event log: no value of a sensitive column."""
    spec = found.spec
    if not sensitive or not _tells(spec, sensitive):
        return found
    said = f"not so: {checks.sentence(spec)} ({found.bad_rows:,} of {found.total_rows:,} rows)"
    return replace(found, value=None, message=found.message if found.passed else said)


def _tells(spec: CheckSpec, sensitive: frozenset[str]) -> bool:
    """Whether what a check measures may be a value of a sensitive column; a query of one's own may give anything."""
    if "sql" in spec.arguments:
        return True
    texts = " ".join([spec.where, *spec.columns, *map(str, spec.arguments.values())]).lower()
    return spec.kind not in _COUNTS and any(name in texts for name in sensitive)


def rejects(found: Sequence[Reject], sensitive: frozenset[str]) -> tuple[Reject, ...]:
    """Lines that were set aside, without their text, and without what a sensitive column held."""
    if not sensitive:
        return tuple(found)
    return tuple(replace(one, text="", message=_unsaid(one, sensitive)) for one in found)


def _unsaid(one: Reject, sensitive: frozenset[str]) -> str:
    if one.column and one.column.lower() not in sensitive:
        return one.message
    return UNSAID if one.column else "the line is broken"
