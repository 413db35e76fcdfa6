"""Steps that are still being typed: what each reads and gives as far as is known; a step and its past as one query."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from pipelines_app.compiler import binding, building, compile, graph, statements
from pipelines_app.compiler.compile import Checked
from pipelines_app.compiler.compiled import Known
from pipelines_app.compiler.definition import BUILT, Parameter, PeriodKind, Step
from pipelines_app.errors import Problem


@dataclass(kw_only=True)
class Laid:
    """Steps laid out: what is known by now, and what was found of each step, in the order they were given."""

    known: dict[str, Known]
    steps: tuple[Step, ...]
    checked: list[Checked] = field(default_factory=list)
    order: list[str] = field(default_factory=list)

    def of(self, dataset: str) -> Checked | None:
        """What was found of the step that makes a dataset."""
        return next((found for step, found in self._pairs() if step.dataset == dataset), None)

    def past(self, dataset: str) -> list[str]:
        """The steps before a dataset that it is made from, itself at the end, each after those it reads."""
        wanted = {dataset}
        for name in reversed(self.order):
            found = self.of(name)
            if name in wanted and found is not None:
                wanted.update(found.inputs)
        return [name for name in self.order if name in wanted]

    def read_from_outside(self, dataset: str) -> set[str]:
        """The datasets that a step and its past read and that no step makes."""
        past = self.past(dataset)
        read = {name for step in past for name in (self.of(step) or Checked()).inputs}
        return read - set(past)

    def _pairs(self) -> Iterator[tuple[Step, Checked]]:
        return zip(self.steps, self.checked, strict=True)


def lay_out(steps: Sequence[Step], known: Mapping[str, Known], parameters: Sequence[Parameter]) -> Laid:
    """Check every step over what is known and what the others give; one that reads a faulty one says so."""
    laid = Laid(known=dict(known), steps=tuple(steps), checked=[Checked() for _ in steps])
    for step in steps:
        laid.known.pop(step.dataset, None)
    waiting = dict(enumerate(steps))
    while waiting:
        ready = [place for place, step in waiting.items() if _try(laid, place, step, parameters)]
        if not ready:
            break
        for place in ready:
            del waiting[place]
    _explain_waiting(laid, waiting)
    return laid


def _try(laid: Laid, place: int, step: Step, parameters: Sequence[Parameter]) -> bool:
    """Check a step once everything it reads is settled."""
    unsettled = {other.dataset for other in laid.steps} - laid.known.keys()
    found = compile.check_step_sql(step.sql, laid.known, parameters, kept=step)
    laid.checked[place] = found
    if unsettled.intersection(found.inputs):
        return False
    if found.step is not None and step.dataset and step.dataset not in laid.known:
        laid.known[step.dataset] = Known(columns=found.columns, period=found.step.shown_by)
        laid.order.append(step.dataset)
    return True


def _explain_waiting(laid: Laid, waiting: Mapping[int, Step]) -> None:
    reads = {step.dataset: laid.checked[place].inputs for place, step in waiting.items()}
    try:
        graph.ordered(reads)
        circle = ""
    except graph.CycleFound as cycle:
        circle = f"these datasets are made from each other in a circle: {cycle}"
    own = {step.dataset for step in laid.steps}
    for place in waiting:
        found = laid.checked[place]
        missing = sorted(name for name in found.inputs if name in own and name not in laid.known)
        message = circle or f"this reads {', '.join(missing)}, which has a problem of its own; mend that first"
        laid.checked[place] = Checked(problems=(Problem(path="sql", message=message),), inputs=found.inputs)


def chained(laid: Laid, dataset: str, periods: Mapping[PeriodKind, str]) -> exp.Query:
    """One query that gives a step's rows from what comes from outside: every step of its past is a part of it."""
    query = exp.select("*").from_(exp.Table(this=exp.to_identifier(dataset, quoted=True)))
    for name in laid.past(dataset):
        found = laid.of(name) or Checked()
        tree = statements.parse(found.sql)
        kind = found.step.period if found.step else PeriodKind.NONE
        if kind != PeriodKind.NONE:
            tree = binding.bind_period(tree, kind, periods[kind])
        for table in tree.find_all(exp.Table):
            inner = statements.dataset_name(table)
            if inner in laid.order:
                table.set("this", exp.to_identifier(inner, quoted=True))
                table.set("db", None)
        if found.step is not None and found.step.materialise in BUILT:
            tree = building.alone(found.step, tree, periods[kind] if kind != PeriodKind.NONE else "")
        query = query.with_(exp.TableAlias(this=exp.to_identifier(name, quoted=True)), as_=tree, copy=False)
    return query
