"""Axe on a page, under the page's own policy: evaluated by the browser's debugger, never added as a script."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

BLOCKING = {"serious", "critical"}


def barriers(page: Page) -> list[str]:
    """Each serious or critical finding in one line: rule, help, and the elements it is about."""
    findings = Axe().run(page).response["violations"]
    return [
        f"{finding['id']} ({finding['impact']}): {finding['help']}: "
        + "; ".join(", ".join(map(str, node["target"])) for node in finding["nodes"])
        for finding in findings
        if finding["impact"] in BLOCKING
    ]
