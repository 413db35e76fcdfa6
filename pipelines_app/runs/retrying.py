"""How long an attempt may take, after which errors there is another, and how long it waits: by kind of error."""

from datetime import timedelta

from django.conf import settings

from pipelines_app.compiler.definition import Effort, RetryOn
from pipelines_app.errors import EngineError

PLATFORM = "platform"
KINDS = {
    EngineError.KILLED: RetryOn.ENGINE,
    EngineError.MEMORY: RetryOn.MEMORY,
    EngineError.DISK: RetryOn.DISK,
    EngineError.DEADLINE: RetryOn.TIMEOUT,
    PLATFORM: RetryOn.PLATFORM,
}
# What has to pass first: an engine begins anew at once, memory is given back by others, a disk is cleared by people.
FIRST_WAIT_SECONDS = {
    RetryOn.ENGINE: 1,
    RetryOn.PLATFORM: 1,
    RetryOn.MEMORY: 5,
    RetryOn.TIMEOUT: 5,
    RetryOn.DISK: 15,
}
LONGEST_WAIT_SECONDS = 300


def seconds(effort: Effort) -> float:
    """How long one attempt may take."""
    return float(effort.seconds or settings.STEP_SECONDS)


def attempts(effort: Effort) -> int:
    """How many attempts there are in all."""
    return effort.attempts or settings.STEP_ATTEMPTS


def wait_before_next(effort: Effort, error_kind: str, attempt: int) -> timedelta | None:
    """How long to wait after an attempt that came to nothing, or none if there is no other."""
    kind = KINDS.get(error_kind)
    if kind is None or kind not in effort.on or attempt >= attempts(effort):
        return None
    return back_off(kind, attempt)


def back_off(kind: RetryOn, attempt: int) -> timedelta:
    """The wait after an attempt: twice as long after each, up to five minutes."""
    return timedelta(seconds=min(FIRST_WAIT_SECONDS[kind] * 2 ** (attempt - 1), LONGEST_WAIT_SECONDS))
