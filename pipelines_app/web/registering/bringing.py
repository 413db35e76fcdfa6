"""How a source's data come, in the form: dropped into a folder or bucket, or as messages of a declared shape."""

from collections.abc import Mapping

from pipelines_app.web.registering import values

Entry = dict[str, object]
DROP = ("url", "pattern", "whole", "stable_seconds", "taken", "endpoint")
PAYLOAD = ("period", "records", "name")
USUAL: Mapping[str, str] = {"pattern": "*", "whole": "rename", "stable_seconds": "10", "taken": "move"}


def initial(entry: Mapping[str, object]) -> Entry:
    """The fields of what an entry says, and the door that it says."""
    drop, payload = _section(entry, "drop"), _section(entry, "payload")
    said: Entry = {f"drop_{key}": drop.get(key, USUAL.get(key, "")) for key in DROP}
    said |= {f"payload_{key}": payload.get(key, "") for key in PAYLOAD}
    said["payload_parameters"] = values.places_text(payload.get("parameters"))
    return {**said, "door": "drop"} if drop else said


def written(given: Mapping[str, str], old: Mapping[str, object]) -> Entry:
    """What the fields say, as the parts of an entry; a part that the chosen door has no use for is left out."""
    said: Entry = {}
    if given["door"] == "drop":
        said["drop"] = _filled("drop_", DROP, given)
    if given["door"] == "webhook":
        payload = _filled("payload_", PAYLOAD, given)
        parameters = values.places(given.get("payload_parameters") or "")
        payload |= {"parameters": parameters} if parameters else {}
        said |= {"payload": payload} if payload else {}
    elif old.get("payload"):
        said["payload"] = old["payload"]
    return said


def _filled(prefix: str, keys: tuple[str, ...], given: Mapping[str, str]) -> Entry:
    """What is filled in and not the usual; an address is there even when it is empty, so that it is asked for."""
    found: Entry = {}
    for key in keys:
        text = given.get(prefix + key) or ""
        if text or key == "url":
            found[key] = values.number_or_text(text) if key == "stable_seconds" else text
    return found


def _section(entry: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = entry.get(key)
    return found if isinstance(found, Mapping) else {}
