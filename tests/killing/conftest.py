"""One production for all tests that break it: whatever was accepted in any of them must still be there at the end."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.killing.installations import Live, live
from tests.killing.supplier import Supplier


@pytest.fixture(scope="package")
def room() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="loopline-killing-") as folder:
        yield Path(folder)


@pytest.fixture(scope="package")
def site(room: Path) -> Iterator[Live]:
    with live(room) as site:
        yield site


@pytest.fixture(scope="package")
def supplier(site: Live) -> Supplier:
    """One supplier for all tests here: whatever was accepted in any of them must still be there after the last."""
    return site.supplier()


@pytest.fixture(autouse=True)
def mended(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that failed in the middle leaves nothing broken to the next one."""
    yield
    if "site" in request.fixturenames:
        request.getfixturevalue("site").mend()
