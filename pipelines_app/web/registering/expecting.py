"""A source's deadline between its `arrival:` block and the sentence of the form."""

from collections.abc import Mapping

from pipelines_app.compiler.definition import BUSINESS_DAYS
from pipelines_app.web.registering import values

Entry = dict[str, object]
FINER = ("usually", "grace", "missing_after", "first", "last")


def written(given: Mapping[str, str]) -> Entry:
    """The block that a filled form says."""
    days = given.get("days") or "every"
    if days == "cron":
        said: Entry = {"cron": given["cron"], "behind": values.number_or_text(given["behind"] or "1")}
    else:
        said = {"by": _padded(given["by"]), "days_after": values.number_or_text(given["days_after"] or "1")}
    said["timezone"] = given["timezone"]
    said |= {key: _padded(given[key]) if key == "usually" else given[key] for key in FINER if given.get(key)}
    if days == "calendar" or (days == "cron" and given.get("country")):
        said["calendar"] = _calendar(given)
    return said


def _padded(clock: str) -> str:
    return clock if len(clock) != 4 else f"0{clock}"


def _calendar(given: Mapping[str, str]) -> Entry:
    return {
        "weekdays": values.listed(given.get("weekdays", "").lower()) or list(BUSINESS_DAYS),
        **({"country": given["country"].upper()} if given.get("country") else {}),
        **({"subdivision": given["subdivision"].upper()} if given.get("subdivision") else {}),
        **({"except": values.listed(given["but"])} if given.get("but") else {}),
    }


def initial(entry: Mapping[str, object], zone: str) -> Entry:
    """What the form shows of a source; where it has no deadline yet, a usual one to begin with."""
    arrival = entry.get("arrival")
    usual: Entry = {
        "by": "07:00",
        "timezone": zone,
        "days_after": 1,
        "behind": 1,
        "days": "every",
        "weekdays": ", ".join(BUSINESS_DAYS),
    }
    if not isinstance(arrival, Mapping):
        return {**usual, "on": False}
    calendar = arrival.get("calendar")
    shown: Entry = {**usual, **{key: value for key, value in arrival.items() if key != "calendar"}, "on": True}
    if isinstance(calendar, Mapping):
        shown |= {
            "days": "calendar",
            "weekdays": values.joined(calendar.get("weekdays", list(BUSINESS_DAYS))),
            "country": calendar.get("country", ""),
            "subdivision": calendar.get("subdivision", ""),
            "but": values.joined(calendar.get("except")),
        }
    return {**shown, "days": "cron"} if arrival.get("cron") else shown
