"""An embedded installation of its own, in its own folder and process, as `make up` would start it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings

from controlplane.sample.client import Keys

LISTENS = "Loopline listens at "
STOP_SECONDS = 40


@dataclass(frozen=True, kw_only=True)
class Site:
    """A running installation: its address, its sample supplier's keys, its first admin, and its process."""

    url: str
    keys: Keys
    username: str
    password: str
    pid: int


def environment(home: str, extra: Mapping[str, str]) -> dict[str, str]:
    """The variables of an installation that lives in one folder and needs no other service."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return {
        **inherited,
        "LOOPLINE_HOME": home,
        "LOOPLINE_LAKE": f"{home}/lake",
        "DJANGO_SETTINGS_MODULE": "controlplane.settings.development",
        "PYTHONUNBUFFERED": "1",
        **extra,
    }


def manage(*arguments: str) -> list[str]:
    """A command of manage.py for this interpreter."""
    return [sys.executable, str(settings.ROOT / "manage.py"), *arguments]


@contextmanager
def embedded(home: str, extra: Mapping[str, str]) -> Iterator[Site]:
    """Prepare an installation in a folder, serve it on a free port, and stop it as Ctrl-C would."""
    variables = environment(home, extra)
    prepared = subprocess.run(manage("prepare", "--json"), env=variables, check=True, stdout=subprocess.PIPE)
    told = json.loads(prepared.stdout.decode().splitlines()[-1])
    server = subprocess.Popen(manage("serve", "--port", "0"), env=variables, stdout=subprocess.PIPE, text=True)
    try:
        yield Site(
            url=_listening(server),
            keys=Keys(**told["keys"]),
            username=told["admin"]["username"],
            password=told["admin"]["password"],
            pid=server.pid,
        )
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=STOP_SECONDS)


def _listening(server: "subprocess.Popen[str]") -> str:
    for line in server.stdout or []:
        if line.startswith(LISTENS):
            return line.removeprefix(LISTENS).strip()
    raise RuntimeError("The server ended before it listened; its own messages are above.")
