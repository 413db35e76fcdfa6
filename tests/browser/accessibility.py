"""Axe on a page, under the page's own policy: evaluated by the browser's debugger, never added as a script."""

from collections.abc import Callable

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

BLOCKING = {"serious", "critical"}
WIDE, NARROW, NARROWEST = 1280, 390, 320
# With the rule of 24 pixels for what is pointed at, which axe leaves out unless it is asked for.
RUN = """axe.run({ resultTypes: ["violations"], rules: { "target-size": { enabled: true } } })
  .then((found) => found.violations)"""
# What scripts fetch once a page is there: none of it is under way any more, twice in a row.
SETTLED = """() => new Promise((settled) => {
  let still = 0;
  const look = () => {
    still = document.querySelector(".htmx-request") ? 0 : still + 1;
    if (still > 1) settled(); else setTimeout(look, 25);
  };
  look();
})"""


def barriers(page: Page) -> list[str]:
    """Each serious or critical finding in one line: rule, help, and the elements it is about."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    findings = page.evaluate(RUN)
    return [
        f"{finding['id']} ({finding['impact']}): {finding['help']}: "
        + "; ".join(", ".join(map(str, node["target"])) for node in finding["nodes"])
        for finding in findings
        if finding["impact"] in BLOCKING
    ]


def settled(page: Page) -> None:
    """Wait until the parts that a page fetches by itself are there."""
    page.evaluate(SETTLED)


def everywhere(page: Page, axe: Callable[[Page], None]) -> None:
    """One page, loaded once, in both themes and at all widths: no barrier, and nothing to scroll sideways.

    Colours are a matter of the theme and what is shown one of the width, so two looks see all of both. Of what can be
    done on it at most one thing is put first.
    """
    settled(page)
    first = page.locator(".button.primary:visible").all_inner_texts()
    assert len(first) <= 1, f"{page.url} puts several things first: {first}"
    for scheme, width in (("light", WIDE), ("dark", NARROW)):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        axe(page)
        assert _fits(page), f"{page.url} is wider than a window of {width}"
    page.set_viewport_size({"width": NARROWEST, "height": 900})
    assert _fits(page), f"{page.url} is wider than a window of {NARROWEST}"
    page.set_viewport_size({"width": WIDE, "height": 900})


def _fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
