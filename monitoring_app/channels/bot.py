"""Slack through an app's token: one thread for each alert, whose first message says when it is over.

As with webhooks slack-sdk makes the blocks and `posting` posts them: the SDK's client follows redirects and connects to
whatever the name resolves to. The address is Slack's own, from the settings; nobody can name another.
"""

import json
import re
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings

from monitoring_app.channels import posting, slack
from monitoring_app.channels.message import SECONDS, Message, NotDelivered, Taken
from monitoring_app.channels.posting import Letter
from monitoring_app.models import Channel, NotificationState
from pipelines_app import vault

READ = 64 << 10
TOKEN = re.compile(r"xoxb-[A-Za-z0-9-]{10,280}")
PLACE = re.compile(r"[CGD][A-Z0-9]{5,18}")
# What trying again cannot mend: somebody has to change the app or the channel.
FOR_GOOD = {
    *("account_inactive", "channel_not_found", "invalid_auth", "is_archived", "missing_scope", "not_authed"),
    *("not_in_channel", "token_revoked", "token_expired"),
}


def refused(token: str, place: str) -> str:
    """Why a token and a channel's id cannot be used, or nothing."""
    if not TOKEN.fullmatch(token):
        return "The token of a Slack app begins with xoxb-."
    return "" if PLACE.fullmatch(place) else "A Slack channel's id begins with C and has capitals and digits."


def send(channel: Channel, message: Message) -> Taken:
    """Post the message, below the first one about the same alert; what is over is said in that one, too."""
    try:
        token = vault.open_sealed(channel.secret)
    except InvalidToken as error:
        raise NotDelivered("The app's token was encrypted with a key that is gone.", for_good=True) from error
    place, _, first = message.thread.partition("/")
    content: dict[str, object] = {"channel": channel.address, **slack.payload(message)}
    if first:
        content["thread_ts"] = first
    said = _call("chat.postMessage", token, content)
    if first and message.ends:
        _call("chat.update", token, {"channel": place, "ts": first, **slack.payload(message)})
    posted = f"{said.get('channel', channel.address)}/{said.get('ts', '')}"
    return Taken(state=NotificationState.DELIVERED, said="taken by Slack", thread=message.thread or posted[:100])


def _call(method: str, token: str, content: dict[str, object]) -> dict[str, Any]:
    """Call one of Slack's methods; raises NotDelivered, which never holds the token."""
    headers = {"Content-Type": "application/json; charset=utf-8", "Authorization": f"Bearer {token}"}
    is_rehearsal = settings.SLACK_API.startswith("http://127.0.0.1:")
    letter = Letter(
        url=f"{settings.SLACK_API}{method}",
        body=json.dumps(content).encode(),
        headers=headers,
        to="Slack",
        seconds=SECONDS,
        loopback=is_rehearsal,
        read=READ,
    )
    answer = posting.post(letter)
    if answer.status != 200:
        raise NotDelivered(f"Slack answered {answer.status}", retry_after=answer.retry_after)
    try:
        said = json.loads(answer.said)
    except ValueError as error:
        raise NotDelivered("Slack answered something that is no JSON.") from error
    if not isinstance(said, dict) or said.get("ok") is not True:
        fault = str(said.get("error", "")) if isinstance(said, dict) else ""
        raise NotDelivered(f"Slack refused: {fault[:80] or 'it did not say why'}", for_good=fault in FOR_GOOD)
    return said
