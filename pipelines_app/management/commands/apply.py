"""Register what a folder of definitions says: all of it, or nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from pipelines_app.definitions import files, plans
from pipelines_app.errors import LooplineError
from pipelines_app.management import remote, words


class Command(BaseCommand):
    help = "Register the definitions in a folder: one pipeline or template in each .yaml file. All of them, or none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        remote.add_argument(parser)
        parser.add_argument("--why", default="", help="kept with every new revision")
        parser.add_argument("--break", action="store_true", dest="breaking", help="accept that readers lose a column")
        parser.add_argument("--state", default="", help="what `plan` printed: refuse if it is another by now")

    def handle(self, *args: Any, **options: Any) -> None:
        said = {key: options[key] for key in ("why", "state", "breaking")}
        number, every = self._there(options, said) if options["at"] else self._here(options["folder"], said)
        self.stdout.write(f"{number} changed, {every - number} as they were.")

    def _here(self, folder: Path, said: Mapping[str, Any]) -> tuple[int, int]:
        try:
            given = files.read(folder)
            done = plans.carry_out(given, author=words.operator(), **said)
        except LooplineError as error:
            raise words.refusal(error) from error
        for revised in done.templates:
            self.stdout.write(f"template {revised.template.name}: revision {revised.number}")
        for revision, _ in done.pipelines:
            self.stdout.write(f"{revision.pipeline.name}: revision {revision.number}")
        return len(done.pipelines) + len(done.templates), len(given)

    def _there(self, options: Mapping[str, Any], said: Mapping[str, Any]) -> tuple[int, int]:
        done = remote.Installation(options["at"]).apply(options["folder"], **said)
        for revised in done["templates"]:
            self.stdout.write(f"template {revised['template']}: revision {revised['revision']}")
        for revised in done["applied"]:
            self.stdout.write(f"{revised['pipeline']}: revision {revised['revision']}")
        return len(done["applied"]) + len(done["templates"]), len(files.read(options["folder"]))
