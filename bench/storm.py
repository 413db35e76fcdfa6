"""Ten thousand alerts at once for one team: what people are told, what programs are told, and whether anything is lost.

On SQLite, with a mail server and a receiver of webhooks on this machine. Alerts are opened one by one through the verb
that events use, in one process; then the sweep and one sender go on until nothing waits.
"""

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from bench.figures import Figure, Report, Target, parser, say
from tests.monitoring.receivers import Mailbox, SlackReceiver

ALERTS = 10_000
NOTHING, FEW = Target(most=1), Target(most=100)


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--alerts", type=int, default=ALERTS, help="how many (10,000)")
    asked = made.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="loopline-bench-") as home,
        Mailbox() as mailbox,
        SlackReceiver() as programs,
    ):
        found = _stormed(asked.alerts, home, mailbox.url, programs.url)
        heard = {headers["webhook-id"] for headers, _ in programs.heard}
        mails, digests = len(mailbox.messages), sum(mail["Subject"].startswith("[Digest]") for mail in mailbox.messages)
    report = Report(title=f"A storm of {asked.alerts:,} alerts of one team: one e-mail address, one webhook")
    every = Target(least=asked.alerts)
    report.add(
        Figure(name="opening one alert, with its messages", value=found["opening"], unit="ms"),
        Figure(name="opened in a minute", value=60_000 / found["opening"], unit=""),
        Figure(name="e-mails", value=mails, unit="", target=FEW),
        Figure(name="of them digests", value=digests, unit=""),
        Figure(name="messages that the digests tell of, and e-mails", value=found["told"], unit="", target=every),
        Figure(name="messages to the webhook", value=len(heard), unit="", target=every),
        Figure(name="messages that wait or are lost", value=found["lost"], unit="", target=NOTHING),
        Figure(name="until all was told, from the last alert on", value=found["telling"], unit="s"),
        Figure(name="memory of the process that opened and told, at most", value=found["memory"], unit="MiB"),
    )
    report.show(as_json=asked.json)


def _stormed(alerts: int, home: str, mail: str, url: str) -> dict[str, Any]:
    """What a process of its own found out: a setting of Django holds for a whole process."""
    say(f"opening {alerts:,} alerts")
    settings = {
        "DJANGO_SETTINGS_MODULE": "controlplane.settings.development",
        "LOOPLINE_HOME": home,
        "EMAIL_URL": mail,
        "LOOPLINE_WEBHOOK_INSIDE": url.partition("/services")[0],
    }
    told = subprocess.run(
        [sys.executable, "-m", "bench.parts.storm", str(alerts), url],
        env={**os.environ, **settings, "DATABASE_URL": f"sqlite://{home}/storm.sqlite3"},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
