"""Going everywhere somebody can go: from the first page along every link, fragment and download that a page names."""

from collections import deque
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

FOLLOWED = {"a": "href", "link": "href", "script": "src", "img": "src", "use": "href"}
ASKED_FOR = ("hx-get", "data-live-url", "data-part")


@dataclass(frozen=True)
class Visited:
    """One answer on the way."""

    address: str
    kind: str
    text: str


class _Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        names = [FOLLOWED[tag]] if tag in ("a",) else []
        self.found += [(given[name], False) for name in names if given.get(name)]
        self.found += [(given[name], True) for name in ASKED_FOR if given.get(name)]


def crawl(client, *starts, most=400):
    """Visit everything that can be reached; a page is visited once, and what is answered 5xx or 404 is visited too."""
    waiting, seen, visited = deque((start, False) for start in starts), set(starts), []
    while waiting and len(visited) < most:
        address, is_part = waiting.popleft()
        answer = client.get(address, headers={"HX-Request": "true"} if is_part else {})
        said = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if getattr(answer, "file_to_stream", None):
            answer.file_to_stream.close()
        kind = answer.headers.get("Content-Type", "")
        text = said.decode(errors="replace")
        assert answer.status_code < 500, (address, text[:500])
        visited.append(Visited(f"{answer.status_code} {address}", kind, text))
        if not kind.startswith("text/html"):
            continue
        for link, part in links(text):
            target = urljoin(address, link).partition("#")[0]
            if not urlsplit(target).netloc and target not in seen:
                seen.add(target)
                waiting.append((target, part))
    return visited


def links(text):
    """What a page links to, and whether it is asked for as a part."""
    parser = _Links()
    parser.feed(text)
    return parser.found
