"""Axe on a page, under the page's own policy: evaluated by the browser's debugger, never added as a script."""

from collections.abc import Callable

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

BLOCKING = {"serious", "critical"}
WIDE, NARROW, NARROWEST = 1280, 390, 320
COLOURS = ("color-contrast",)
# What scripts fetch once a page is there: none of it is under way any more, twice in a row.
SETTLED = """() => new Promise((settled) => {
  let still = 0;
  const look = () => {
    still = document.querySelector(".htmx-request") ? 0 : still + 1;
    if (still > 1) settled(); else setTimeout(look, 25);
  };
  look();
})"""


def barriers(page: Page, only: tuple[str, ...] = ()) -> list[str]:
    """Each serious or critical finding in one line: rule, help, and the elements it is about; of some rules, or all."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {"resultTypes": ["violations"], **({"runOnly": list(only)} if only else {})}
    findings = page.evaluate("(options) => axe.run(options).then((found) => found.violations)", options)
    return [
        f"{finding['id']} ({finding['impact']}): {finding['help']}: "
        + "; ".join(", ".join(map(str, node["target"])) for node in finding["nodes"])
        for finding in findings
        if finding["impact"] in BLOCKING
    ]


def settled(page: Page) -> None:
    """Wait until the parts that a page fetches by itself are there."""
    page.evaluate(SETTLED)


def everywhere(page: Page, axe: Callable[..., None]) -> None:
    """One page, loaded once, in both themes and at both widths: no barrier, and nothing to scroll sideways.

    A theme or a width changes colours and what is shown, not what is written: each look is judged whole in one
    of the two, and by its colours in the other.
    """
    settled(page)
    for scheme, width, only in (
        ("light", WIDE, ()),
        ("dark", WIDE, COLOURS),
        ("light", NARROW, COLOURS),
        ("dark", NARROW, ()),
    ):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert _fits(page), f"{page.url} is wider than a window of {width}"
        axe(page, only)
    page.set_viewport_size({"width": NARROWEST, "height": 900})
    assert _fits(page), f"{page.url} is wider than a window of {NARROWEST}"
    page.set_viewport_size({"width": WIDE, "height": 900})


def _fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
