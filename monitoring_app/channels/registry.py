"""Every kind of channel and what sends for it."""

from collections.abc import Callable

from monitoring_app.channels import bot, console, email, slack, webhook
from monitoring_app.channels.message import Message, Taken
from monitoring_app.models import Channel, ChannelKind

Send = Callable[[Channel, Message], Taken]

SENDERS: dict[str, Send] = {
    ChannelKind.EMAIL: email.send,
    ChannelKind.SLACK: slack.send,
    ChannelKind.BOT: bot.send,
    ChannelKind.WEBHOOK: webhook.send,
    ChannelKind.CONSOLE: console.send,
}


def send(channel: Channel, message: Message) -> Taken:
    """Send a message and say what became of it; raises NotDelivered."""
    return SENDERS[channel.kind](channel, message)
