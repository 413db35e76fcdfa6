"""A compiled pipeline as a few plain sentences, and as the graph of its datasets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines_app.compiler import cadences, deadlines, starting, target_documents
from pipelines_app.compiler.compiled import Compiled, StepKind
from pipelines_app.compiler.definition import Definition, Source

FEW = 4


def sentences(compiled: Compiled) -> list[str]:
    """When it starts, what it makes, what guards that, and who is told."""
    sources = [step.source for step in compiled.steps if step.source is not None]
    made = [step.dataset for step in compiled.steps if step.kind is StepKind.TRANSFORM]
    said = [_starts(compiled, sources)]
    if made:
        said.append(f"It makes {few(made)}.")
    said += [_expected(source) for source in sources if source.arrival is not None]
    said += _promised(compiled.definition)
    return [*said, _guards(compiled), _told(compiled)]


def _starts(compiled: Compiled, sources: Sequence[Source]) -> str:
    parts = [f"data arrive for {few([source.dataset for source in sources], 'or')}"] if sources else []
    if compiled.external:
        parts.append(f"{few(list(compiled.external), 'or')} is published")
    if not parts:
        return "Starts when somebody asks for it."
    return starting.sentence(compiled) or f"Starts by itself when {' or when '.join(parts)}."


def _expected(source: Source) -> str:
    return f"{source.dataset} is expected {cadences.sentence(source.arrival, source.period)}." if source.arrival else ""


def _promised(definition: Definition) -> list[str]:
    kind = deadlines.promised_kind(definition.sources)
    deadlined = [
        f"{promise.dataset} is promised {cadences.sentence(promise.deadline, kind)}." for promise in definition.promises
    ]
    return [*deadlined, *(f"Promised: {target_documents.sentence(target)}." for target in definition.targets)]


def _guards(compiled: Compiled) -> str:
    checks = [check for step in compiled.steps for check in step.checks]
    if not checks:
        return "No check guards its data."
    blocking = sum(check.severity == "block" for check in checks)
    number = "1 check guards" if len(checks) == 1 else f"{len(checks)} checks guard"
    if blocking == len(checks):
        return f"{number} its data and {'holds' if blocking == 1 else 'hold'} bad data back."
    informing = sum(check.severity == "info" for check in checks)
    if informing == len(checks):
        return f"{number} its data and only {'shows' if informing == 1 else 'show'} what is found."
    if not blocking:
        return f"{number} its data and only {'warns' if len(checks) == 1 else 'warn'}."
    return f"{number} its data; {blocking} of them {'holds' if blocking == 1 else 'hold'} bad data back."


def _told(compiled: Compiled) -> str:
    emails = compiled.definition.alerts.emails
    told = [f"the team {compiled.definition.team}", *emails]
    return f"If something is wrong, {few(told)} {'are' if len(told) > 1 else 'is'} told."


def few(names: Sequence[str], joint: str = "and") -> str:
    """A few names and how many more there are: "a, b and c", "a, b, c, d and 7 more"."""
    if len(names) > FEW + 1:
        return f"{', '.join(names[:FEW])} {joint} {len(names) - FEW} more"
    return f" {joint} ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


@dataclass(frozen=True)
class Node:
    """One dataset of a pipeline: what it is made from, and whether it comes from outside or from elsewhere."""

    name: str
    inputs: tuple[str, ...]
    role: str


ROLES = {StepKind.LOAD: "arrives from outside", StepKind.TRANSFORM: "made here"}


def nodes(compiled: Compiled) -> list[Node]:
    """The datasets that a pipeline reads and makes, each after those it is made from."""
    elsewhere = [Node(name, (), "made by another pipeline") for name in sorted(compiled.external)]
    return elsewhere + [Node(step.dataset, step.inputs, ROLES[step.kind]) for step in compiled.steps]


def edges(of: Iterable[Node]) -> list[dict[str, str]]:
    """Which dataset feeds which, for the picture."""
    return [{"from": name, "to": node.name} for node in of for name in node.inputs]
