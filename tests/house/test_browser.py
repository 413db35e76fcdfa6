"""The browser fixtures themselves, on a page served with the product's strict policy."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page

from tests.browser.watch import Complaints

POLICY = "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'"
PAGES = {
    "/good": "<!doctype html><html lang=en><title>Good</title><main><h1>Good</h1><p>Nothing to see.</p></main>",
    "/inline": "<!doctype html><html lang=en><title>Inline</title><script>document.title = 'no'</script>",
    "/away": "<!doctype html><html lang=en><title>Away</title><img alt='' src='http://elsewhere.example/x.png'>",
    "/missing": "<!doctype html><html lang=en><title>Missing</title><img alt='' src='/none.png'>",
    "/barrier": "<!doctype html><html lang=en><title>Barrier</title><main><h1>Form</h1><input name=x></main>",
}


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = PAGES.get(self.path)
        self.send_response(200 if page or self.path == "/favicon.ico" else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", "img-src *; " + POLICY)
        self.end_headers()
        self.wfile.write((page or "").encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_good_page_gives_no_complaint(page: Page, site: str, axe: Callable[[Page], None]) -> None:
    page.goto(f"{site}/good")
    axe(page)


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("/inline", "Content Security Policy"),
        ("/away", "left this machine: http://elsewhere.example/x.png"),
        ("/missing", "status of 404"),
    ],
)
def test_a_complaint_is_heard(page: Page, site: str, complaints: Complaints, path: str, complaint: str) -> None:
    page.goto(f"{site}{path}")
    page.wait_for_load_state("networkidle")
    assert complaint in "\n".join(complaints.unforgiven())
    complaints.forgive(complaint)
    complaints.forgive("ERR_NAME_NOT_RESOLVED")
    assert complaints.unforgiven() == []


def test_an_uncaught_error_is_heard(page: Page, site: str, complaints: Complaints) -> None:
    page.goto(f"{site}/good")
    page.evaluate("setTimeout(() => { throw new Error('lost') })")
    page.context.wait_for_event("weberror") if not complaints.heard else None
    assert complaints.unforgiven() == ["uncaught: lost"]
    complaints.forgive("lost")


def test_a_barrier_is_named(page: Page, site: str, axe: Callable[[Page], None]) -> None:
    page.goto(f"{site}/barrier")
    with pytest.raises(AssertionError, match="label \\(critical\\)"):
        axe(page)


@pytest.mark.django_db(transaction=True)
def test_a_browser_test_may_query(page: Page, site: str) -> None:
    page.goto(f"{site}/good")
    assert Session.objects.count() == 0
