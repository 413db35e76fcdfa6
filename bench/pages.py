"""Every main page with the demo's data, asked for over HTTP: time at the server, and statements to the database.

Limit: /livez in the same run, which asks the database nothing and renders nothing.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from bench.cost import QUERIES, SECONDS
from bench.figures import Figure, Report, Target, parser, percentile, say
from bench.sites import Browser, Place, alone, play, settled

MOST = Target(most=100)
WARM_UP = 3
LIVEZ = "/livez"


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page as it answered: milliseconds at the server, statements to the database."""

    path: str
    status: int
    server: list[float]
    queries: list[int]


def main() -> None:
    asked = _arguments()
    report = Report(title=f"Pages with the demo's data, {asked.requests} requests each, signed in")
    with alone(asked.home, DJANGO_SETTINGS_MODULE="bench.counting") as place:
        if not (asked.home and place.client.get("/runs", limit=1)["results"]):
            say("playing the sample")
            play(place)
        settled(place)
        browser = Browser(place.url)
        limit = _page(browser, LIVEZ, asked.requests)
        browser.sign_in(place.username, asked.password or place.password)
        for path in paths(place):
            say(path)
            _tell(report, _page(browser, path, asked.requests), limit)
        browser.close()
    report.show(as_json=asked.json)


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--requests", type=int, default=30, help="how many of each page (30)")
    made.add_argument("--home", type=_folder, help="a folder to keep the installation in, and to use it again")
    made.add_argument("--password", default="", help="the admin's password in a folder used again")
    return made.parse_args()


def _folder(given: str) -> str:
    folder = Path(given).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def paths(place: Place) -> Iterator[str]:
    """The main pages, with the ids of this installation."""
    yield from ("/", "/pipelines/", "/pipelines/flights-daily/", "/runs/", f"/runs/{_newest(place, '/runs')}/")
    yield from ("/events/", f"/events/{_newest(place, '/events')}/", "/alerts/", "/health/")
    yield from (f"/alerts/{pk}/" for pk in _ids(place, "/alerts"))
    yield from ("/datasets", *(f"/datasets/staging.flights?tab={tab}" for tab in TABS))
    yield from (f"/versions/{_newest(place, '/datasets/staging.flights/versions')}", "/lineage", "/checks")
    yield from ("/arrivals", f"/arrivals/{_newest(place, '/datasets/raw.flights/arrivals')}")
    yield from ("/upload", "/webhooks", "/register/", "/team", "/audit", "/profile", "/tokens", "/palette?q=flights")


TABS = ("overview", "rows", "schema", "versions", "checks", "lineage", "use")


def _ids(place: Place, path: str) -> list[int]:
    return [int(row["id"]) for row in place.client.get(path, limit=1)["results"]]


def _newest(place: Place, path: str) -> int:
    return _ids(place, path)[0]


def _page(browser: Browser, path: str, requests: int) -> Page:
    server, queries = [], []
    for _ in range(requests + WARM_UP):
        answer = browser.get(path)
        server.append(float(answer.headers.get(SECONDS, "nan")) * 1000)
        queries.append(int(answer.headers.get(QUERIES, "0")))
    return Page(
        path=path,
        status=answer.status,
        server=server[WARM_UP:],
        queries=queries[WARM_UP:],
    )


def _tell(report: Report, page: Page, limit: Page) -> None:
    report.add(
        *(
            Figure(
                name=f"{page.path}: at the server, p{share}",
                value=percentile(page.server, share),
                unit="ms",
                limit=percentile(limit.server, share),
                target=MOST,
            )
            for share in (50, 95)
        ),
        Figure(name=f"{page.path}: statements", value=max(page.queries), unit=""),
    )
    if page.status != HTTPStatus.OK:
        report.notes.append(f"{page.path} answered {page.status}.")


if __name__ == "__main__":
    main()
