"""Another installation, reached over its API with a token: what the commands do there as they do it here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from pipelines_app.definitions import files
from pipelines_app.errors import LooplineError
from pipelines_app.management import words

SECONDS = 600
Answer = dict[str, Any]


def add_argument(parser: CommandParser) -> None:
    """Let a command be told where: here, on the database, if it is not."""
    told = "an installation whose API is asked with the token in LOOPLINE_TOKEN; this machine, if not said"
    parser.add_argument("--at", default="", metavar="URL", help=told)


class Installation:
    """One installation by its address; whatever it refuses is a CommandError with its reasons."""

    def __init__(self, url: str) -> None:
        if not url.startswith(("https://", "http://")):
            raise CommandError(f"{url!r} is no address: write it as https://loopline.example.org")
        if not settings.CLIENT_TOKEN:
            raise CommandError("There is no token: set LOOPLINE_TOKEN to one of your team's (page Access).")
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {settings.CLIENT_TOKEN}"

    def plan(self, folder: Path) -> Answer:
        """What applying a folder would do there."""
        return self._answer("POST", "/plan", json={"files": _texts(folder)})

    def apply(self, folder: Path, *, why: str, state: str, breaking: bool) -> Answer:
        """Register what a folder says there."""
        headers = {"If-Match": f'"{state}"'} if state else {}
        body = {"files": _texts(folder), "why": why, "accept_breaks": breaking}
        return self._answer("POST", "/apply", json=body, headers=headers)

    def export(self, team: str) -> dict[str, str]:
        """The definitions that the token may see, by file name."""
        found: dict[str, str] = {}
        after: str | None = ""
        while after is not None:
            page = self._answer("GET", "/export", params={"team": team, "after": after})
            found |= page["files"]
            after = page["next"]
        return found

    def _answer(self, verb: str, path: str, **given: Any) -> Answer:
        try:
            came = self._session.request(
                verb, f"{self._url}/api/v1{path}", timeout=SECONDS, allow_redirects=False, **given
            )
            said = came.json()
        except requests.JSONDecodeError as error:
            raise CommandError(f"{self._url} does not answer as Loopline does: {came.status_code}.") from error
        except requests.RequestException as error:
            raise CommandError(f"{self._url} cannot be reached: {type(error).__name__}.") from error
        if came.status_code != requests.codes.ok:
            raise _refusal(said, came.status_code)
        answer: Answer = said
        return answer


def _refusal(said: Mapping[str, Any], status: int) -> CommandError:
    if said.get("problems"):
        return words.faults(said["problems"])
    return CommandError(f"{said.get('detail') or said.get('title') or status} {said.get('todo') or ''}".strip())


def _texts(folder: Path) -> dict[str, str]:
    try:
        return {file.name: str(file.content) for file in files.read(folder)}
    except LooplineError as error:
        raise words.refusal(error) from error
