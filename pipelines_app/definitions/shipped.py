"""The templates that come with the product: files of the package, kept up with in the database when they are used."""

from functools import cache
from pathlib import Path

from django.db import IntegrityError, transaction

from pipelines_app.compiler import documents, expanding, templating
from pipelines_app.definitions import digests
from pipelines_app.models import Template, TemplateRevision

FOLDER = Path(__file__).resolve().parents[1] / "shipped"
WHY = "Came with the product."
Document = dict[str, object]


@cache
def shelf() -> dict[str, Document]:
    """The documents of the shipped templates, by name."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.yaml")))
    read = (expanding.parse(documents.from_yaml(text), shipped=True) for text in texts)
    return {template.name: templating.dump(template) for template in read}


def keep_up(*asked: str) -> None:
    """Have the shipped templates of these names, or all of them, as this release ships them; one query if they are."""
    wanted = {name: one for name, one in shelf().items() if name in asked or not asked}
    if not wanted:
        return
    rows = Template.objects.filter(name__in=wanted).values_list("name", "team_id", "current__digest")
    # A team may have taken the name before the product did.
    there = {name: digests.of(wanted[name]) if team else digest for name, team, digest in rows}
    for name, document in wanted.items():
        if there.get(name) != digests.of(document):
            _write(name, document)


def _write(name: str, document: Document) -> None:
    try:
        with transaction.atomic():
            template, _ = Template.objects.get_or_create(name=name)
            last = template.revisions.order_by("-number").first()
            revision = TemplateRevision.objects.create(
                template=template,
                number=last.number + 1 if last else 1,
                document=document,
                digest=digests.of(document),
                why=WHY,
            )
            Template.objects.filter(pk=template.pk).update(current=revision)
    except IntegrityError:  # somebody else has just done the same
        return
