"""Measure and judge what is published, as embedded mode asks; it starts this by itself."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from controlplane import measurer


class Command(BaseCommand):
    help = "Embedded mode's second process: it measures and judges what it is asked for through an inherited socket."
    requires_system_checks = []  # they load every page

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("wire", type=int, help="the descriptor of the socket")

    def handle(self, *args: Any, **options: Any) -> None:
        measurer.main(options["wire"])
