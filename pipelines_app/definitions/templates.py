"""Registering and revising a template: the console, the API and YAML all end here."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from pipelines_app import events, locks
from pipelines_app.access import audit
from pipelines_app.compiler import expanding, templating
from pipelines_app.definitions import digests, shipped
from pipelines_app.definitions.authors import Author
from pipelines_app.errors import DefinitionInvalid, NameTaken, NotFound, Outdated, Problem
from pipelines_app.facts import TemplateRevised
from pipelines_app.models import Team, Template, TemplateRevision


@dataclass(frozen=True, kw_only=True)
class PreparedTemplate:
    """A template that can be registered, the row that it revises, and the number it would have."""

    row: Template | None
    template: templating.Template
    document: dict[str, object]

    @property
    def was(self) -> int:
        """The current revision; 0 for a new template."""
        return self.row.current.number if self.row and self.row.current else 0

    @property
    def unchanged(self) -> bool:
        return bool(self.row and self.row.current and self.row.current.digest == digests.of(self.document))

    @property
    def number(self) -> int:
        """The revision it has once it is registered."""
        return self.was if self.unchanged else self.was + 1


def prepare(document: Mapping[str, object], row: Template | None = None) -> PreparedTemplate:
    """Try a template; raises DefinitionInvalid with every fault found, NameTaken if the name is not the team's."""
    template = expanding.parse(document)
    shipped.keep_up(template.name)
    row = row or Template.objects.filter(name=template.name).select_related("team", "current").first()
    if row is not None and row.is_shipped:
        raise NameTaken(f"{row.name} came with the product.", todo="Register yours under another name.")
    if row is None and template.name in shipped.shelf():
        raise NameTaken(f"{template.name} is the name of a template of the product.", todo="Choose another name.")
    return PreparedTemplate(row=row, template=template, document=templating.dump(template))


def refuse_others(prepared: PreparedTemplate, teams: frozenset[str]) -> None:
    """Raise NotFound unless these teams hold both the one that owns the template and the one it is to be of."""
    owner = prepared.row.team if prepared.row else None
    for team in (owner.name if owner else prepared.template.team, prepared.template.team):
        if team not in teams:
            raise NotFound(f"There is no team {team!r} that you may write for.")


def register(
    document: Mapping[str, object], *, author: Author, why: str = "", onto: int | None = None
) -> tuple[TemplateRevision, bool]:
    """Register a template, or revise it; True if that made a new revision. Pipelines made from it stay as they are.

    Raises DefinitionInvalid, NameTaken, NotFound if the author may not write for the template's team, and Outdated if
    `onto` is given and is not the number of the current revision.
    """
    prepared = prepare(document)
    refuse_others(prepared, author.teams)
    return write(prepared, author=author, why=why, onto=onto)


@transaction.atomic
def write(
    prepared: PreparedTemplate, *, author: Author, why: str = "", onto: int | None = None
) -> tuple[TemplateRevision, bool]:
    """Register what was prepared; raises NotFound and Outdated as `register` does."""
    refuse_others(prepared, author.teams)
    name, team = prepared.template.name, _team(prepared)
    if prepared.row is None:
        if Template.objects.filter(name=name).exists():
            raise _outdated(name)
        row = Template.objects.create(name=name, team=team)
    else:
        row = locks.held(Template.objects.select_related("current")).get(pk=prepared.row.pk)
    current = row.current
    if (current.number if current else 0) != (prepared.was if onto is None else onto):
        raise _outdated(name)
    if current is not None and current.digest == digests.of(prepared.document):
        return current, False
    revision = TemplateRevision.objects.create(
        template=row,
        number=prepared.was + 1,
        document=prepared.document,
        digest=digests.of(prepared.document),
        why=why[:500],
        author=author.user,
    )
    Template.objects.filter(pk=row.pk).update(current=revision, team=team)
    _told(revision, team, author, why)
    return revision, True


def _team(prepared: PreparedTemplate) -> Team:
    team = Team.objects.filter(name=prepared.template.team).first()
    if team is None:
        message = f"There is no team {prepared.template.team!r}."
        raise DefinitionInvalid([Problem(path="team", message=message)])
    return team


def _outdated(name: str) -> Outdated:
    return Outdated(
        f"Somebody else has just changed the template {name}.",
        todo="Read it again, bring your change to what is there, and send that.",
    )


def _told(revision: TemplateRevision, team: Team, author: Author, why: str) -> None:
    name = revision.template.name
    events.record(TemplateRevised(template=name, revision=revision.number, why=why[:500]), actor=author.actor)
    audit.record(
        actor=author.actor,
        action="template.revised",
        subject=name,
        team=team,
        change={"revision": revision.number, "why": why[:500]},
    )
