"""Slack through an incoming webhook.

slack-sdk makes the blocks, whose limits it knows. Its WebhookClient does not send them: it follows redirects, connects
to whatever the name resolves to, and sleeps through a rate limit in the worker. `posting` does none of that; a rate
limit is waited out in our own queue.
"""

import json
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from django.conf import settings
from slack_sdk.models.blocks import Block, HeaderBlock, MarkdownTextObject, PlainTextObject, SectionBlock

from monitoring_app.channels import posting
from monitoring_app.channels.message import SECONDS, Message, NotDelivered, Taken
from monitoring_app.channels.posting import Letter
from monitoring_app.models import Channel, NotificationState
from pipelines_app import vault

HEADER, SECTION = 150, 2900
HEADERS = {"Content-Type": "application/json"}
MENTIONS = ("@channel", "@here", "@everyone")


def send(channel: Channel, message: Message) -> Taken:
    """Post the message; anything but 200 is an error, and a redirect is one too."""
    url = _address(channel)
    body = json.dumps(payload(message)).encode()
    letter = Letter(url=url, body=body, headers=HEADERS, to="Slack", seconds=SECONDS, loopback=_is_rehearsal(url))
    answer = posting.post(letter)
    if answer.status != 200:
        raise NotDelivered(f"Slack answered {answer}", retry_after=answer.retry_after)
    return Taken(state=NotificationState.DELIVERED, said=str(answer))


def _address(channel: Channel) -> str:
    try:
        url = vault.open_sealed(channel.secret)
    except InvalidToken as error:
        raise NotDelivered("The webhook's address was encrypted with a key that is gone.", for_good=True) from error
    refusal = refused(url)
    if refusal:
        raise NotDelivered(refusal, for_good=True)
    return url


def _is_rehearsal(url: str) -> bool:
    return bool(settings.SLACK_TEST_URL) and url == settings.SLACK_TEST_URL


def refused(url: str) -> str:
    """Why a web address may not be posted to, or nothing if it may: https, a Slack host, its usual port, no user."""
    if _is_rehearsal(url):
        return ""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "That is not a web address."
    if parts.scheme != "https" or port not in (None, 443) or parts.username is not None:
        return "A Slack webhook begins with https:// and names no port and no user."
    if parts.hostname not in settings.SLACK_HOSTS:
        return f"Only webhooks of {' or '.join(settings.SLACK_HOSTS)} are posted to."
    return ""


def payload(message: Message) -> dict[str, object]:
    """The message as Block Kit. Texts are plain, so that nothing in them is read as markup or calls people."""
    blocks: list[Block] = [
        HeaderBlock(text=PlainTextObject(text=_fitted(message.subject, HEADER), emoji=False)),
        SectionBlock(text=PlainTextObject(text=_fitted(message.body, SECTION), emoji=False)),
        SectionBlock(text=MarkdownTextObject(text=f"<{message.link}|Open in Loopline>")),
    ]
    return {"text": plain(message.subject), "blocks": [block.to_dict() for block in blocks]}


def plain(text: str) -> str:
    """Text in which Slack finds no markup and nobody to call."""
    for mark, harmless in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(mark, harmless)
    for mention in MENTIONS:
        text = text.replace(mention, f"@\u2060{mention[1:]}")
    return text


def _fitted(text: str, limit: int) -> str:
    """Harmless text within Slack's limit, which counts what is sent; no mark is cut in two."""
    kept = text[:limit]
    while (over := len(plain(kept)) - limit) > 0:
        kept = kept[: -max(1, over // 5)]
    return plain(kept)
