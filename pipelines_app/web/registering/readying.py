"""When a pipeline starts, between the fields of the form and the entry of the definition."""

from collections.abc import Mapping
from typing import Any

from pipelines_app.web.registering import values

Entry = dict[str, object]
TIMED = ("not_before", "at_latest", "then", "days_after", "timezone")


def written(given: Mapping[str, Any]) -> Entry:
    """The entry under `start` that the fields say; what belongs to a time of day only where there is one."""
    when = given.get("start") or "any"
    entry: Entry = {"when": when}
    if when == "at_least":
        entry["when"] = {"at_least": values.number_or_text(str(given.get("start_least") or "1"))}
    inputs = values.listed(str(given.get("start_inputs") or ""))
    if inputs:
        entry["inputs"] = inputs
    if not given.get("start_not_before") and not given.get("start_at_latest"):
        return entry
    timed = {key: str(given.get(f"start_{key}", "")) for key in TIMED}
    timed = {key: value if key in ("then", "timezone") else _clock(value) for key, value in timed.items() if value}
    if not timed.get("at_latest"):
        timed.pop("then", None)
    days = timed.pop("days_after", "1")
    return entry | timed | ({} if days == "1" else {"days_after": values.number_or_text(days)})


def _clock(text: str) -> str:
    return f"0{text}" if len(text) == 4 and text[1] == ":" else text


def initial(entry: object, zone: str) -> Entry:
    """The fields that say an entry."""
    said: Mapping[str, Any] = entry if isinstance(entry, Mapping) else {"when": entry or "any"}
    when = said.get("when", "any")
    fields: Entry = {"start": when, "start_least": 2, "start_timezone": zone, "start_days_after": 1}
    if isinstance(when, Mapping):
        fields |= {"start": "at_least", "start_least": when.get("at_least", "")}
    fields["start_inputs"] = values.joined(said.get("inputs"))
    return fields | {f"start_{key}": said[key] for key in TIMED if key in said}
