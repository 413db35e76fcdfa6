"""`drop:`, `payload:`, `schedule:` and `listens:` of a definition: read from documents and written back."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from urllib.parse import urlsplit

from jsonpointer import JsonPointer, JsonPointerException

from pipelines_app.compiler import clocks
from pipelines_app.compiler.definition import (
    Drop,
    Format,
    Payload,
    PeriodKind,
    Taken,
    Whole,
)
from pipelines_app.compiler.reading import Reader, described
from pipelines_app.compiler.starters import CatchUp, Listening, Schedule, Stands
from pipelines_app.errors import Problem

SOURCE_KEYS = ("drop", "payload")
KEYS = ("schedule", "listens")
MOST_STABLE_SECONDS = 24 * 3600
MOST_LISTENED_TO = 50
LONGEST = 255
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)


def drop(reader: Reader) -> Drop | None:
    """The folder or bucket that a source's entry names."""
    inner = reader.section("drop")
    if inner is None:
        return None
    inner.only("url", "pattern", "whole", "stable_seconds", "taken", "endpoint")
    url = inner.checked("url", url_fault, required=True)
    endpoint = inner.checked("endpoint", _endpoint_fault)
    if endpoint and not url.startswith("s3://"):
        inner.fault("endpoint", "is for buckets only: the url begins with s3://")
    seconds = inner.whole("stable_seconds", 10, least=1)
    if seconds > MOST_STABLE_SECONDS:
        inner.fault("stable_seconds", f"may be {MOST_STABLE_SECONDS:,} at most")
    return Drop(
        url=url,
        pattern=inner.checked("pattern", _pattern_fault) or "*",
        whole=inner.choice("whole", Whole, Whole.RENAME),
        stable_seconds=seconds,
        taken=inner.choice("taken", Taken, Taken.MOVE),
        endpoint=endpoint,
    )


def url_fault(url: str) -> str:
    """What is wrong with the address of a folder or bucket; empty for nothing."""
    if not url.isprintable() or len(url) > LONGEST or "%" in url or "?" in url or "#" in url:
        return "must be a plain address such as file:///data/in or s3://bucket/in"
    scheme, _, rest = url.partition("://")
    parts = rest.split("/")
    if any(part in {".", ".."} for part in parts) or "" in parts[1:-1]:
        return "must name the folder itself, without . or .. or //"
    if scheme == "file":
        return "" if rest.startswith("/") and len(rest) > 1 else "must name a whole path, such as file:///data/in"
    if scheme == "s3":
        return "" if _BUCKET.fullmatch(parts[0]) else "must name a bucket, such as s3://bucket/in"
    return "must begin with file:// or s3://"


def _endpoint_fault(url: str) -> str:
    try:
        parts = urlsplit(url)
        plain = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.path in {"", "/"}
        plain = plain and not (parts.username or parts.password or parts.query or parts.fragment)
        plain = plain and (parts.port is None or parts.port > 0)
    except ValueError:
        plain = False
    return "" if plain else "must be an address such as https://storage.example.org, without a path or a password"


def _pattern_fault(pattern: str) -> str:
    if "/" in pattern or "\\" in pattern:
        return "is a pattern for the names of files, without folders"
    return "" if len(pattern) <= LONGEST and pattern.isprintable() else "must be a pattern such as flights_*.csv"


def payload(reader: Reader, form: Format, period: PeriodKind) -> Payload | None:
    """Where a source's messages say what they are about."""
    inner = reader.section("payload")
    if inner is None:
        return None
    inner.only("period", "records", "name", "parameters")
    places = {key: inner.checked(key, pointer_fault) for key in ("period", "records", "name")}
    given = inner.section("parameters")
    pointed = ((name, given.checked(name, pointer_fault, required=True)) for name in given.entries) if given else ()
    found = Payload(**places, parameters=tuple(pointed))
    if found.period and period is PeriodKind.NONE:
        inner.fault("period", "points to a period, but the source has none: add period: day")
    if form is not Format.JSONL:
        reader.fault("payload", "is for messages of records: the source's format has to be jsonl")
    if found == Payload():
        reader.fault("payload", "is empty: point to the period, the records or the name, such as period: /date")
    return found


def pointer_fault(pointer: str) -> str:
    """What is wrong with a JSON pointer (RFC 6901); empty for nothing."""
    try:
        JsonPointer(pointer)
    except JsonPointerException:
        return f"{pointer!r} is not a JSON pointer such as /batch/date"
    return "" if len(pointer) <= LONGEST else f"may be {LONGEST} characters long"


def schedule(reader: Reader) -> Schedule | None:
    """When the clock starts a pipeline."""
    inner = reader.section("schedule")
    if inner is None:
        return None
    inner.only("cron", "timezone", "catch_up", "period")
    return Schedule(
        cron=" ".join(inner.checked("cron", clocks.fault, required=True).split()),
        timezone=inner.checked("timezone", clocks.zone_fault, required=True),
        catch_up=inner.choice("catch_up", CatchUp, CatchUp.LATEST),
        period=inner.choice("period", Stands, Stands.PREVIOUS),
    )


def listens(reader: Reader) -> tuple[Listening, ...]:
    """The datasets of other tools whose completion starts a pipeline."""
    found: list[Listening] = []
    for path, entry in reader.listed("listens"):
        if not isinstance(entry, Mapping):
            message = f"is a mapping of namespace and dataset, not {described(entry)}"
            reader.problems.append(Problem(path=path, message=message))
            continue
        one = _listening(Reader(entry, path, reader.problems))
        if any((one.namespace, one.dataset) == (other.namespace, other.dataset) for other in found):
            reader.problems.append(Problem(path=path, message=f"{one.dataset} of {one.namespace} is there twice"))
        found.append(one)
    if len(found) > MOST_LISTENED_TO:
        reader.fault("listens", f"a pipeline may listen to {MOST_LISTENED_TO} datasets of other tools")
    return tuple(found)


def _listening(inner: Reader) -> Listening:
    inner.only("namespace", "dataset", "period")
    usual = Listening(namespace="", dataset="").period
    return Listening(
        namespace=inner.checked("namespace", _name_fault, required=True),
        dataset=inner.checked("dataset", _name_fault, required=True),
        period=inner.checked("period", pointer_fault) or usual,
    )


def _name_fault(name: str) -> str:
    return "" if name.isprintable() and len(name) <= LONGEST else f"must be a name of up to {LONGEST} characters"


def dump(thing: Drop | Payload | Schedule | Listening | None) -> dict[str, object]:
    """The entry that says the same; what is empty or its default is left out."""
    if thing is None:
        return {}
    fields = type(thing).__dataclass_fields__
    said = {key: value for key, value in asdict(thing).items() if value != fields[key].default}
    return {key: _dumped(value) for key, value in said.items()}


def _dumped(value: object) -> object:
    if isinstance(value, tuple):
        return dict(value)
    return value if isinstance(value, int) else str(value)
