"""A supplier's view of the platform: HTTP and nothing else."""

import base64
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
from standardwebhooks import Webhook

PAUSE_SECONDS = 0.03
PATIENCE_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What a supplier of the sample needs: a token for uploads, and an address with its secret for messages."""

    token: str
    webhook: str
    secret: str


class Client:
    """Talks to one installation with a supplier's keys."""

    def __init__(self, url: str, keys: Keys) -> None:
        self.url = url
        self._keys = keys
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {keys.token}"

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """A resource of the API."""
        return self._answer(self._session.get(f"{self.url}/api/v1{path}", params=query, timeout=30))

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A command of the API."""
        return self._answer(self._session.post(f"{self.url}/api/v1{path}", json=body, timeout=30))

    def upload(self, dataset: str, name: str, body: bytes, *, key: str) -> dict[str, Any]:
        """Send a file, with its checksum and an idempotency key."""
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Digest": f"sha-256=:{digest}:",
            "Idempotency-Key": key,
        }
        address = f"{self.url}/api/v1/datasets/{dataset}/arrivals"
        sent = self._session.post(address, params={"name": name}, data=body, headers=headers, timeout=120)
        return self._answer(sent)

    def message(self, records: list[dict[str, Any]], *, period: str, message_id: str) -> dict[str, Any]:
        """Send records to the webhook, signed."""
        body = json.dumps({"period": period, "records": records})
        now = datetime.now(tz=UTC)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self._keys.secret).sign(message_id, now, body),
        }
        address = f"{self.url}/hooks/{self._keys.webhook}"
        return self._answer(requests.post(address, data=body.encode(), headers=headers, timeout=30))

    @staticmethod
    def _answer(response: requests.Response) -> dict[str, Any]:
        if not response.ok:
            raise RuntimeError(
                f"{response.request.method} {response.url}: {response.status_code} {response.text[:600]}"
            )
        answer: dict[str, Any] = response.json()
        return answer

    def all(self, path: str, **query: str | int) -> list[dict[str, Any]]:
        """Every row of a paged list."""
        rows: list[dict[str, Any]] = []
        page = self.get(path, limit=100, **query)
        rows += page["results"]
        while page.get("next"):
            page = self._answer(self._session.get(page["next"], timeout=30))
            rows += page["results"]
        return rows


def until(
    question: Callable[[], Any], what: str, *, patience: float = PATIENCE_SECONDS, pause: float = PAUSE_SECONDS
) -> Any:
    """Ask again until the answer is yes, `pause` seconds later; raises TimeoutError naming what was waited for."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(pause)
    raise TimeoutError(f"Waited {patience:.0f} s for {what}.")
