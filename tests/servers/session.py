"""The pytest plugin that decides what a session runs on, before Django reads its settings.

LOOPLINE_TEST_DATABASE=sqlite (the default) or postgres. With postgres, DATABASE_URL and REDIS_URL are used if given,
else private servers are started for the session. Tests marked `postgres` are left out of an SQLite session.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.postgres import Postgres
from tests.servers.process import MissingServer, ServerFailed
from tests.servers.redis import Redis

CHOICE = "LOOPLINE_TEST_DATABASE"
UNDO = pytest.StashKey[list[Callable[[], None]]]()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Give the session a lake and a database by environment variables, which is where the settings look."""
    choice = os.environ.setdefault(CHOICE, "sqlite")
    if choice not in {"sqlite", "postgres"}:
        raise pytest.UsageError(f"{CHOICE} is {choice!r}: write sqlite or postgres.")
    undo = early_config.stash.setdefault(UNDO, [])
    early_config.add_cleanup(lambda: _undo(undo))
    if "PYTEST_XDIST_WORKER" in os.environ:
        # The session that started this worker has provided everything; but files are named by ids of its own database.
        os.environ["LOOPLINE_LAKE"] += f"-{os.environ['PYTEST_XDIST_WORKER']}"
        return
    folder = Path(tempfile.mkdtemp(prefix="loopline-tests-"))
    undo.append(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ["LOOPLINE_HOME"] = str(folder)
    os.environ["LOOPLINE_LAKE"] = str(folder / "lake")
    os.environ["DJANGO_LIVE_TEST_SERVER_ADDRESS"] = "127.0.0.1"
    try:
        _provide(choice, folder, undo)
    except (MissingServer, ServerFailed) as error:
        _undo(undo)
        raise pytest.UsageError(str(error)) from error


def _provide(choice: str, folder: Path, undo: list[Callable[[], None]]) -> None:
    if choice == "sqlite":
        os.environ["DATABASE_URL"] = f"sqlite://{folder / 'control.sqlite3'}"
        os.environ.pop("REDIS_URL", None)
        return
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        postgres = Postgres(_room(folder, "postgres"))
        undo.append(postgres.stop)
        postgres.start()
        os.environ["DATABASE_URL"] = postgres.url
    if not os.environ.get("REDIS_URL"):
        redis = Redis(_room(folder, "redis"))
        undo.append(redis.stop)
        redis.start()
        os.environ["REDIS_URL"] = redis.url


def _room(folder: Path, name: str) -> Path:
    folder.chmod(0o755)  # PostgreSQL may run as somebody else
    room = folder / name
    room.mkdir()
    return room


def _undo(undo: list[Callable[[], None]]) -> None:
    while undo:
        undo.pop()()


def pytest_report_header() -> str:
    return f"database: {os.environ[CHOICE]}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only PostgreSQL can prove when the session runs on SQLite."""
    if os.environ[CHOICE] == "postgres":
        return
    left_out = [item for item in items if item.get_closest_marker("postgres")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
