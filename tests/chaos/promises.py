"""The promises, and what in the tests holds each: read from the marks `@pytest.mark.promise(number, faults=…)`."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "promises.md"
BEGIN, END = "<!-- written by `python -m tests.chaos --write` -->", "<!-- end -->"

PROMISES = {
    1: "An accepted event is never lost.",
    2: "What was not accepted left no trace, or a run that the retry finds.",
    3: "Every run reaches a terminal state within three leases once faults stop.",
    4: "A step takes effect exactly once.",
    5: "The same idempotency key with the same body gives the same answer and one effect.",
    6: "The same key with another body is 422 and has no effect.",
    7: "Keys live for 24 hours at least, and old ones are pruned.",
    8: "The same webhook id is one event; a bad signature or a stale timestamp is 401 and no event.",
    9: "Of workers that claim one step, one wins.",
    10: "A worker that was paused past its lease cannot commit when it wakes.",
    11: "A worker that cannot renew its lease stops its work before somebody else begins it.",
    12: "A step that was claimed and never renewed is done by another worker.",
    13: "Without Redis nothing is lost, only slower, and what comes in is still accepted at once.",
    14: "PostgreSQL may restart: nothing committed is lost, the web says 503 with Retry-After, workers reconnect.",
    15: "A full disk is a readable error without partial state, and work goes on by itself once there is room.",
    16: "An upload that is cut short makes no version and leaves no file, and the same upload works again.",
    17: "A dropped file is read only when it is whole.",
    18: "Alerts are told at least once: one per rule, subject and window, and one recovery.",
    19: "A channel that is down is tried again with back-off, shown as undelivered, and told by another channel.",
    20: "Missing data is noticed with no event at all, and starts its run by itself, once, when it comes.",
    21: "Late and repeated arrivals have one effect per period, or make an explicit new version.",
    22: "Two hours of clock skew on a worker change nothing.",
    23: "A daily deadline fires once on days of 23 and of 25 hours.",
    24: "A cancelled run stays cancelled, and its running query is stopped within five seconds.",
    25: "A poisoned step starves nobody: bounded attempts with back-off, then failed with a reason.",
    26: "A warm stop loses nothing.",
    27: "The workers of the release before run beside the web of this one.",
    28: "A replay of the same event, revision and inputs gives equal output.",
    29: "The event log is complete and ordered per run: every change of state has one event.",
    30: "The platform watches itself: a dead sweep turns /readyz to 503 and the console red.",
    31: "A restored backup holds all of the above.",
}


@dataclass(frozen=True, kw_only=True)
class Holder:
    """One test that holds a promise."""

    promise: int
    faults: str
    file: str
    test: str
    chaotic: bool


@cache
def holders() -> list[Holder]:
    """Every test that is marked as holding a promise."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [holder for file in files for holder in _of_file(file.relative_to(ROOT), ast.parse(file.read_text()))]


def _of_file(file: Path, tree: ast.Module) -> Iterator[Holder]:
    for_all = [node.value for node in tree.body if isinstance(node, ast.Assign) and _is_pytestmark(node)]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            marks = [*for_all, *node.decorator_list]
            chaotic = any(ast.unparse(one) == "pytest.mark.chaos" for mark in marks for one in _parts(mark))
            for number, faults in (found for mark in marks for found in _promises(mark)):
                yield Holder(promise=number, faults=faults, file=file.as_posix(), test=node.name, chaotic=chaotic)


def _is_pytestmark(node: ast.Assign) -> bool:
    return [ast.unparse(target) for target in node.targets] == ["pytestmark"]


def _parts(mark: ast.expr) -> list[ast.expr]:
    return mark.elts if isinstance(mark, ast.List) else [mark]


def _promises(mark: ast.expr) -> Iterator[tuple[int, str]]:
    for part in _parts(mark):
        if isinstance(part, ast.Call) and ast.unparse(part.func) == "pytest.mark.promise":
            faults = [ast.literal_eval(keyword.value) for keyword in part.keywords if keyword.arg == "faults"]
            for argument in part.args:
                yield ast.literal_eval(argument), "".join(faults)


def table() -> str:
    """The promises with what breaks them and what holds them, as Markdown."""
    found = holders()
    lines = ["| # | promise | faults injected | held by |", "|---|---|---|---|"]
    for number, promise in PROMISES.items():
        mine = [holder for holder in found if holder.promise == number]
        faults = "; ".join(dict.fromkeys(holder.faults for holder in mine if holder.faults))
        lines.append(f"| {number} | {promise} | {faults} | {_held_by(mine)} |")
    return "\n".join(lines)


def _held_by(holders: list[Holder]) -> str:
    if not holders:
        return "**nothing yet**"
    files: dict[str, list[Holder]] = {}
    for holder in holders:
        files.setdefault(holder.file, []).append(holder)
    return "<br>".join(
        f"`{file}`: {len({one.test for one in mine})}{' (chaos)' if all(one.chaotic for one in mine) else ''}"
        for file, mine in files.items()
    )


def written() -> str:
    """The table as docs/promises.md has it."""
    return DOCUMENT.read_text().partition(BEGIN)[2].partition(END)[0].strip()


def write() -> None:
    """Put the table as it is now into docs/promises.md."""
    before, _, rest = DOCUMENT.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}")
