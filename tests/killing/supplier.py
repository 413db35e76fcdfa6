"""A supplier who does not give up: the same request under the same key, until it is accepted."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import requests

from controlplane.sample.client import Keys
from tests.invariants import Answer

PATIENCE_SECONDS = 60
AGAIN_SECONDS = 0.05
SLOW_SECONDS = 20


@dataclass
class Supplier:
    """Sends files and keeps its own log of what it was answered: the only witness the platform cannot influence."""

    url: str
    keys: Keys
    answers: list[Answer] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    failure: Exception | None = None
    thread: threading.Thread | None = None

    def send(self, dataset: str, name: str, body: bytes) -> int:
        """Send a file until it is accepted, and say as which arrival."""
        key, end = f"{dataset} {name}", time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            begun = time.monotonic()
            answer = self._post(dataset, name, body, key)
            if answer is not None:
                self.seconds.append(time.monotonic() - begun)
                self.answers.append(answer)
                return answer.arrival
            time.sleep(AGAIN_SECONDS)
        raise TimeoutError(f"{name} was not accepted in {PATIENCE_SECONDS} s: {self.refusals[-3:]}")

    def _post(self, dataset: str, name: str, body: bytes, key: str) -> Answer | None:
        digest = hashlib.sha256(body)
        headers = {
            "Authorization": f"Bearer {self.keys.token}",
            "Content-Type": "application/octet-stream",
            "Content-Digest": f"sha-256=:{base64.b64encode(digest.digest()).decode()}:",
            "Idempotency-Key": key,
        }
        address = f"{self.url}/api/v1/datasets/{dataset}/arrivals"
        try:
            told = requests.post(address, params={"name": name}, data=body, headers=headers, timeout=SLOW_SECONDS)
            if told.ok:
                return Answer(key=key, arrival=told.json()["id"], sha256=digest.hexdigest())
        except requests.RequestException as error:
            self.refusals.append(type(error).__name__)
            return None
        if told.status_code < 500:
            raise AssertionError(f"{name} was refused: {told.status_code} {told.text}")
        self.refusals.append(f"{told.status_code} {told.text[:200]}")
        return None

    def begin(self, files: Iterable[tuple[str, str, bytes]], may_send: Callable[[int], bool]) -> None:
        """Send files in the background, each as soon as `may_send(number)` says so."""
        self.thread = threading.Thread(target=self._all, args=(list(files), may_send), name="supplier", daemon=True)
        self.thread.start()

    def _all(self, files: list[tuple[str, str, bytes]], may_send: Callable[[int], bool]) -> None:
        try:
            for number, (dataset, name, body) in enumerate(files):
                while not may_send(number):
                    time.sleep(AGAIN_SECONDS)
                self.send(dataset, name, body)
        except (AssertionError, TimeoutError) as error:
            self.failure = error

    def finish(self, seconds: float) -> None:
        """Wait until everything is accepted; raises what went wrong."""
        assert self.thread is not None
        self.thread.join(seconds)
        if self.failure is not None:
            raise self.failure
        assert not self.thread.is_alive(), f"the supplier still sends; refused: {self.refusals[-3:]}"

    def p95(self) -> float:
        """The time that nineteen of twenty acceptances stayed below, in seconds."""
        return sorted(self.seconds)[int(0.95 * (len(self.seconds) - 1))]

    def write(self, path: Path) -> Path:
        """Its log as a file."""
        path.write_text(json.dumps([asdict(answer) for answer in self.answers]))
        return path
