"""Documents to definitions, those that a template fills included: templates as they stand, or as they are to be."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db.models import F, Q

from pipelines_app.compiler import documents, expanding, memory, names, templating
from pipelines_app.compiler.definition import Definition, Origin
from pipelines_app.compiler.expanding import Expanded
from pipelines_app.compiler.templating import Filled, Template
from pipelines_app.definitions import shipped
from pipelines_app.errors import DefinitionInvalid, Problem
from pipelines_app.models import Template as Registered
from pipelines_app.models import TemplateRevision

_READ: memory.Memory[Template] = memory.Memory(200)


@dataclass(frozen=True, kw_only=True)
class Read:
    """The definition of a document, and how faults of it are told to who wrote the document."""

    definition: Definition
    expanded: Expanded | None = None

    def placed(self, problems: Sequence[Problem]) -> list[Problem]:
        return self.expanded.placed(problems) if self.expanded else list(problems)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Have the faults that are found within told so."""
        try:
            yield
        except DefinitionInvalid as invalid:
            raise DefinitionInvalid(self.placed(invalid.problems)) from invalid


@dataclass(kw_only=True)
class Shelf:
    """The templates that documents are filled from: what is to be registered beside them comes before what is there."""

    pending: dict[str, tuple[int, Template]] = field(default_factory=dict)
    _found: dict[tuple[str, int | None], tuple[int, Template] | None] = field(default_factory=dict)

    def read(self, document: Mapping[str, object]) -> Read:
        """The definition of a document; raises DefinitionInvalid with every fault."""
        if not isinstance(document, Mapping) or not templating.is_filled(document):
            return Read(definition=documents.parse(document))
        filled = templating.read_filled(document)
        revision, template = self.find(filled)
        expanded = expanding.expand(template, revision, filled)
        return Read(definition=expanded.definition, expanded=expanded)

    def find(self, filled: Filled) -> tuple[int, Template]:
        """The template that a document names, and the number of the revision."""
        key = (filled.template, filled.revision)
        pending = self.pending.get(filled.template)
        if pending is not None and filled.revision in (None, pending[0]):
            return pending
        if key not in self._found:
            self._found[key] = _looked_up(*key)
        found = self._found[key]
        if found is None:
            raise DefinitionInvalid([self._missing(filled)])
        return found

    def _missing(self, filled: Filled) -> Problem:
        rows = Registered.objects.filter(current__isnull=False).values_list("name", "current__number")
        there = dict(rows) | {name: number for name, (number, _) in self.pending.items()}
        if filled.template in there:
            message = f"{filled.template} has no revision {filled.revision}; its newest is {there[filled.template]}"
            return Problem(path="template.revision", message=message)
        near = names.nearest(filled.template, there)
        message = f"there is no template {filled.template!r}{names.hint(filled.template, there)}"
        return Problem(path="template.name", message=message, suggestion=near)


def _looked_up(name: str, number: int | None) -> tuple[int, Template] | None:
    shipped.keep_up(name)
    revisions = TemplateRevision.objects.filter(template__name=name)
    wanted = Q(template__current_id=F("pk")) if number is None else Q(number=number)
    found = revisions.filter(wanted).first()
    return (found.number, stored(found)) if found else None


def stored(revision: TemplateRevision) -> Template:
    """The template of a revision; it was accepted before, so it is not tried again."""
    known = _READ.recall(revision.digest)
    if known is not None:
        return known
    return _READ.keep(revision.digest, templating.read(revision.document, shipped=True)[0])


def revision_of(origin: Origin | None) -> TemplateRevision | None:
    """The row of the template revision that a definition was made from."""
    if origin is None:
        return None
    return TemplateRevision.objects.get(template__name=origin.template, number=origin.revision)
