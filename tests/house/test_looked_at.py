"""Every page of the console is looked at by axe in a browser, or it is said here why it is not."""

import re
from pathlib import Path

from django.urls import Resolver404, resolve

from tests.security.routes import CONSOLE

BROWSER = Path(__file__).resolve().parents[1] / "browser"
LOOKS = "everywhere(page, axe"  # what a test calls that has axe look
STANDS_FOR = {"dataset": "raw.orders", "pipeline": "orders", "period": "2013-01-05"}
WALKED = "tests/browser/test_register.py walks through it"
NO_PAGE = "a part of other pages, or data for a script: it is looked at where it stands"
A_FILE = "a file to keep"
APART = {
    "console:draft": WALKED,
    "console:draft-schema": NO_PAGE,
    "console:palette": NO_PAGE,
    "monitoring:alert-post-mortem": A_FILE,
    "monitoring:dataset-alerts": NO_PAGE,
    "monitoring:pipeline-alerts": NO_PAGE,
    "monitoring:run-alerts": NO_PAGE,
    "monitoring:suggested-target": NO_PAGE,
    "console:arrival-original": A_FILE,
    "console:dataset-download": A_FILE,
    "console:definitions-export": A_FILE,
    "console:result-rows": A_FILE,
    "console:version-set-aside": A_FILE,
    "metrics": "figures for Prometheus, not for people",
}


def place(address: str) -> str:
    """The name of the address behind a path in which `{…}` stands for a thing."""
    path = re.sub(r"\{([^{}]*)\}", lambda found: STANDS_FOR.get(found[1], "1"), address)
    return resolve(path.partition("?")[0]).view_name


def pages() -> set[str]:
    """The names of the addresses at which somebody is shown something, by the matrix of who may see what."""
    return {place(row.address) for row in CONSOLE if "200" in row.get.split() and row.kind == ""}


def looked_at() -> set[str]:
    """The names that the tests with axe go to, by name or by path."""
    texts = [text for file in sorted(BROWSER.glob("test_*.py")) if LOOKS in (text := file.read_text())]
    names = {name for text in texts for name in re.findall(r"""["']((?:console|monitoring):[a-z-]+)["']""", text)}
    paths = {path for text in texts for path in re.findall(r'["}](/[a-z][^"\s]*)"', text)}
    return names | {name for path in paths if (name := _known(path))}


def _known(path: str) -> str:
    try:
        return place(path)
    except Resolver404:
        return ""


def test_every_page_is_looked_at_or_left_out_for_a_reason():
    assert pages() - looked_at() - set(APART) == set()


def test_what_is_left_out_is_there_and_is_not_looked_at():
    assert set(APART) - pages() == set()
    assert set(APART) & looked_at() == set()
