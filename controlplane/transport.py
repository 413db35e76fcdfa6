"""Redis as Celery's transport for workers that outlive it: a lost message is no loss, the sweep rings again."""

from collections.abc import Iterable
from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as ConnectionLost


class Turns:
    """In which order a worker looks into its queues: in turn, but for one that goes first and one that comes last."""

    FIRST, LAST = "starts", "profiles"

    def __init__(self) -> None:
        self._queues: list[str] = []

    def update(self, queues: Iterable[str]) -> None:
        """Look into these from now on."""
        self._queues = list(queues)

    def consume(self, most: int) -> list[str]:
        """The queues in the order of their turns."""
        places = {self.FIRST: 0, self.LAST: 2}
        return sorted(self._queues[:most], key=lambda queue: places.get(queue, 1))

    def rotate(self, used: str) -> str:
        """Let others go before one that a message was taken from."""
        if used in self._queues:
            self._queues.remove(used)
            self._queues.append(used)
        return used


class Channel(redis.Channel):
    """A channel whose messages need not be given back, and that says so where its connection is gone.

    Kombu's own would try to restore or acknowledge them on a connection it has let go of, and the worker dies of that.
    """

    do_restore = False

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self.connection is None or self.connection.client is None:
            raise ConnectionLost("the connection of this channel is gone")
        parameters: dict[str, Any] = super()._connparams(asynchronous=asynchronous)  # type: ignore[misc]  # not in its stub
        return parameters


class Transport(redis.Transport):
    """Kombu's own, with the channel above."""

    Channel = Channel
