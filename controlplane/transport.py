"""Redis as Celery's transport for workers that outlive it: a lost message is no loss, the sweep rings again."""

from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as ConnectionLost


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
