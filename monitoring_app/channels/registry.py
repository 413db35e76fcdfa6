"""Every kind of channel and what sends for it."""

from collections.abc import Callable

from monitoring_app.channels import console, email, slack
from monitoring_app.channels.message import Message
from monitoring_app.models import Channel, ChannelKind

Send = Callable[[Channel, Message], str]

SENDERS: dict[str, Send] = {
    ChannelKind.EMAIL: email.send,
    ChannelKind.SLACK: slack.send,
    ChannelKind.CONSOLE: console.send,
}


def send(channel: Channel, message: Message) -> str:
    """Send a message and say what became of it, as a state; raises NotDelivered."""
    return SENDERS[channel.kind](channel, message)
