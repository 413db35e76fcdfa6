"""The browser of the machine, not one downloaded for the tests."""

import shutil

from tests.servers.process import MissingServer

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
APPLICATIONS = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
]
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
]
STAY_HOME = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


def find() -> str:
    """The path of a Chromium or Chrome."""
    for name in [*NAMES, *APPLICATIONS]:
        if path := shutil.which(name):
            return path
    raise MissingServer("no Chromium or Chrome on the PATH: run `make servers`.")


def launch_arguments() -> dict[str, object]:
    """How Playwright is to start it: quiet, and unable to reach anything but this machine."""
    return {"executable_path": find(), "args": [*QUIET, STAY_HOME]}
