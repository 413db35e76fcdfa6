"""Compiling steps: parse, qualify and lineage from nothing, and a whole definition again when nothing has changed.

A thousand synthetic steps, their WITH queries three and four deep, with joins, groups, windows and conditions, over
forty datasets: as many as a large project has. All in one process, on one core, by the processor's own clock: what else
the machine does costs time, but not this time. The warm figure compiles all steps again as a plan does, in which
nothing is new: every statement is recognised by its text, its values and the columns of what it reads.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.figures import Figure, Report, Target, parser, percentile, say
from pipelines_app.compiler import compile as compiling
from pipelines_app.compiler import drafting, lineage, schema, statements
from pipelines_app.compiler.compiled import Known
from pipelines_app.compiler.definition import Column, Definition, PeriodKind, Step

COLD, WARM = 250, 5_000
DATASETS, SLICE = 40, 100
COLUMNS = {"id": "BIGINT", "k": "BIGINT", "name": "VARCHAR", "day": "DATE", "v": "DECIMAL(12,2)", "w": "DOUBLE"}


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--steps", type=int, default=1_000, help="how many steps (1,000)")
    asked = made.parse_args()
    report = Report(title="Compiling: parse, qualify and lineage, from nothing and again")
    texts = [_text(number) for number in range(asked.steps)]
    say(f"{len(texts)} steps from nothing")
    _cold(report, texts)
    say(f"{len(texts)} steps again")
    _warm(report, texts)
    report.notes.append(
        f"targets: at least {COLD} steps a second from nothing and {WARM:,} again, as time for one step"
    )
    report.show(as_json=asked.json)


def _cold(report: Report, texts: Sequence[str]) -> None:
    relations = {name: known.columns for name, known in _known().items()}
    spent: dict[str, list[float]] = {"parse": [], "qualify": [], "lineage": []}
    for text in texts:
        tree = _timed(spent["parse"], statements.parse, text)
        told = _timed(spent["qualify"], schema.qualified, tree, relations)
        _timed(spent["lineage"], lineage.trace, told, "mart.bench", relations)
    whole = [sum(parts) for parts in zip(*spent.values(), strict=True)]
    for name, values in spent.items():
        report.add(Figure(name=f"{name}, mean of a step", value=_mean(values), unit="ms"))
    report.add(
        Figure(name="parse + qualify + lineage, mean", value=_mean(whole), unit="ms", target=_at_least(COLD)),
        Figure(name="parse + qualify + lineage, p99", value=percentile(whole, 99) * 1000, unit="ms"),
        Figure(name="from nothing", value=1000 / _mean(whole), unit="steps/s"),
    )


def _warm(report: Report, texts: Sequence[str]) -> None:
    """Whole definitions of a hundred steps, each over datasets made elsewhere."""
    known = _known()
    definitions = [_definition(start, texts[start : start + SLICE]) for start in range(0, len(texts), SLICE)]
    drafting.forget()
    first: list[float] = []
    again: list[float] = []
    for spent in (first, again):
        for definition in definitions:
            _timed(spent, compiling.compile_definition, definition, known)
    steps = len(texts)
    report.add(
        Figure(name="whole definitions (types, gate, text) from nothing", value=steps / sum(first), unit="steps/s"),
        Figure(name="again, mean of a step", value=sum(again) * 1000 / steps, unit="ms", target=_at_least(WARM)),
        Figure(name="again", value=steps / sum(again), unit="steps/s"),
    )


def _timed(spent: list[float], work: Callable[..., Any], *given: object) -> Any:
    started = time.process_time()
    result = work(*given)
    spent.append(time.process_time() - started)
    return result


def _mean(values: Sequence[float]) -> float:
    return sum(values) * 1000 / len(values)


def _at_least(steps_a_second: int) -> Target:
    return Target(most=1000 / steps_a_second)


def _known() -> Mapping[str, Known]:
    columns = tuple(Column(name=name, type=kind) for name, kind in COLUMNS.items())
    return {f"raw.bench_{number}": Known(columns=columns, period=PeriodKind.NONE) for number in range(DATASETS)}


def _definition(start: int, texts: Sequence[str]) -> Definition:
    steps = [Step(dataset=f"mart.bench_{start + number}", sql=text) for number, text in enumerate(texts)]
    return Definition(pipeline=f"bench-{start}", team="bench", steps=tuple(steps))


def _text(number: int) -> str:
    """One step; every second one has a WITH query more, and groups."""
    left, right = number % DATASETS, (number * 7 + 3) % DATASETS
    grouped = """, grouped AS (
        SELECT k, name, sum(v) AS v, sum(pick) AS pick, count(*) AS n FROM ranked WHERE rn < 5 GROUP BY k, name
    )"""
    last = (
        "SELECT k, name, v + pick AS total, n, upper(name) AS label FROM grouped ORDER BY total"
        if number % 2
        else "SELECT k, name, coalesce(v, ov) AS total, rn AS n, upper(name) AS label FROM ranked ORDER BY total"
    )
    return f"""
    WITH base AS (SELECT id, k, name, day, v, w FROM raw.bench_{left} WHERE v > {number}),
    joined AS (
        SELECT b.id, b.k, b.name, o.name AS other, b.v, o.v AS ov, b.day,
            CASE WHEN b.w > {number} THEN b.v ELSE o.v END AS pick
        FROM base AS b LEFT JOIN raw.bench_{right} AS o ON b.k = o.id
    ),
    ranked AS (SELECT *, row_number() OVER (PARTITION BY k ORDER BY day DESC) AS rn FROM joined)
    {grouped if number % 2 else ""}
    {last}"""


if __name__ == "__main__":
    main()
