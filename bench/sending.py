"""Sends signed messages over kept connections: `python -m bench.sending`, told on stdin what and to whom.

Prints how many were accepted in how many seconds, and the milliseconds that each answer took.
"""

import hashlib
import hmac
import http.client
import json
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from pipelines_app.access import signatures

SECRET = b"bare"
RECORDS = 5
FIRST_DAY = date(2020, 1, 1)
DAYS = 1000
PATIENCE_SECONDS = 30


@dataclass
class Sender:
    """One of those who send; a message is sent when the one before was answered, and not before its time."""

    asked: dict[str, Any]
    number: int
    begun: float
    taken: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Send until the time is over."""
        targets = [(urlsplit(one["url"]), one["secret"]) for one in self.asked["targets"]]
        lines = {url.netloc: http.client.HTTPConnection(url.netloc, timeout=PATIENCE_SECONDS) for url, _ in targets}
        every = self.asked["senders"] / self.asked["rate"] if self.asked["rate"] else 0.0
        sent = 0
        while time.monotonic() < self.begun + self.asked["seconds"]:
            due = self.begun + (sent + self.number / self.asked["senders"]) * every
            time.sleep(max(0.0, due - time.monotonic()))
            url, secret = targets[(sent + self.number) % len(targets)]
            self._send(lines[url.netloc], url.path, secret, sent)
            sent += 1
        for line in lines.values():
            line.close()

    def _send(self, line: http.client.HTTPConnection, path: str, secret: str, sent: int) -> None:
        body, headers = _message(secret, self.asked["first"] + sent * self.asked["senders"] + self.number)
        before = time.monotonic()
        line.request("POST", path, body, headers)
        answer = line.getresponse()
        told = answer.read()
        if answer.status == HTTPStatus.CREATED:
            self.taken.append((time.monotonic() - before) * 1000)
        else:
            self.refused.append(f"{answer.status} {told[:200]!r}")


def _message(secret: str, number: int) -> tuple[bytes, dict[str, str]]:
    period = (FIRST_DAY + timedelta(days=number % DAYS)).isoformat()
    records = [{"id": number * RECORDS + place, "amount": number / 7} for place in range(RECORDS)]
    body = json.dumps({"period": period, "records": records}).encode()
    pk, kind = uuid.uuid4().hex, {"Content-Type": "application/json"}
    if secret:
        return body, kind | signatures.headers([secret], message_id=pk, at=datetime.now(UTC), body=body)
    signed = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    return body, kind | {"Webhook-Id": pk, "X-Signature": signed}


def main() -> None:
    asked = json.load(sys.stdin)
    begun = time.monotonic()
    senders = [Sender(asked, number, begun) for number in range(asked["senders"])]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - begun
    if refused := [words for sender in senders for words in sender.refused]:
        print(f"{len(refused)} were not accepted: {refused[0]}", file=sys.stderr)
    taken = [each for sender in senders for each in sender.taken]
    print(json.dumps({"accepted": len(taken), "seconds": seconds, "taken": taken}))


if __name__ == "__main__":
    main()
