"""Serve the console and the API and do the work, in this one process, until interrupted."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from controlplane.serving import Serving


class Command(BaseCommand):
    help = "Embedded mode: the console, the API and the work in this one process."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        serving = Serving(options["host"], options["port"])
        port = serving.start()
        self.stdout.write(f"Loopline listens at http://{options['host']}:{port}")
        self.stdout.flush()
        serving.wait()
        self.stdout.write("Stopped. Nothing is lost: the next start continues here.")
