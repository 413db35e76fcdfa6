"""Start what compose.yaml starts, on this machine and without containers: `python -m scripts.production [--check]`.

The commands and the names of the variables are read from compose.yaml, so that they cannot drift apart. PostgreSQL and
Redis are private ones on free ports; everything lives in a temporary folder and is gone at the end. With --check it
starts, waits until the console is ready, stops everything, and exits 0 only if every part stopped cleanly.
"""

import argparse
import http.client
import os
import re
import secrets
import shlex
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from cryptography.fernet import Fernet

from tests.servers.postgres import Postgres
from tests.servers.process import Guarded, MissingServer, ServerFailed, free_port
from tests.servers.redis import Redis

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
PARTS = ["web", "worker", "beat"]
READY_SECONDS = 90
WITH_DEFAULT = re.compile(r"\$\{[A-Z0-9_]+:-([^}]*)\}")


@dataclass
class Production:
    """The parts of compose.yaml as processes of this machine, in one folder."""

    folder: Path
    durable: bool = True
    port: int = field(default_factory=free_port)
    extra: dict[str, str] = field(default_factory=dict)
    parts: dict[str, Guarded] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.folder.chmod(0o755)  # PostgreSQL runs as somebody else when we are root
        self.postgres = Postgres(self._room("postgres"), durable=self.durable)
        self.redis = Redis(self._room("redis"))
        self.services: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
        self.secrets = {"SECRET_KEY": secrets.token_urlsafe(48), "VAULT_KEYS": Fernet.generate_key().decode()}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start everything in the order compose.yaml asks for, and return when the console is ready."""
        self.postgres.start()
        self.redis.start()
        self.run("collectstatic", [str(BIN / "python"), "manage.py", "collectstatic", "--noinput"])
        self.run("migrate", self.command("migrate"))
        for name in PARTS:
            self.start_part(name)
        self.parts["web"].wait_until(self.is_ready, READY_SECONDS)

    def start_part(self, name: str) -> None:
        """Start one of web, worker, beat."""
        self.parts[name] = self._guarded(name, self.command(name), self.environment(name))
        self.parts[name].start()

    def run(self, name: str, command: list[str]) -> None:
        """Run one command to its end; raise with its last words when it fails."""
        once = self._guarded(name, command, self.environment("migrate"))
        once.start()
        assert once.guard is not None
        if once.guard.wait():
            raise ServerFailed(f"{shlex.join(command)} failed.\n{once.last_words()}")
        once.stop()

    def is_ready(self) -> bool:
        """Whether the console says so."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> dict[str, int]:
        """Stop everything, doors first; the exit code of every part."""
        codes = {name: part.stop() for name, part in self.parts.items()}
        self.redis.stop()
        self.postgres.stop()
        return codes

    def command(self, name: str) -> list[str]:
        """The command of one service, with its program taken from this virtual environment."""
        program, *arguments = shlex.split(self.services[name]["command"])
        return [str(BIN / program), *arguments]

    def environment(self, name: str) -> dict[str, str]:
        """The variables compose.yaml gives a service, with this machine's values or its own defaults; or an error."""
        ours = self._values()
        asked = self.services[name]["environment"].items()
        given = {key: ours.get(key, WITH_DEFAULT.sub(r"\1", str(value))) for key, value in asked}
        if unknown := [key for key, value in given.items() if "${" in value]:
            raise ServerFailed(f"compose.yaml asks for variables unknown here: {', '.join(unknown)}")
        kept = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR"}}
        return kept | given | {"PYTHONUNBUFFERED": "1"} | self.extra

    def _values(self) -> dict[str, str]:
        return self.secrets | {
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "LOOPLINE_URL": self.url,
            "EMAIL_URL": "",
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url,
            "LOOPLINE_HOME": str(self.folder / "home"),
            "LOOPLINE_LAKE": str(self.folder / "lake"),
            "LOOPLINE_BEAT_FILE": str(self.folder / "beat"),
            "ALLOW_UNSANDBOXED": "0",
            "LOOPLINE_LEASE_SECONDS": "15",
            "LOOPLINE_SWEEP_SECONDS": "5",
            "LOOPLINE_DROP_ROOTS": "",
            "LOOPLINE_S3_ENDPOINTS": "",
            "LOOPLINE_OPENLINEAGE_URL": "",
            "LOOPLINE_OPENLINEAGE_TOKEN": "",
            "LOOPLINE_OPENLINEAGE_NAMESPACE": "loopline",
            "GUNICORN_CMD_ARGS": f"--bind=127.0.0.1:{self.port}",
        }

    def _guarded(self, name: str, command: list[str], environment: dict[str, str]) -> Guarded:
        return Guarded(command, log=self.folder / f"{name}.log", environment=environment, grace=60)

    def _room(self, name: str) -> Path:
        room = self.folder / name
        room.mkdir(exist_ok=True)
        return room


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="stop as soon as everything is ready")
    check = parser.parse_args().check
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="loopline-production-") as folder:
        production = Production(Path(folder))
        try:
            _stay(production, check=check)
        except (ServerFailed, MissingServer) as failure:
            print(failure, file=sys.stderr)
            _show_logs(production)
            return 1
        finally:
            codes = production.stop()
    print(
        "stopped: " + ", ".join(f"{name} {'cleanly' if code == 0 else f'with {code}'}" for name, code in codes.items())
    )
    return int(any(codes.values()))


def _stay(production: Production, *, check: bool) -> None:
    started = time.monotonic()
    try:
        production.start()
        print(
            f"ready at {production.url} after {time.monotonic() - started:.1f} s; logs in {production.folder}",
            flush=True,
        )
        while not check:
            signal.pause()
    except KeyboardInterrupt:
        print("stopping", flush=True)


def _show_logs(production: Production) -> None:
    for name, part in production.parts.items():
        print(f"--- {name}\n{part.last_words()}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
