"""The JSON Schema (draft 2020-12) of a definition, for editors: completion, hints and the plainest faults.

It says less than the parser does: what needs more than one place to be seen, or the catalogue, is not in it.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from pipelines_app.compiler import check_catalogue, names, parameters, statements
from pipelines_app.compiler.definition import (
    WEEKDAYS,
    Deletes,
    Expecting,
    Format,
    Materialisation,
    Mode,
    OnChange,
    PeriodKind,
    RetryOn,
    Severity,
    Taken,
    Then,
    Whole,
)
from pipelines_app.compiler.other_engines import OtherEngine
from pipelines_app.compiler.starters import CatchUp, Stands
from pipelines_app.compiler.targets import TargetKind, Window

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCALAR = ["string", "number", "boolean"]


def schema() -> Schema:
    """The schema of a whole definition."""
    whole = _mapping(
        {
            "pipeline": _text("The pipeline's name.", pattern=f"^{names.SLUG.pattern}$"),
            "team": _text("The team that owns it."),
            "description": _text("What it is for."),
            "parameters": _named(_ref("parameter"), "Typed values for the SQL, each written $name there."),
            "values": _named({}, "Values of the parameters, in place of their defaults."),
            "sources": _named(_ref("source"), "What arrives from outside, by the name of its dataset."),
            "steps": _list(_ref("step"), "What is made from it, in SQL; the order follows from what each reads."),
            "start": {"anyOf": [_choice(["any", "all"], "Which inputs it waits for."), _ref("start")]},
            "schedule": _ref("schedule"),
            "listens": _list(_ref("listens"), "Datasets of other tools whose completion starts it."),
            "sla": _list(_ref("target"), "What it promises its readers."),
            "alerts": _mapping(
                {"emails": _list(_text("An address."), "Who is written to."), "slack": _flag("Whether Slack is told.")}
            ),
            "concurrency": _whole("How many of its runs go at once.", least=1),
        },
        ["pipeline", "team"],
    )
    return {"$schema": DIALECT, "title": "Loopline pipeline", **whole, "$defs": _definitions()}


def _definitions() -> Schema:
    return {
        "parameter": _parameter(),
        "source": _source(),
        "step": _step(),
        "check": _check(),
        "start": _start(),
        "arrival": _mapping({**_deadline(), **_EXPECTED}, ["timezone"]),
        "target": _target(),
        "schedule": _schedule(),
        "listens": _mapping(
            {
                "namespace": _text("Its OpenLineage namespace."),
                "dataset": _text("Its name there."),
                "period": _text("Where in the event the period stands, as a JSON pointer."),
            },
            ["namespace", "dataset"],
        ),
        "drop": _drop(),
        "payload": _payload(),
        "tolerance": _tolerance(),
    }


def _parameter() -> Schema:
    bound = {"type": ["number", "string"]}
    return _mapping(
        {
            "type": _choice(parameters.TYPES, "What it may be."),
            "of": {"type": "array", "description": "The values of an enum, or the names a column may have."},
            "default": {"description": "What it is unless a value is given."},
            "min": bound,
            "max": bound,
            "pattern": _text("A regular expression (RE2) that a text matches as a whole."),
            "max_length": _whole("How many characters a text may have.", least=1),
            "description": _text("What it is for."),
        },
        ["type"],
    )


def _source() -> Schema:
    return _mapping(
        {
            "format": _choice(Format, "What its files are."),
            "columns": _named(_text("A type such as INTEGER, VARCHAR, DOUBLE, DATE."), "Its columns, in order."),
            "period": _choice(PeriodKind, "By what it comes."),
            "from": _text("The names of its files; {period} stands for the period: flights_{period}.csv"),
            "mode": _choice(Mode, "What an arrival does to what is there."),
            "delimiter": _text("What separates values."),
            "quote": _text("What encloses them; empty for nothing."),
            "header": _flag("Whether the first line names the columns."),
            "null": _one_or_list("What counts as empty."),
            "encoding": _text("utf-8, utf-16 or latin-1."),
            "tolerance": _ref("tolerance"),
            "arrival": _ref("arrival"),
            "checks": _list(_ref("check"), "What must hold before it is published."),
            "metrics": _METRICS,
            "sensitive": _one_or_list("Columns whose values only editors of the team are shown."),
            "expectations": _EXPECTING,
            "description": _text("What it is."),
            "drop": _ref("drop"),
            "payload": _ref("payload"),
            **_EFFORT,
        },
        ["format", "columns"],
    )


def _step() -> Schema:
    made = {
        "kind": _choice(
            Materialisation,
            "Made anew as a whole, period by period, kept as a query, put over by key, added, or as history.",
        ),
        "by": _choice(["period", "day", "month"], "The period it is made by, if not that of what it reads."),
        "key": _one_or_list("The columns that tell rows apart (merge, scd2)."),
        "deleted": _text("The column that is true where a key is gone (merge)."),
        "tracked": _one_or_list("The columns whose change begins a new row (scd2); all others if none is named."),
        "effective": _text("The column that says since when a row holds, in place of the period (scd2)."),
        "valid_from": _text("What the beginning of a row's time is called (scd2)."),
        "valid_to": _text("What its end is called (scd2)."),
        "is_current": _text("What says that it has no end (scd2)."),
        "deletes": _choice(Deletes, "What becomes of a key that the newest rows do not hold (scd2)."),
    }
    return _mapping(
        {
            "dataset": _text("The dataset it makes: layer.domain_entity."),
            "sql": _text("One SELECT, in the DuckDB dialect; $name is a parameter."),
            "engines": _mapping({str(one): _on_engine(str(one)) for one in OtherEngine}),
            "materialise": _mapping(made, ["kind"]),
            "on_schema_change": _choice(
                [str(one) for one in OnChange if one],
                "What becomes of the rows that are there when its columns change.",
            ),
            "tests": _list(_test(), "What it gives for some rows: run whenever it is planned or registered."),
            "checks": _list(_ref("check"), "What must hold before it is published."),
            "metrics": _METRICS,
            "expectations": _EXPECTING,
            "description": _text("What it is."),
            **_EFFORT,
        },
        ["dataset", "sql"],
    )


def _test() -> Schema:
    rows = {"type": ["array", "string"], "items": {"type": "object"}}
    return _mapping(
        {
            "name": _text("What it shows, in a few words."),
            "given": _named(rows, "Rows of what the step reads, as mappings or CSV; what is not named is empty."),
            "expect": {"description": "The rows it gives; only the columns that are named are compared."},
            "parameters": _named({}, "Values of parameters for this test."),
            "period": _text("The period that it is run for."),
            "order": _flag("Whether the rows come in this order."),
        },
        ["name", "given", "expect"],
    )


def _check() -> Schema:
    """One kind, and what it is about: in full, or as its shorthand."""
    kinds = {
        kind: {
            "description": f"{shape.label[0].upper()}{shape.label[1:]}.",
            "anyOf": [*_short(shape), _mapping({**_COMMON, **_arguments(shape)})],
        }
        for kind, shape in check_catalogue.KINDS.items()
    }
    return {**_mapping(kinds), "minProperties": 1, "maxProperties": 1}


def _short(shape: check_catalogue.Kind) -> list[Schema]:
    """How a kind is written where nothing but what it is about is said."""
    short: list[Schema] = [{"type": "string"}, {"type": "array"}]
    return [*short, {"type": "number"}] if shape.shorthand == "max" else short


def _arguments(shape: check_catalogue.Kind) -> Schema:
    columns = {"column": _one_or_list("What it is about."), "columns": _one_or_list("What it is about.")}
    return {**{key: {} for key in shape.arguments}, **(columns if shape.columns != "none" else {})}


def _start() -> Schema:
    least = _mapping({"at_least": _whole("How many inputs.", least=1)}, ["at_least"])
    return _mapping(
        {
            "when": {"anyOf": [_choice(["any", "all"], "Which inputs it waits for."), least]},
            "inputs": _list(_text("A dataset."), "Which inputs count, if not all."),
            "not_before": _clock("Never earlier than this."),
            "at_latest": _clock("When it waits no longer."),
            "then": _choice(Then, "What happens at the latest moment with inputs missing."),
            "days_after": _whole("How many days after the period these times are meant."),
            "timezone": _text("Where these times are read, such as Europe/Zurich."),
        }
    )


def _deadline() -> Schema:
    return {
        "by": _clock("By when it has come."),
        "timezone": _text("Where these times are read, such as Europe/Zurich."),
        "days_after": _whole("How many days after the period."),
        "first": _text("The first period that is expected."),
        "last": _text("The last period that is expected."),
        "cron": _text("When it comes, as a cron line, in place of by and days_after."),
        "behind": _whole("How many ticks of cron it comes behind its period."),
        "calendar": _mapping(
            {
                "country": _text("Whose public holidays count, such as CH."),
                "subdivision": _text("Which part of it, such as ZH."),
                "weekdays": {"type": "array", "items": {"enum": list(WEEKDAYS)}},
                "except": _list(_text("A day such as 2026-12-24."), "Further days on which nothing comes."),
            }
        ),
    }


def _target() -> Schema:
    """An entry of `sla`: one key, the kind of what is promised."""
    dataset = _text("A dataset of this pipeline.")
    share: Schema = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}
    counted = {
        "objective": {**share, "description": "The share of all periods, versions or runs in which it is to be kept."},
        "window": _choice(Window, "Over which time that is counted."),
    }
    within = _text("A length such as 30m, 24h or 7d.")
    level = {"dataset": dataset, "at_least": share, **counted}
    kinds = {
        TargetKind.ARRIVAL: _mapping({"dataset": dataset, **_deadline(), **counted}, ["dataset", "timezone"]),
        TargetKind.FRESHNESS: _mapping({"dataset": dataset, "within": within, **counted}, ["dataset", "within"]),
        TargetKind.DURATION: _mapping({"under": within, **counted}, ["under"]),
        TargetKind.COMPLETENESS: _mapping(
            {**level, "columns": _one_or_list("Whose cells count, if not all.")}, ["dataset", "at_least"]
        ),
        TargetKind.QUALITY: _mapping(level, ["dataset", "at_least"]),
        TargetKind.SUCCESS_RATE: _mapping({"at_least": share, "window": counted["window"]}, ["at_least"]),
        TargetKind.END_TO_END: _mapping({"dataset": dataset, "within": within, **counted}, ["dataset", "within"]),
    }
    return {**_mapping({str(kind): shape for kind, shape in kinds.items()}), "minProperties": 1, "maxProperties": 1}


def _schedule() -> Schema:
    return _mapping(
        {
            "cron": _text("When the clock starts it, as a cron line."),
            "timezone": _text("Where it is read, such as Europe/Zurich."),
            "catch_up": _choice(CatchUp, "Which missed ticks are made up for."),
            "period": _choice(Stands, "The period a tick stands for."),
        },
        ["cron", "timezone"],
    )


def _drop() -> Schema:
    return _mapping(
        {
            "url": _text("file:///data/in or s3://bucket/in"),
            "pattern": _text("Which files: flights_*.csv"),
            "whole": _choice(Whole, "How a file shows that it is whole."),
            "stable_seconds": _whole("How long it has not changed.", least=1),
            "taken": _choice(Taken, "What becomes of a file that was taken."),
            "endpoint": _text("Where the bucket is, if not at Amazon."),
        },
        ["url"],
    )


def _payload() -> Schema:
    return _mapping(
        {
            "period": _text("Where the period stands, as a JSON pointer: /date"),
            "records": _text("Where the records stand."),
            "name": _text("Where the file's name stands."),
            "parameters": _named(_text("Where its value stands."), "Parameters that a message gives."),
        }
    )


def _tolerance() -> Schema:
    parts = {"count": _whole("Rows."), "share": {"type": "number", "minimum": 0}}
    return {
        "description": "Rows that may be wrong: a share below 1, or a number.",
        "anyOf": [{"type": "number", "minimum": 0}, _mapping(parts)],
    }


def _mapping(properties: Schema, required: Iterable[str] = ()) -> Schema:
    whole: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**whole, "required": list(required)} if required else whole


def _named(values: Schema, description: str) -> Schema:
    return {"type": "object", "description": description, "additionalProperties": values}


def _list(items: Schema, description: str) -> Schema:
    return {"type": "array", "description": description, "items": items}


def _one_or_list(description: str) -> Schema:
    return {"description": description, "anyOf": [{"type": SCALAR}, {"type": "array"}]}


def _text(description: str, *, pattern: str = "") -> Schema:
    whole = {"type": "string", "description": description}
    return {**whole, "pattern": pattern} if pattern else whole


def _clock(description: str) -> Schema:
    return _text(description, pattern=r"^\d{1,2}:\d{2}(:\d{2})?$")


def _whole(description: str, *, least: int = 0) -> Schema:
    return {"type": "integer", "description": description, "minimum": least}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _choice(values: type[StrEnum] | Iterable[str], description: str) -> Schema:
    return {"enum": [str(value) for value in values], "description": description}


def _on_engine(engine: str) -> Schema:
    dialect = _choice(
        [statements.DIALECT, engine], "What its SQL is written in: DuckDB's dialect, or the engine's own."
    )
    return _mapping({"sql": _ELSEWHERE, "dialect": dialect}, ["sql"])


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


_EFFORT: Schema = {
    "timeout": {"description": "How long an attempt may take: 90s, 10m, 2h.", "type": ["string", "integer"]},
    "retries": _mapping(
        {
            "attempts": _whole("How many attempts there are.", least=1),
            "on": _list(_choice(RetryOn, "Why an attempt came to nothing."), "After what it is tried again."),
        }
    ),
}
_METRICS = _list(
    _mapping(
        {"name": _text("What it is called."), "sql": _text("A query over the dataset that gives it.")}, ["name", "sql"]
    ),
    "Numbers of one's own, measured of every version or period and watched.",
)
_EXPECTING = _choice(
    [str(one) for one in Expecting if one],
    "What becomes of promises learned from its history: proposed, accepted as warnings, or managed by themselves.",
)
_ELSEWHERE = _text("One SELECT in place of `sql` on that engine, with the same columns.")
_EXPECTED: Schema = {
    "usually": _clock("When it usually comes."),
    "grace": _text("How long after the deadline it counts as late: 30m"),
    "missing_after": _text("How long after the deadline it counts as missing: 24h"),
}
_COMMON: Schema = {
    "name": _text("What it is called."),
    "owner": _text("Whom an alert about it names and goes to: an e-mail address."),
    "severity": _choice(Severity, "Whether a failure keeps the version back, warns, or is only shown."),
    "tolerance": _ref("tolerance"),
    "where": _text("Which rows it is about, as a condition."),
}
