"""Definitions as files: one pipeline in each, read from a folder and written to one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pipelines_app.compiler import document_places, documents
from pipelines_app.compiler.definition import Definition
from pipelines_app.errors import DefinitionInvalid, Problem
from pipelines_app.models import Pipeline

ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, kw_only=True)
class File:
    """One definition as it was given: YAML text, or a document; `name` is what faults call it, if it has one."""

    name: str
    content: str | Mapping[str, object]

    @property
    def definition(self) -> Definition:
        """What it defines; raises DefinitionInvalid, each path beginning with the name of the file and the line."""
        if isinstance(self._read, DefinitionInvalid):
            raise self._read
        return self._read

    @cached_property
    def _read(self) -> Definition | DefinitionInvalid:
        content = self.content
        try:
            return documents.parse(documents.from_yaml(content) if isinstance(content, str) else content)
        except DefinitionInvalid as invalid:
            return DefinitionInvalid(self.placed(invalid.problems))

    def teams(self) -> list[str]:
        """The team it names, and the one that owns the pipeline it names, as far as it can be read."""
        try:
            definition = self.definition
        except DefinitionInvalid:
            return []
        owner = Pipeline.objects.filter(name=definition.pipeline).values_list("team__name", flat=True)
        return [definition.team, *owner]

    def placed(self, problems: Iterable[Problem]) -> list[Problem]:
        """Faults of this definition among those of others."""
        return [replace(problem, path=self._path(problem)) for problem in problems]

    def _path(self, problem: Problem) -> str:
        if not self.name:
            return problem.path
        line = document_places.line_of(self.content, problem.path) if isinstance(self.content, str) else None
        name = self.name if line is None else f"{self.name}:{line}"
        return f"{name}: {problem.path}" if problem.path else name


def read(folder: Path) -> list[File]:
    """The definitions in a folder and those below it, by name; raises DefinitionInvalid if there is none.

    Links are not followed out of the folder, and what begins with a dot is left alone.
    """
    root = folder.resolve()
    paths = sorted(path for path in root.rglob("*") if path.suffix in ENDINGS and path.is_file())
    plain = (path for path in paths if not any(part.startswith(".") for part in path.relative_to(root).parts))
    inside = [path for path in plain if path.resolve().is_relative_to(root)]
    if not inside:
        raise DefinitionInvalid([Problem(path=str(folder), message="There is no definition here: no file .yaml.")])
    return [File(name=str(path.relative_to(root)), content=_text(path)) for path in inside]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DefinitionInvalid([Problem(path=path.name, message="The file is not UTF-8.")]) from error


def exported(pipelines: Iterable[Pipeline]) -> dict[str, str]:
    """Current definitions (of pipelines read with `current`) as YAML, by file name; applied, they change nothing."""
    return {
        f"{pipeline.name}.yaml": documents.to_yaml(pipeline.current.document)
        for pipeline in pipelines
        if pipeline.current is not None
    }
