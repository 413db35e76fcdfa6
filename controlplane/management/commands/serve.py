"""Serve the console and the API and do the work, in this one process, until interrupted."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from controlplane import serving


class Command(BaseCommand):
    help = "Embedded mode: the console, the API and the work in this one process."

    def add_arguments(self, parser: CommandParser) -> None:
        serving.add_address(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        serving.refuse_taken("serve", options["host"], options["port"])
        server = serving.Serving(options["host"], options["port"])
        self.stdout.write(f"Loopline listens at {server.start()}")
        self.stdout.flush()
        server.wait()
        self.stdout.write("Stopped. Nothing is lost: the next start continues here.")
