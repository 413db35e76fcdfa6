"""Play the sample through the front doors of a fresh installation, and exit 0 only if everything is as it must be."""

import json
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane import preparing
from controlplane.sample import playing
from controlplane.sample.client import Client
from controlplane.sample.installation import embedded
from controlplane.sample.judging import Judge, Outcome
from controlplane.sample.playing import Played
from controlplane.sample.receivers import Mailbox, SlackLike


class Command(BaseCommand):
    help = "Play the sample into a fresh installation over HTTP, and judge what comes of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="print the summary only")
        parser.add_argument("--without-learned", action="store_true", help="leave out what takes two minutes more")
        parser.add_argument("--json", action="store_true", help="print the figures as JSON lines too")

    def handle(self, *args: Any, **options: Any) -> None:
        say = (lambda line: None) if options["quiet"] else self._say
        begun = time.monotonic()
        played, outcome = self._play(say, learned=not options["without_learned"])
        self._tell(played, outcome, time.monotonic() - begun)
        if options["json"]:
            self._tell_json(played, outcome)
        if not outcome.holds:
            raise CommandError("The demo did not end as it must: see the claims marked 'no'.")

    @staticmethod
    def _play(say: Callable[[str], None], *, learned: bool) -> tuple[Played, Outcome]:
        mailbox, slack = Mailbox(), SlackLike()
        with ExitStack() as stack:
            receivers = {"EMAIL_URL": mailbox.start(), "LOOPLINE_SLACK_TEST_URL": slack.start()}
            stack.callback(mailbox.stop)
            stack.callback(slack.stop)
            home = stack.enter_context(tempfile.TemporaryDirectory(prefix="loopline-demo-"))
            site = stack.enter_context(embedded(home, receivers))
            script = playing.Script(folder=preparing.sample_folder())
            client = Client(site.url, site.keys)
            played = playing.Player(client, script, say).play()
            if learned:
                say("waiting until every batch is measured, and judged by those before it")
            return played, Judge(client, script, played).judge(mailbox, slack, learned=learned)

    def _say(self, line: str) -> None:
        self.stdout.write(f"  {line}")
        self.stdout.flush()

    def _tell(self, played: Played, outcome: Outcome, wall: float) -> None:
        self.stdout.write("\n  so   claim: what was found")
        for claim in outcome.claims:
            self.stdout.write(f"  {'yes' if claim.holds else 'NO ':4} {claim.says}: {claim.found}")
        self.stdout.write(
            f"\n  {played.files} files and messages in {played.seconds:.1f} s, "
            f"{played.files / played.seconds:.1f} a second"
            f" ({wall:.1f} s with starting and judging)"
        )
        self.stdout.write(
            f"  accepted arrival to published dataset (4 steps): "
            f"p50 {outcome.percentile(0.5) * 1000:.0f} ms, p95 {outcome.percentile(0.95) * 1000:.0f} ms"
        )

    def _tell_json(self, played: Played, outcome: Outcome) -> None:
        figures = {
            "demo_files_per_second": (played.files / played.seconds, "1/s"),
            "demo_arrival_to_published_p50": (outcome.percentile(0.5) * 1000, "ms"),
            "demo_arrival_to_published_p95": (outcome.percentile(0.95) * 1000, "ms"),
        }
        for name, (value, unit) in figures.items():
            self.stdout.write(json.dumps({"name": name, "value": round(value, 2), "unit": unit}))
