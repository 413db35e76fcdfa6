"""Make the database, the first admin and the sample workspace; prints what only this moment knows."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from controlplane import preparing
from pipelines_app.errors import LooplineError
from pipelines_app.management import words


class Command(BaseCommand):
    help = "Make the database, the first admin (password shown once), and a team or the sample workspace."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print it as JSON, with keys for the sample's supplier")
        parser.add_argument("--no-keys", action="store_true", help="make no new keys for the sample's supplier")
        parser.add_argument("--no-sample", action="store_true", help="register no sample pipelines")
        parser.add_argument("--team", default="", help="make this team, led by the first admin, and no sample")

    def handle(self, *args: Any, **options: Any) -> None:
        preparing.migrate()
        admin = preparing.first_admin()
        if options["team"]:
            try:
                preparing.first_team(options["team"])
            except LooplineError as refused:
                raise words.refusal(refused) from refused
        without = options["no_sample"] or bool(options["team"])
        fresh = False if without else preparing.sample_workspace()
        if options["json"]:
            keys = {} if without or options["no_keys"] else asdict(preparing.sample_keys())
            self.stdout.write(json.dumps({"admin": asdict(admin), "sample": fresh, "keys": keys}))
        elif admin.password:
            self.stdout.write(f"First admin: {admin.username}, password: {admin.password} (shown this once)")
