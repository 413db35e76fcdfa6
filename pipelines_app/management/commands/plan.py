"""Say what applying a folder of definitions would do."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pipelines_app.definitions import files, plans, telling
from pipelines_app.errors import LooplineError
from pipelines_app.management import remote, words


class Command(BaseCommand):
    help = "Say what applying a folder would do: one pipeline or template in each .yaml file. Writes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        remote.add_argument(parser)
        parser.add_argument("--check", action="store_true", help="end with 2 if anything would change")

    def handle(self, *args: Any, **options: Any) -> None:
        lines, is_empty = _there(options) if options["at"] else _here(options)
        for line in lines:
            self.stdout.write(line)
        if options["check"] and not is_empty:
            raise CommandError("What is registered differs.", returncode=2)


def _here(options: dict[str, Any]) -> tuple[Iterable[str], bool]:
    try:
        plan = plans.plan(files.read(options["folder"]), author=words.operator())
    except LooplineError as error:
        raise words.refusal(error) from error
    return telling.lines(plan), plan.is_empty


def _there(options: dict[str, Any]) -> tuple[Iterable[str], bool]:
    told = remote.Installation(options["at"]).plan(options["folder"])
    return told["lines"], all(one["unchanged"] for one in [*told["pipelines"], *told["templates"]])
