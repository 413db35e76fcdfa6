"""The channel that is always there: the message is kept and shown."""

from monitoring_app.channels.message import Message, Taken
from monitoring_app.models import Channel, NotificationState


def send(channel: Channel, message: Message) -> Taken:
    """Keep the message: it is stored already, and the console shows it."""
    return Taken(state=NotificationState.KEPT, said="kept in the console")
