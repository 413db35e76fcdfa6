"""Whether the broker answers. It is read where a broker is configured: embedded mode never loads its client."""

from redis import Redis
from redis.exceptions import RedisError

PATIENCE_SECONDS = 2


def answers(url: str) -> bool:
    """Whether the Redis at this address answers within two seconds."""
    try:
        return bool(
            Redis.from_url(url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS).ping()
        )
    except RedisError:
        return False
