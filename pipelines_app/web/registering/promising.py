"""What a pipeline promises of the datasets it makes, between its `sla:` list and one sentence of the form for each."""

from collections.abc import Iterable, Mapping

from pipelines_app.web.registering import levels, values
from pipelines_app.web.registering.when_forms import PromiseForm, Promises

Entry = dict[str, object]
PREFIX = "promises"


def forms(document: Mapping[str, object], made: Iterable[str], zone: str) -> list[PromiseForm]:
    """One row for each dataset that a step makes; a usual time where nothing is promised yet."""
    said = targets(document)
    rows = [_initial(name, said.get(name), zone) for name in dict.fromkeys(made) if name]
    return list(Promises(initial=rows, prefix=PREFIX).forms)


def _initial(name: str, target: Entry | None, zone: str) -> Entry:
    usual: Entry = {"dataset": name, "on": target is not None, "by": "09:00", "timezone": zone, "days_after": 1}
    return {**usual, **(target or {}), "in_yaml": "yes" if target is not None and target.get("cron") else ""}


def targets(document: Mapping[str, object]) -> dict[str, Entry]:
    """The targets that stand in a definition, by dataset."""
    return {str(one["dataset"]): one for one in _arrivals(document) if one.get("dataset")}


def dataset_at(document: Mapping[str, object], place: int) -> str:
    """The dataset of one entry of the list."""
    listed = _arrivals(document)
    return str(listed[place].get("dataset", "")) if place < len(listed) else ""


def _arrivals(document: Mapping[str, object]) -> list[Entry]:
    listed = document.get("sla")
    entries = (
        [one.get("arrival") if isinstance(one, Mapping) else None for one in listed] if isinstance(listed, list) else []
    )
    return [dict(one) if isinstance(one, Mapping) else {} for one in entries]


def write(document: Entry, sent: Iterable[PromiseForm], others: list[object]) -> None:
    """Put into the document what is promised: deadlines, and `others`; what the form does not show stays as it was."""
    before, given = targets(document), [form.cleaned_data for form in sent]
    kept: list[object] = [{"arrival": _target(row, before.get(row["dataset"], {}))} for row in given if row.get("on")]
    kept += [*others, *_others(document)]
    document.pop("sla", None)
    if kept:
        document["sla"] = kept


def _others(document: Mapping[str, object]) -> list[object]:
    """What of the list the form does not show, it keeps."""
    listed = document.get("sla")
    entries = listed if isinstance(listed, list) else []
    return [one for one in entries if not (isinstance(one, Mapping) and "arrival" in one) and not levels.is_shown(one)]


def _target(row: Mapping[str, str], before: Entry) -> Entry:
    if before.get("cron"):
        return before
    by = f"0{row['by']}" if len(row["by"]) == 4 else row["by"]
    said: Entry = {**before, "dataset": row["dataset"], "by": by, "timezone": row["timezone"]}
    said.pop("days_after", None)
    return said if row["days_after"] in ("", "1") else {**said, "days_after": values.number_or_text(row["days_after"])}
