"""Rolling a template's revision out: its pipelines planned and revised with it, all, some or one."""

from dataclasses import dataclass

from django.db import transaction

from pipelines_app import events
from pipelines_app.compiler import templating
from pipelines_app.definitions import plans
from pipelines_app.definitions.authors import Author
from pipelines_app.definitions.files import File
from pipelines_app.definitions.planned import Plan
from pipelines_app.definitions.plans import Applied
from pipelines_app.errors import NotFound
from pipelines_app.facts import TemplateRolledOut
from pipelines_app.models import Pipeline, Template


@dataclass(frozen=True, kw_only=True)
class Wave:
    """Which pipelines are to be made from which revision of their template: the current one, and all of them, if none.

    All means those of the teams that whoever asks may write for.
    """

    template: str
    number: int | None = None
    names: tuple[str, ...] | None = None


def plan(wave: Wave, *, author: Author) -> Plan:
    """What rolling it out would do.

    Raises NotFound for what is no pipeline of the template that the author may write, and DefinitionInvalid where
    values do not fit, each path beginning with the name of a pipeline.
    """
    return plans.plan(files(wave, author.teams), author=author)


def roll_out(wave: Wave, *, author: Author, why: str = "", state: str = "", breaking: bool = False) -> Applied:
    """Do what `plan` said, all of it or nothing; raises as `plan` and `plans.apply` do."""
    given = files(wave, author.teams)
    template = Template.objects.select_related("current").get(name=wave.template)
    revision = wave.number or template.in_force.number
    with transaction.atomic():
        done = plans.carry_out(
            given,
            author=author,
            why=why or f"Rolled out revision {revision} of {template}.",
            state=state,
            breaking=breaking,
        )
        if done.pipelines:
            fact = TemplateRolledOut(
                template=template.name, revision=revision, pipelines=len(done.pipelines), why=why[:500]
            )
            events.record(fact, actor=author.actor)
    return done


def files(wave: Wave, teams: frozenset[str]) -> list[File]:
    """The pipelines as files that follow the template, or name its revision."""
    if not Template.objects.filter(name=wave.template).exists():
        raise NotFound(f"There is no template {wave.template!r}.")
    made = Pipeline.objects.filter(current__made_from__template__name=wave.template, team__name__in=teams)
    rows = made.select_related("current").defer("current__compiled").order_by("name")
    if wave.names is not None:
        rows = rows.filter(name__in=wave.names)
    found = {row.name: templating.following(row.in_force.document, wave.number) for row in rows}
    missing = sorted(set(wave.names or ()) - found.keys())
    if missing:
        told = ", ".join(missing[:5])
        raise NotFound(f"{told}: made from {wave.template} by none of the teams you may write for.")
    return [File(name=name, content=document) for name, document in found.items()]
