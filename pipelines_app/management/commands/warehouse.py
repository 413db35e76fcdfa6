"""Give every team its login and its schemas in the warehouse, or put right what they have."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from pipelines_app.engines.warehouse import provisioning
from pipelines_app.environments import places
from pipelines_app.errors import EngineError, LooplineError
from pipelines_app.management import words
from pipelines_app.models import Team


class Command(BaseCommand):
    help = "Give every team its login and its schemas in the warehouse. May be given again at any time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--renew", action="store_true", help="new passwords: restart the workers afterwards")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if not places.is_configured():
                todo = "Set LOOPLINE_WAREHOUSE_URL."
                raise EngineError("There is no warehouse.", kind=EngineError.SANDBOX, todo=todo)
            provisioning.examine(places.platform())
            for team in Team.objects.order_by("name"):
                login = places.provision(team, renew=options["renew"])
                self.stdout.write(f"{team}: {login.role}")
        except LooplineError as error:
            raise words.refusal(error) from error
