"""How a step's rows are kept, between its form and its entry under `materialise`."""

from collections.abc import Mapping

from pipelines_app.web.registering import values

Entry = dict[str, object]
BY = {"incremental": "period", "day": "day", "month": "month"}
OWN = {"merge": ("key", "deleted"), "scd2": ("key", "tracked", "effective", "deletes")}
LISTED = ("key", "tracked")
KINDS = [
    ("table", "anew, from all rows"),
    ("incremental", "by period: only what arrived"),
    ("day", "by day, from all its hours"),
    ("month", "by month, from all its days"),
    ("view", "not at all: readers see the query over what it read last"),
    ("merge", "put over what is there, by its key"),
    ("append", "added to what is there, once"),
    ("scd2", "as a history of each key"),
]
ON_CHANGE = [
    ("", "as its kind has it"),
    ("fail", "is refused"),
    ("add_columns", "new columns are empty in earlier rows"),
    ("rebuild", "makes all of it anew"),
]


def written(given: Mapping[str, object], before: object) -> Entry:
    """The entry of a filled form; what the form does not show stays as it was, as long as the kind does."""
    chosen = str(given["materialise"])
    if chosen in ("", "table"):
        return {}
    if chosen in BY:
        return {"kind": "incremental", "by": BY[chosen]}
    was = before if isinstance(before, Mapping) and before.get("kind") == chosen else {}
    own = OWN.get(chosen, ())
    typed = {name: values.listed(str(given[name])) if name in LISTED else given[name] for name in own}
    if typed.get("deletes") == "keep":
        typed["deletes"] = ""
    return values.without_empty({**was, "kind": chosen, **typed}, own)


def shown(made: object) -> Entry:
    """What the form shows of an entry."""
    entry: Mapping[str, object] = made if isinstance(made, Mapping) else {}
    kind = str(entry.get("kind") or "table")
    chosen = str(entry["by"]) if kind == "incremental" and entry.get("by") in ("day", "month") else kind
    kept = {name: values.joined(entry.get(name)) for name in OWN.get(kind, ())}
    return {"materialise": chosen, **kept}
