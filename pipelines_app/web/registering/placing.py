"""Where a fault of a definition is mended: which page, which field. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipelines_app.errors import Problem

PAGES = ("source", "look", "steps", "checks", "when", "review")
_TOKEN = re.compile(r'\["(.*?)"\](?=[.\[]|$)|\[(\d+)\]|([^.\[\]]+)')
_LOOK = frozenset(
    {"columns", "period", "from", "mode", "delimiter", "quote", "header", "null", "encoding", "tolerance"}
)
_TOP = {"pipeline": "source", "team": "source", "description": "source"}
_FIELDS = {"of": "choices", "min": "minimum", "max": "maximum"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A page, the source it is about where it shows one, and the field: `row` is a number or a name in `group`."""

    page: str
    source: str = ""
    group: str = ""
    row: int | str = ""
    field: str = ""


def tokens(path: str) -> list[str | int]:
    """The parts of a path such as `sources["raw.flights"].columns[3].type`."""
    return [int(number) if number else quoted or plain for quoted, number, plain in _TOKEN.findall(path)]


def place(problem: Problem) -> Place:
    """Where a fault is mended; what no form shows is mended in the YAML."""
    parts = tokens(problem.path)
    match parts:
        case ["template", *_]:
            return Place(page="values")
        case [str(top)] if top in _TOP:
            return Place(page="source", field=top)
        case ["sources", *rest]:
            return _source(rest)
        case ["steps", *rest]:
            return _step(rest)
        case ["parameters" | "values", str(name), *rest]:
            field = _first(rest, "default" if parts[0] == "values" else "name")
            return Place(page="steps", group="parameters", row=name, field=_FIELDS.get(field, field))
        case ["schedule" | "start" | "sla" | "alerts" | "listens" | "concurrency", *_]:
            return _when(parts)
    return Place(page="yaml")


def _when(parts: list[str | int]) -> Place:
    match parts:
        case ["schedule", *rest]:
            return Place(page="when", field=f"schedule_{_first(rest, 'cron')}")
        case ["start", *rest]:
            field = _first(rest, "")
            return Place(page="when", field="start" if field in ("", "when") else f"start_{field}")
        case ["sla", int(row), "arrival", *rest]:
            return Place(page="when", group="promises", row=row, field=_first(rest, "by"))
        case ["sla", int(row), str(), *rest]:
            field = _first(rest, "kind")
            return Place(page="when", group="levels", row=row, field={"under": "within"}.get(field, field))
        case ["alerts", *rest]:
            return Place(page="when", field=_first(rest, "emails"))
        case ["listens", int(row), *rest]:
            return Place(page="when", group="listens", row=row, field=_first(rest, "dataset"))
        case ["concurrency" | "listens" as field]:
            return Place(page="when", field=field)
    return Place(page="yaml")


def _deadline(inner: list[str | int]) -> str:
    """The field of a deadline: those of its calendar stand among the others."""
    if inner and inner[0] == "calendar":
        field = _first(inner[1:], "country")
        return "but" if field == "except" else field
    return _first(inner, "by")


def _step(rest: list[str | int]) -> Place:
    match rest:
        case [int(row), "checks", *inner]:
            return Place(page="checks", group="steps", row=row, field=_last(inner))
        case [int(row), "materialise", str(key), *_] if key in ("key", "tracked", "deleted", "effective", "deletes"):
            return Place(page="steps", group="steps", row=row, field=key)
        case [int(row), "engines", *inner]:
            return Place(page="steps", group="steps", row=row, field=f"sql_{_first(inner, 'postgres')}")
        case [int(row), "retries", *inner]:
            field = "retry_on" if _first(inner, "") == "on" else "attempts"
            return Place(page="steps", group="steps", row=row, field=field)
        case [int(row), *inner]:
            return Place(page="steps", group="steps", row=row, field=_first(inner, "dataset"))
    return Place(page="steps")


def _source(rest: list[str | int]) -> Place:
    match rest:
        case []:
            return Place(page="source", field="origin")
        case [str(name)]:
            return Place(page="source", group="sources", row=name, field="dataset")
        case [str(name), "columns", int(row), *inner]:
            return Place(page="look", source=name, group="columns", row=row, field=_first(inner, "name"))
        case [str(name), "checks", *inner]:
            return Place(page="checks", group="sources", row=name, field=_last(inner))
        case [str(name), "arrival", *inner]:
            return Place(page="when", group="deadlines", row=name, field=_deadline(inner))
        case [str(name), str(key), *_] if key in _LOOK:
            return Place(page="look", source=name, field={"from": "pattern", "null": "nulls"}.get(key, key))
        case [str(name), "format" | "description" | "drop" | "payload" as key, *inner]:
            return Place(page="source", group="sources", row=name, field=_brought(str(key), inner))
    return Place(page="yaml")


def _brought(key: str, inner: list[str | int]) -> str:
    """The field of what is said of a source on its first page."""
    usual = {"drop": "url", "payload": "period"}
    return f"{key}_{_first(inner, usual[key])}" if key in usual else key


def _first(rest: list[str | int], default: str) -> str:
    return rest[0] if rest and isinstance(rest[0], str) else default


def _last(rest: list[str | int]) -> str:
    return rest[-1] if rest and isinstance(rest[-1], str) else ""


def sentence(problem: Problem, document: Mapping[str, object]) -> str:
    """A fault in words, with what it is about."""
    about = _about(tokens(problem.path), document)
    where = f", line {problem.line}" if problem.line else ""
    where += f", column {problem.column}" if problem.line and problem.column else ""
    return f"{about}{where}: {problem.message}" if about or where else problem.message


def _about(parts: list[str | int], document: Mapping[str, object]) -> str:
    match parts:
        case ["sources" | "parameters" | "values", str(name), *rest]:
            shown = f"${name}" if parts[0] != "sources" else name
            return " ".join([shown, *_words(rest)])
        case ["steps", int(row), *rest]:
            return " ".join([_step_name(document, row), *_words(rest)])
    return " ".join(_words(parts))


def _words(parts: list[str | int]) -> list[str]:
    said = {"from": "file name", "sql": "SQL", "null": "nulls", "materialise": "kind", "default": "value"}
    return [said.get(part, part) if isinstance(part, str) else f"number {part + 1}" for part in parts]


def _step_name(document: Mapping[str, object], row: int) -> str:
    steps = document.get("steps")
    step = steps[row] if isinstance(steps, list) and row < len(steps) else None
    name = step.get("dataset") if isinstance(step, Mapping) else None
    return str(name) if name else f"step {row + 1}"
