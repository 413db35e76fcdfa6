"""The naming convention: layers, what names in each look like, what is reserved. One for the whole installation.

It is judged when a definition is accepted; what was accepted before stays, whatever the convention has become since.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import re2

from pipelines_app.compiler import document_text, names, patterns
from pipelines_app.compiler.reading import Reader
from pipelines_app.errors import DefinitionInvalid, Problem

LONGEST_PATTERN = 500


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer: whether sources or steps write there, and the pattern (RE2) of the names after the dot."""

    name: str
    sources: bool = False
    pattern: str = ""
    example: str = ""

    @property
    def expected(self) -> str:
        """The form of a name here, in words."""
        shape = self.example or "domain_entity"
        return f"{self.name}.{shape}" + (f" (after the dot: {self.pattern})" if self.pattern else "")


@dataclass(frozen=True, kw_only=True)
class Convention:
    """The layers in the order in which data go through them, and names that nobody may use."""

    layers: tuple[Layer, ...]
    reserved: frozenset[str] = frozenset()

    @property
    def by_name(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    def written_by(self, *, source: bool) -> list[str]:
        """The layers that sources, or steps, write to."""
        return [layer.name for layer in self.layers if layer.sources is source]

    def fault(self, dataset: str, *, source: bool = False) -> str:
        """What is wrong with the name of a dataset, in words with the form expected; empty for nothing."""
        name, dot, table = dataset.partition(".")
        allowed = self.written_by(source=source)
        if not dot:
            return f"{dataset!r} must be written layer.domain_entity, for example {allowed[0]}.{dataset}"
        layer = self.by_name.get(name)
        if layer is None:
            return f"{name!r} is not a layer; use one of {', '.join(self.by_name)}{names.hint(name, self.by_name)}"
        if source and not layer.sources:
            return f"a source belongs in the layer {' or '.join(allowed)}: name it {allowed[0]}.{table}"
        if layer.sources and not source:
            return f"the layer {name} is for sources; a step writes to one of {', '.join(allowed)}"
        if table.lower() in self.reserved:
            return f"{table!r} is a reserved name; write {layer.expected}"
        if layer.pattern and not re2.fullmatch(layer.pattern, table):
            return f"{table!r} does not keep the convention of its layer; write {layer.expected}"
        return ""


STANDARD = Convention(
    layers=(Layer(name="raw", sources=True), Layer(name="staging"), Layer(name="core"), Layer(name="mart"))
)
_in_force = [STANDARD]


def in_force() -> Convention:
    """The convention of this installation."""
    return _in_force[-1]


def use(convention: Convention) -> None:
    """Make a convention that of this installation, at its start."""
    _in_force[:] = [convention]


@contextmanager
def using(convention: Convention) -> Iterator[None]:
    """Have another convention for a while."""
    _in_force.append(convention)
    try:
        yield
    finally:
        _in_force.pop()


def read(text: str) -> Convention:
    """A convention from its YAML; raises DefinitionInvalid with every fault."""
    reader = Reader(document_text.from_yaml(text))
    reader.only("layers", "reserved")
    layers = tuple(_layer(name, inner) for name, inner in reader.sections("layers")) or STANDARD.layers
    for source, word in ((True, "sources"), (False, "steps")):
        if not any(layer.sources is source for layer in layers):
            reader.fault("layers", f"there is no layer for {word}")
    reserved = frozenset(name.lower() for name in reader.texts("reserved"))
    if reader.problems:
        raise DefinitionInvalid(reader.problems)
    return Convention(layers=layers, reserved=reserved)


def _layer(name: str, reader: Reader) -> Layer:
    reader.only("sources", "pattern", "example")
    message = names.table_fault(name)
    if message:
        reader.fault("", message)
    layer = Layer(
        name=name,
        sources=reader.flag("sources", False),
        pattern=reader.checked("pattern", _pattern_fault),
        example=reader.text("example"),
    )
    if layer.example and layer.pattern and not reader.problems and not re2.fullmatch(layer.pattern, layer.example):
        reader.fault("example", f"{layer.example!r} does not match the pattern")
    return layer


def _pattern_fault(pattern: str) -> str:
    if not patterns.compiles(pattern):
        return f"{pattern!r} is not a regular expression (RE2)"
    return "" if len(pattern) <= LONGEST_PATTERN else f"may be {LONGEST_PATTERN} characters long"


def problems(made: Mapping[str, tuple[str, bool]]) -> list[Problem]:
    """The faults of the names of datasets: each by its path, with whether it is a source."""
    convention = in_force()
    whole = {path: one for path, one in made.items() if one[0] and not names.dataset_fault(one[0])}
    found = ((path, convention.fault(name, source=source)) for path, (name, source) in whole.items())
    return [Problem(path=path, message=message) for path, message in found if message]
