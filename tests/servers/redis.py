"""A private Redis on a free port that keeps nothing, gone with its starter."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.servers.process import Guarded, MissingServer, free_port


@dataclass
class Redis:
    """One server; it may be stopped or killed, and started again on the same port, empty."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: Guarded | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Run the server, and return when it answers."""
        program = shutil.which("redis-server")
        if program is None:
            raise MissingServer(
                "redis-server is not on the PATH: run `make servers`, or set REDIS_URL to one that runs."
            )
        self.process = Guarded(
            [program, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", str(self.folder)],
            log=self.folder / "redis.log",
            folder=self.folder,
        )
        self.process.start()
        self.process.wait_until(self.answers)

    def stop(self) -> None:
        """Stop politely."""
        if self.process is not None:
            self.process.stop()

    def kill(self) -> None:
        """As a crash would: SIGKILL."""
        if self.process is not None:
            self.process.kill()

    def answers(self) -> bool:
        """Whether the server answers a ping."""
        client = redis.Redis(port=self.port, socket_timeout=2, retry=Retry(NoBackoff(), 0))
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
