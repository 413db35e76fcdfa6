"""Everything at once: prepare, serve, and on the first start play the sample in."""

import json
import subprocess
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane import preparing, serving
from controlplane.sample import installation, playing
from controlplane.sample.client import Client

PACE_SECONDS = 0.7


class Command(BaseCommand):
    help = "Start Loopline on this machine; the first start plays the sample in."

    def add_arguments(self, parser: CommandParser) -> None:
        serving.add_address(parser)
        parser.add_argument("--no-sample", action="store_true", help="start with an empty workspace")

    def handle(self, *args: Any, **options: Any) -> None:
        serving.refuse_taken("up", options["host"], options["port"])
        admin = _prepared(without_sample=options["no_sample"])
        server = serving.Serving(options["host"], options["port"])
        url = server.start()
        self.stdout.write(f"\n  Loopline is up: {url}\n")
        if admin.password:
            self.stdout.write(f"  Sign in as {admin.username} with the password {admin.password}")
            self.stdout.write("  It is shown this once; `manage.py changepassword admin` makes another.\n")
        self.stdout.write("  Ctrl-C stops it; the next start continues here.\n")
        self.stdout.flush()
        if not options["no_sample"]:
            threading.Thread(target=self._play, args=(url,), name="sample", daemon=True).start()
        server.wait()
        self.stdout.write("Stopped. Nothing is lost: the next start continues here.")

    def _play(self, url: str) -> None:
        done = settings.VAR / "sample-played"
        if done.exists():
            return
        keys = preparing.sample_keys()
        script = playing.Script(folder=preparing.sample_folder(), pace=PACE_SECONDS)
        playing.Player(Client(url, keys), script, self._say).play()
        done.write_text("The sample was played in; remove this file to have it played again.\n")

    def _say(self, line: str) -> None:
        self.stdout.write(f"  {line}")
        self.stdout.flush()


def _prepared(*, without_sample: bool) -> preparing.Admin:
    """Prepare in a process of its own: what migrations and compiling load would stay in this one for good."""
    command = installation.manage("prepare", "--json", "--no-keys", *(["--no-sample"] if without_sample else []))
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise CommandError("Loopline could not be prepared; what is wrong stands above.")
    told = json.loads(done.stdout.splitlines()[-1])
    return preparing.Admin(**told["admin"])
