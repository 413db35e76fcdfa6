"""E-mail through the mail server of the settings."""

import smtplib
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from monitoring_app.channels.message import SECONDS, Message, NotDelivered, Taken
from monitoring_app.models import Channel, NotificationState

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where mail is handed over, and how the connection is protected."""

    scheme: str
    host: str
    port: int
    user: str
    password: str


def server(url: str) -> MailServer:
    """Read `smtp://`, `smtp+starttls://` or `smtps://user:password@host:port`."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ImproperlyConfigured(f"EMAIL_URL begins with {parts.scheme!r}: use {', '.join(PORTS)} and a host.")
    return MailServer(
        scheme=parts.scheme,
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def send(channel: Channel, message: Message) -> Taken:
    """Hand the message to the mail server; without one it is kept in the console."""
    if not settings.MAIL_URL:
        return Taken(state=NotificationState.KEPT, said="kept in the console")
    mail = EmailMessage(
        subject=message.subject,
        body=f"{message.body}\n\n{message.link}\n",
        to=[channel.address],
        headers={"Message-ID": f"<{message.key}@{_host()}>", "Auto-Submitted": "auto-generated"},
        connection=_connection(server(settings.MAIL_URL)),
    )
    try:
        mail.send()
    except OSError as error:  # smtplib's errors are some
        raise NotDelivered(_fault(error)) from error
    except ValueError as error:
        raise NotDelivered(f"{channel.address!r} cannot be written to: {error}", for_good=True) from error
    return Taken(state=NotificationState.DELIVERED, said="taken by the mail server")


def fault() -> str:
    """Why no message could be handed over now, or nothing: a greeting and a farewell, and no message."""
    if not settings.MAIL_URL:
        return ""
    connection = _connection(server(settings.MAIL_URL))
    try:
        connection.open()
        if connection.connection is not None:
            connection.connection.ehlo_or_helo_if_needed()  # a port that only greets is no mail server
    except OSError as error:
        return _fault(error)
    finally:
        connection.close()
    return ""


def _fault(error: OSError) -> str:
    """What is wrong, in words that name no secret."""
    if isinstance(error, smtplib.SMTPException) and not isinstance(error, smtplib.SMTPServerDisconnected):
        return f"The mail server refused: {_said(error)}"
    reason = error.strerror or str(error) or type(error).__name__
    return f"The mail server did not answer: {reason}"


def _connection(to: MailServer) -> EmailBackend:
    return EmailBackend(
        host=to.host,
        port=to.port,
        username=to.user,
        password=to.password,
        use_tls=to.scheme == "smtp+starttls",
        use_ssl=to.scheme == "smtps",
        timeout=SECONDS,
    )


def _host() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or "loopline"


def _said(error: smtplib.SMTPException) -> str:
    """What the server answered, without our own credentials, which smtplib never puts there."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{code} {text.decode(errors='replace')}" for code, text in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return f"{error.smtp_code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
    return str(error) or type(error).__name__
