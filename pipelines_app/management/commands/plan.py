"""Say what applying a folder of definitions would do."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pipelines_app.definitions import files, plans
from pipelines_app.errors import LooplineError
from pipelines_app.management import words


class Command(BaseCommand):
    help = "Say what applying a folder would do: one pipeline or template in each .yaml file. Writes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--check", action="store_true", help="end with 2 if anything would change")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            plan = plans.plan(files.read(options["folder"]), author=words.operator())
        except LooplineError as error:
            raise words.refusal(error) from error
        for line in words.told(plan):
            self.stdout.write(line)
        if options["check"] and not plan.is_empty:
            raise CommandError("What is registered differs.", returncode=2)
