"""Real installations in temporary folders, and what is asked of them from outside."""

import http.client
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psutil

os.environ["DJANGO_SETTINGS_MODULE"] = "controlplane.settings.test"  # read for its values; nothing is set up here

from controlplane.sample.client import Client, Keys
from controlplane.sample.installation import Site, embedded
from controlplane.sample.playing import Player, Script
from scripts.production import BIN, Production

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = Script(folder=ROOT / "sample" / "nycflights")
EVERY_SECONDS = 0.4
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True, kw_only=True)
class Place:
    """A running installation as its benchmark sees it: a client with a supplier's keys, and the processes by name."""

    url: str
    client: Client
    token: str
    username: str
    password: str
    web: int


@contextmanager
def alone(home: str | None = None, **extra: str) -> Iterator[Place]:
    """Embedded mode on a free port, in a folder that is gone afterwards, or in `home`, which stays."""
    unset = {"EMAIL_URL": "", "LOOPLINE_SLACK_TEST_URL": ""}
    with (
        tempfile.TemporaryDirectory(prefix="loopline-bench-") as temporary,
        embedded(home or temporary, unset | extra) as site,
    ):
        yield _place(site)


def _place(site: Site) -> Place:
    return Place(
        url=site.url,
        client=Client(site.url, site.keys),
        token=f"Bearer {site.keys.token}",
        username=site.username,
        password=site.password,
        web=site.pid,
    )


@contextmanager
def together(home: str | None = None) -> Iterator[tuple[Production, Place]]:
    """PostgreSQL (durable), Redis, gunicorn, Celery's worker and beat, as compose.yaml starts them.

    In a folder that is gone afterwards, or in `home`, which stays and can be used again.
    """
    with tempfile.TemporaryDirectory(prefix="loopline-bench-") as temporary:
        folder = Path(home or temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        production = Production(folder)
        production.secrets = _kept(folder / "secrets.json", production.secrets)
        try:
            production.start()
            told = _prepared(production)
            admin = told["admin"]
            site = Site(
                url=production.url,
                keys=Keys(**told["keys"]),
                username=admin["username"],
                password=admin["password"],
                pid=production.parts["web"].pid,
            )
            yield production, _place(site)
        finally:
            production.stop()


def _kept(file: Path, fresh: dict[str, str]) -> dict[str, str]:
    """The secrets of an installation that is used again, or those that it begins with."""
    if not file.exists():
        file.write_text(json.dumps(fresh))
    kept: dict[str, str] = json.loads(file.read_text())
    return kept


def _prepared(production: Production) -> dict[str, dict[str, str]]:
    command = [str(BIN / "python"), "manage.py", "prepare", "--json"]
    done = subprocess.run(
        command, cwd=ROOT, env=production.environment("web"), check=True, stdout=subprocess.PIPE, text=True
    )
    told: dict[str, dict[str, str]] = json.loads(done.stdout.splitlines()[-1])
    return told


def play(place: Place) -> None:
    """Play the whole sample in, and wait until nothing is left to do."""
    Player(place.client, SAMPLE, lambda line: None).play()
    settled(place)


def settled(place: Place, *, patience: float = 300) -> None:
    """Wait until no run is queued or in flight; asks seldom, as every question takes time from the work."""
    end = time.monotonic() + patience
    while any(place.client.get("/runs", state=state, limit=1)["results"] for state in ("queued", "running")):
        if time.monotonic() > end:
            raise TimeoutError(f"Runs were still in flight after {patience:.0f} s.")
        time.sleep(EVERY_SECONDS)


def family(pid: int) -> list[psutil.Process]:
    """A process and everything below it."""
    head = psutil.Process(pid)
    return [head, *head.children(recursive=True)]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A page as it came."""

    status: int
    headers: dict[str, str]
    body: bytes


class Browser:
    """A person's session over one kept connection, as lean as a measurement needs it."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self._cookies: dict[str, str] = {}

    def close(self) -> None:
        self._connection.close()

    def get(self, path: str) -> Answer:
        """Read a page."""
        return self._ask("GET", path)

    def sign_in(self, username: str, password: str) -> None:
        """Sign in through the form; raises RuntimeError if the platform does not let us in."""
        found = CSRF.search(self.get("/sign-in").body.decode())
        if found is None:
            raise RuntimeError("The sign-in page has no form.")
        form = {"csrfmiddlewaretoken": found[1], "username": username, "password": password}
        answer = self._ask("POST", "/sign-in", urlencode(form))
        if answer.status != http.HTTPStatus.FOUND:
            raise RuntimeError(f"Signing in was answered with {answer.status}.")

    def _ask(self, method: str, path: str, body: str | None = None) -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        for set_cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = set_cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return Answer(status=answer.status, headers=dict(answer.headers.items()), body=content)


def tiny(name: str, checks: Sequence[object] = ()) -> dict[str, object]:
    """The smallest pipeline that does something: one source by day, one step."""
    return {
        "pipeline": f"bench-{name}",
        "team": "ops-analytics",
        "sources": {
            f"raw.bench_{name}": {
                "format": "csv",
                "period": "day",
                "from": f"{name}_{{period}}.csv",
                "mode": "partition",
                "columns": {"id": "BIGINT", "amount": "DOUBLE"},
                "checks": list(checks),
            }
        },
        "steps": [
            {
                "dataset": f"mart.bench_{name}",
                "materialise": {"kind": "incremental", "by": "period"},
                "sql": f"SELECT count(*) AS orders, sum(amount) AS amount FROM raw.bench_{name}",
            }
        ],
    }
