"""Definitions as files: one pipeline or template in each, read from a folder and written to one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pipelines_app.compiler import document_places, documents, templating
from pipelines_app.errors import DefinitionInvalid, Problem
from pipelines_app.models import Pipeline, Template

ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, kw_only=True)
class File:
    """One definition as it was given: YAML text, or a document; `name` is what faults call it, if it has one."""

    name: str
    content: str | Mapping[str, object]

    @property
    def document(self) -> Mapping[str, object]:
        """What stands in it; raises DefinitionInvalid, each path beginning with the name of the file and the line."""
        if isinstance(self._read, DefinitionInvalid):
            raise self._read
        return self._read

    @cached_property
    def _read(self) -> Mapping[str, object] | DefinitionInvalid:
        if not isinstance(self.content, str):
            return self.content
        try:
            return documents.from_yaml(self.content)
        except DefinitionInvalid as invalid:
            return DefinitionInvalid(self.placed(invalid.problems))

    @property
    def is_template(self) -> bool:
        """Whether it is a template, and not a pipeline."""
        return templating.is_template(self.document)

    def teams(self) -> list[str]:
        """The team it names, and the one that owns the pipeline or template it names, as far as it can be read."""
        return teams([self])

    def placed(self, problems: Iterable[Problem]) -> list[Problem]:
        """Faults of this definition among those of others."""
        return [replace(problem, path=self._path(problem)) for problem in problems]

    def _path(self, problem: Problem) -> str:
        if not self.name:
            return problem.path
        line = document_places.line_of(self.content, problem.path) if isinstance(self.content, str) else None
        name = self.name if line is None else f"{self.name}:{line}"
        return f"{name}: {problem.path}" if problem.path else name


def teams(given: Iterable[File]) -> list[str]:
    """The same of many, each team once."""
    found: set[str] = set()
    pipelines: set[str] = set()
    templates: set[str] = set()
    for file in given:
        try:
            document, is_template = file.document, file.is_template
        except DefinitionInvalid:
            continue
        name = str(document.get("template" if is_template else "pipeline", ""))
        (templates if is_template else pipelines).add(_short(name))
        team = document.get("team")
        found |= {_short(team)} if isinstance(team, str) and team else set()
    for names, rows in ((pipelines, Pipeline.objects), (templates, Template.objects)):
        owned = rows.filter(name__in=names, team__isnull=False) if names else rows.none()
        found.update(owned.values_list("team__name", flat=True))
    return sorted(found)


def _short(name: str) -> str:
    return name[:63].replace("\0", "")


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


def exported(pipelines: Iterable[Pipeline], templates: Iterable[Template] = ()) -> dict[str, str]:
    """Current definitions (of rows read with `current`) as YAML, by file name; applied, they change nothing.

    Of a pipeline that a template made its values are written; the revision only where it is not the current one.
    """
    texts = {f"templates/{one.name}.yaml": documents.to_yaml(one.current.document) for one in templates if one.current}
    newest = dict(Template.objects.values_list("name", "current__number"))
    return texts | {
        f"{pipeline.name}.yaml": documents.to_yaml(written(pipeline.current.document, newest))
        for pipeline in pipelines
        if pipeline.current is not None
    }


def written(document: Mapping[str, object], newest: Mapping[str, int]) -> dict[str, object]:
    """A stored document as a person writes it; what follows its template says no revision."""
    told = documents.as_written(document)
    said = told.get("template")
    if isinstance(said, Mapping) and newest.get(str(said["name"])) == said["revision"]:
        told["template"] = {key: value for key, value in said.items() if key != "revision"}
    return told
