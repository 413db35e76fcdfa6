"""Take the README's pictures: the sample is played into a new installation, and the console's pages are photographed.

`make pictures` needs a Chromium on the machine; it writes to docs/pictures and nowhere else.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench.sites import Place, alone, play
from tests.servers.chromium import launch_arguments

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
WIDTH, HEIGHT = 1360, 850
STORM = {"pipeline": "flights-daily", "period": "2013-02-08"}  # the blizzard: its check failed, its alert is open


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A page as the README shows it: its address, the theme, and how far it is scrolled to before the picture."""

    name: str
    path: str
    theme: str = "light"
    height: int = HEIGHT


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--folder", type=Path, default=FOLDER, help="where the pictures go (docs/pictures)")
    folder: Path = made.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with alone() as place, sync_playwright() as playwright:
        play(place)
        browser = playwright.chromium.launch(**launch_arguments())
        for picture in pictures(place):
            with _signed_in(browser, place, picture) as page:
                page.goto(place.url + picture.path, wait_until="networkidle")
                page.screenshot(path=folder / f"{picture.name}.png")
            print(folder / f"{picture.name}.png")
        browser.close()


def pictures(place: Place) -> list[Picture]:
    """What is photographed, of the sample as it stands once it was played."""
    run = place.client.get("/runs", limit=1, **STORM)["results"][0]["id"]
    return [
        Picture(name="today-light", path="/"),
        Picture(name="run-dark", path=f"/runs/{run}", theme="dark"),
        Picture(name="lineage-light", path="/lineage?of=mart.delays_and_weather&depth=all"),
        Picture(name="expectations-dark", path="/datasets/staging.flights?tab=expectations", theme="dark"),
    ]


@contextmanager
def _signed_in(browser: Browser, place: Place, picture: Picture) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": WIDTH, "height": picture.height},
        color_scheme="dark" if picture.theme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{place.url}/sign-in")
    page.fill("input[name=username]", place.username)
    page.fill("input[name=password]", place.password)
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state("networkidle")
    yield page
    context.close()


if __name__ == "__main__":
    main()
