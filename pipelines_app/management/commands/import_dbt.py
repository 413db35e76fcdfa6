"""`manage.py import_dbt target/manifest.json --team sales`: what a dbt project makes from what, into the catalogue."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from pipelines_app.errors import MessageInvalid
from pipelines_app.intake import dbt
from pipelines_app.models import Team


class Command(BaseCommand):
    help = "Record the tables, columns and lineage of a dbt project from its manifest.json."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("manifest", type=Path, help="the file that dbt writes: target/manifest.json")
        parser.add_argument("--team", required=True, help="whose project it is")
        parser.add_argument("--namespace", default="", help="of its tables; dbt://<project> if not said")

    def handle(self, *args: Any, manifest: Path, team: str, namespace: str, **options: Any) -> None:
        owner = Team.objects.filter(name=team).first()
        if owner is None:
            raise CommandError(f"There is no team {team!r}.")
        try:
            read = dbt.read(manifest.read_bytes())
            done = dbt.record(read, team=owner, sender="import_dbt", namespace=namespace)
        except OSError as error:
            raise CommandError(f"{manifest} cannot be read: {error.strerror}.") from error
        except MessageInvalid as refusal:
            raise CommandError(f"{refusal.message} {refusal.todo}") from refusal
        self.stdout.write(
            f"{done.tables} tables of {done.namespace}, {done.columns} columns, {done.edges} edges between columns: "
            f"{done.changed} changed, {done.removed} no longer made"
        )
        for one in done.gaps:
            self.stdout.write(f"  not whole: {one.table}: {one.reason}")
