"""What a channel is given, and the two ways in which it answers."""

from dataclasses import dataclass

SECONDS = 10  # for each answer of a mail server or of Slack


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message as it was written: a line, a text, and where to read more; `key` tells it from every other."""

    subject: str
    body: str
    link: str
    key: str


class NotDelivered(Exception):
    """A channel did not take a message. The text may be shown: it names no secret.

    `retry_after` is how many seconds the other side asks us to wait; `for_good` says that trying again cannot help.
    """

    def __init__(self, message: str, *, retry_after: float = 0.0, for_good: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.for_good = for_good
