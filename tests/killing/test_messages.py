"""A web process dies with a group of messages in its hands: who was answered is kept, who asks again has come once."""

import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from controlplane.sample.client import Client
from pipelines_app.access import signatures
from tests.killing.installations import Live
from tests.killing.supplier import Supplier

pytestmark = [pytest.mark.postgres, pytest.mark.chaos]
SENDERS, EACH = 8, 3  # few: each load of an appending source is a run, and what is tried here is the door
PATIENCE_SECONDS = 60
CALLS = "SELECT count(*), count(DISTINCT message_id) FROM pipelines_app_webhookcall WHERE message_id LIKE '{of}-%'"
SIEVE = """
pipeline: sieve-{number}
team: ops-analytics
sources:
  raw.sieve_{number}: {{format: jsonl, mode: append, columns: {{n: INTEGER}}}}
steps:
  - dataset: mart.sieve_{number}
    sql: SELECT count(DISTINCT n) AS n, count(*) AS every FROM raw.sieve_{number}
"""
PLACES = ["before_accept", "after_accept"]


class Sender:
    """Sends its messages one after the other, each until it is accepted."""

    def __init__(self, hook, of):
        self.hook, self.of, self.answers, self.broken = hook, of, {}, 0

    def run(self, number):
        for nth in range(EACH):
            self.send(f"{self.of}-{number}-{nth}", number * EACH + nth)

    def send(self, message_id, n):
        body = json.dumps({"records": [{"n": n}]}).encode()
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            signed = signatures.headers([self.hook["secret"]], message_id=message_id, at=datetime.now(UTC), body=body)
            headers = {"Content-Type": "application/json", **signed}
            try:
                told = requests.post(self.hook["address"], data=body, headers=headers, timeout=PATIENCE_SECONDS)
            except requests.RequestException:
                self.broken += 1
                continue
            if told.ok:
                self.answers[message_id] = told.json()["arrival"]
                return
            assert told.status_code >= 500, told.text


@pytest.mark.promise(1, 2, faults="kill -9 of the web with a group of messages, before and after its commit")
@pytest.mark.parametrize("place", PLACES)
def test_messages_whose_group_dies_with_its_process_come_once(
    place: str, site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    number = PLACES.index(place)
    site.register(SIEVE.format(number=number))
    hook = Client(site.url, site.keys).post("/webhooks", {"dataset": f"raw.sieve_{number}"})
    sender = Sender(hook, place)
    for nth in range(4):  # so that both web processes know the address
        sender.send(f"{place}-first-{nth}", 1000 + nth)
    armed = [site.arm(place) for _ in range(2)]
    threads = [threading.Thread(target=sender.run, args=(one,), daemon=True) for one in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert not [one for one in armed if one.exists()]
    assert sender.broken
    count = SENDERS * EACH + 4
    assert len(sender.answers) == len(set(sender.answers.values())) == count
    assert site.rows(CALLS.format(of=place)) == [(count, count)]
    site.settle(90)
    site.judge(supplier, tmp_path)
