"""Register what a folder of definitions says: all of it, or nothing."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from pipelines_app.definitions import files, plans
from pipelines_app.errors import LooplineError
from pipelines_app.management import words


class Command(BaseCommand):
    help = "Register the definitions in a folder: one pipeline or template in each .yaml file. All of them, or none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--why", default="", help="kept with every new revision")
        parser.add_argument("--break", action="store_true", dest="breaking", help="accept that readers lose a column")
        parser.add_argument("--state", default="", help="what `plan` printed: refuse if it is another by now")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            given = files.read(options["folder"])
            done = plans.carry_out(
                given,
                author=words.operator(),
                why=options["why"],
                state=options["state"],
                breaking=options["breaking"],
            )
        except LooplineError as error:
            raise words.refusal(error) from error
        for revised in done.templates:
            self.stdout.write(f"template {revised.template.name}: revision {revised.number}")
        for revision, _ in done.pipelines:
            self.stdout.write(f"{revision.pipeline.name}: revision {revision.number}")
        number = len(done.pipelines) + len(done.templates)
        self.stdout.write(f"{number} changed, {len(given) - number} as they were.")
