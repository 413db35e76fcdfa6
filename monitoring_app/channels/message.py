"""What a channel is given, and the two ways in which it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

SECONDS = 10  # for each answer of a mail server or of Slack


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message as it was written: a line, a text, and where to read more; `key` tells it from every other.

    For programs it is of a kind, about something that happened at a moment, and tells named things.
    """

    subject: str
    body: str
    link: str
    key: str
    kind: str = "test"
    at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    told: Mapping[str, object] = field(default_factory=dict)
    thread: str = ""  # what the channel answered to the first message about the same alert
    ends: bool = False  # whether it says that all is over


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of a message that was handed over: a state, and what the other side said."""

    state: str
    said: str = ""
    thread: str = ""  # by which later messages about the same thing are put below this one


class NotDelivered(Exception):
    """A channel did not take a message. The text may be shown: it names no secret.

    `retry_after` is how many seconds the other side asks us to wait; `for_good` says that trying again cannot help;
    `is_gone` that the other side wants nothing any more.
    """

    def __init__(
        self, message: str, *, retry_after: float = 0.0, for_good: bool = False, is_gone: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.for_good = for_good
        self.is_gone = is_gone
