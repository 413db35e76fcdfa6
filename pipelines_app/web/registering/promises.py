"""The checks of one dataset as the form shows them: columns that are never empty make one row."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines_app.compiler import check_catalogue, checks
from pipelines_app.compiler.definition import CheckSpec
from pipelines_app.definitions import proposing
from pipelines_app.definitions.proposing import ColumnProfile
from pipelines_app.errors import DefinitionInvalid

Entry = dict[str, object]
GROUPED = frozenset({"not_null"})


@dataclass(frozen=True)
class Promise:
    """One check, or one promise about several columns: as an entry of the definition, in words, and why."""

    entry: Entry
    specs: tuple[CheckSpec, ...]
    reason: str = ""
    proposed: bool = False

    @property
    def spec(self) -> CheckSpec | None:
        return self.specs[0] if self.specs else None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a promise about several, each for itself."""
        return tuple(spec.columns[0] for spec in self.specs) if len(self.specs) > 1 else ()

    @property
    def sentence(self) -> str:
        if self.columns:
            return f"{len(self.columns)} columns are never empty"
        return checks.sentence(self.specs[0]) if self.specs else json.dumps(self.entry)

    @property
    def tolerant(self) -> bool:
        return self.spec is not None and check_catalogue.KINDS[self.spec.kind].tolerant

    @property
    def about(self) -> set[tuple[str, tuple[str, ...]]]:
        """Kind and columns: a proposal that differs from a check only in its numbers is none."""
        return {(spec.kind, spec.columns) for spec in self.specs}


def standing(entries: Sequence[object]) -> Iterator[Promise]:
    """The checks that stand in the definition, in their order; neighbours that differ only in their column as one."""
    alike: list[CheckSpec] = []
    for entry in entries:
        try:
            specs = check_catalogue.parse(entry, "")
        except DefinitionInvalid:
            yield from _closed(alike)
            yield Promise(entry if isinstance(entry, dict) else {}, ())
            continue
        for spec in specs:
            if not alike or not _goes_with(alike[-1], spec):
                yield from _closed(alike)
            alike.append(spec)
    yield from _closed(alike)


def _closed(alike: list[CheckSpec]) -> Iterator[Promise]:
    if alike:
        yield Promise(_together(alike), tuple(alike))
    alike.clear()


def _goes_with(before: CheckSpec, spec: CheckSpec) -> bool:
    """Whether two checks make one row: they agree in what is done if they are broken."""
    entries = [check_catalogue.dump(one) for one in (before, spec)]
    return all(map(_may_be_grouped, (before, spec), entries)) and _manner(entries[0]) == _manner(entries[1])


def _may_be_grouped(spec: CheckSpec, entry: Entry) -> bool:
    """Whether nothing tells a check from others of its kind but its column, which is one that commas can part."""
    body = entry[spec.kind]
    plain = not isinstance(body, Mapping) or not {"name", "where"} & body.keys()
    return spec.kind in GROUPED and plain and _is_plain(spec.columns[0])


def _is_plain(column: str) -> bool:
    return column == column.strip() and not {",", "\n"} & set(column)


def _manner(entry: Entry) -> str:
    """What is done if a check is broken: checks that agree in it can be one row."""
    body = next(iter(entry.values()))
    options = {key: value for key, value in body.items() if key != "column"} if isinstance(body, Mapping) else {}
    return json.dumps(options, sort_keys=True)


def _together(specs: Sequence[CheckSpec]) -> Entry:
    one = check_catalogue.dump(specs[0])
    if len(specs) == 1:
        return one
    body = one[specs[0].kind]
    options = {key: value for key, value in body.items() if key != "column"} if isinstance(body, Mapping) else {}
    return {specs[0].kind: {"columns": [spec.columns[0] for spec in specs], **options}}


def proposed(profile: Sequence[ColumnProfile], standing: Sequence[Promise], *, source: bool) -> Iterator[Promise]:
    """What the rows suggest beyond what stands."""
    there = {about for promise in standing for about in promise.about}
    never_empty = {columns[0] for kind, columns in there if kind in GROUPED}
    awkward = {column.name for column in profile if not _is_plain(column.name)}
    for proposal in proposing.checks(profile, source=source, promised=never_empty | awkward):
        specs = tuple(check_catalogue.parse(proposal.entry, ""))
        if (specs[0].kind, specs[0].columns) not in there:
            yield Promise(_spelled(proposal.entry, specs), specs, proposal.reason, proposed=True)


def _spelled(entry: Entry, specs: tuple[CheckSpec, ...]) -> Entry:
    return _together(specs) if len(specs) > 1 else entry
