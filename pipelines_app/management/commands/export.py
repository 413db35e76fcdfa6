"""Write the registered definitions to a folder."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from pipelines_app.definitions import files
from pipelines_app.management import remote
from pipelines_app.models import Pipeline, Template


class Command(BaseCommand):
    help = "Write the registered definitions to a folder, one file for each; applied, they change none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        remote.add_argument(parser)
        parser.add_argument("--team", default="", help="only the pipelines of this team")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        folder.mkdir(parents=True, exist_ok=True)
        at, team = options["at"], options["team"]
        texts = remote.Installation(at).export(team) if at else _here(team)
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        self.stdout.write(f"{len(texts)} definitions written to {folder}")


def _here(team: str) -> dict[str, str]:
    pipelines = Pipeline.objects.select_related("current").order_by("name")
    templates = Template.objects.filter(team__isnull=False).select_related("current").order_by("name")
    if team:
        pipelines = pipelines.filter(team__name=team)
        templates = templates.filter(team__name=team)
    return files.exported(pipelines, templates)
