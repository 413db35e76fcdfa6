"""Hear every complaint of a page: errors in its console, policy violations, requests that leave this machine."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebError

AT_HOME = {"127.0.0.1", "localhost"}
INLINE = {"data", "blob", "about"}


@dataclass
class Complaints:
    """What went wrong on the pages of one test; an expected complaint is forgiven by a pattern before it is raised."""

    heard: list[str] = field(default_factory=list)
    forgiven: list[re.Pattern[str]] = field(default_factory=list)

    def forgive(self, pattern: str) -> None:
        """Expect complaints that match: a test of a refused form forgives `status of 422`."""
        self.forgiven.append(re.compile(pattern))

    def watch(self, context: BrowserContext) -> None:
        """Listen to every page of the context, those opened later included."""
        context.on("console", self._console)
        context.on("weberror", self._web_error)
        context.on("request", self._request)
        context.on("page", self._page)

    def unforgiven(self) -> list[str]:
        """The complaints nobody expected, in order."""
        return [text for text in self.heard if not any(pattern.search(text) for pattern in self.forgiven)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.heard.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _web_error(self, error: WebError) -> None:
        self.heard.append(f"uncaught: {error.error}")

    def _request(self, request: Request) -> None:
        self._went(request.url)

    def _page(self, page: Page) -> None:
        page.on("websocket", lambda socket: self._went(socket.url))

    def _went(self, url: str) -> None:
        address = urlsplit(url)
        if address.scheme not in INLINE and address.hostname not in AT_HOME:
            self.heard.append(f"left this machine: {url}")
