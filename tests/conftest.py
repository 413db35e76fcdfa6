"""What every test may ask for. Every page is watched, and a complaint nobody expected fails its test."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.db import connection
from playwright.sync_api import BrowserContext, Page, Playwright

from pipelines_app.engines.base import Limits
from pipelines_app.engines.spark.session import opened
from pipelines_app.engines.warehouse.session import Login
from pipelines_app.environments import mapping, places
from pipelines_app.runs import planning, recipes
from tests.browser.accessibility import barriers
from tests.browser.watch import Complaints
from tests.servers import chromium, spark
from tests.servers.postgres import Postgres
from tests.servers.process import MissingServer
from tests.servers.spark import Spark

STORIES, KILLING = (Path(__file__).with_name(name) for name in ("stories", "killing"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Keep SQLite's test database in a file: threads and processes share it, as in the product."""
    if connection.vendor == "sqlite":
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        connection.settings_dict["TEST"]["NAME"] = str(Path(os.environ["LOOPLINE_HOME"]) / f"test-{worker}.sqlite3")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """Start what is installed; without a browser a test is skipped on a desk and fails in CI."""
    try:
        return {**browser_type_launch_args, **chromium.launch_arguments()}
    except MissingServer as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def base_url() -> None:
    """Tests name whole addresses. (The plugin's own fixture is a method, which pytest has deprecated.)"""


@pytest.fixture(scope="session")
def playwright(playwright: Playwright) -> Iterator[Playwright]:
    """Playwright's synchronous face keeps an event loop running in this thread, from which Django refuses queries.

    The loop is idle whenever a test's own line runs, so nothing is concurrent; the refusal is lifted while
    the browser is up.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield playwright


@pytest.fixture(autouse=True)
def forget_compiled() -> Iterator[None]:
    """A test's revisions are rolled back and their ids come again: nothing kept in memory may outlive a test."""
    yield
    planning.compiled.cache_clear()
    recipes.rebound.cache_clear()
    recipes.carried_out.cache_clear()
    planning.dataset_ids.cache_clear()
    planning.readers.cache_clear()
    mapping.forget()
    places.forget()


@pytest.fixture(scope="session")
def warehouse() -> Iterator[Login]:
    """A PostgreSQL for data, as the platform reaches it: another server than the one that tests may run on."""
    with TemporaryDirectory(prefix="loopline-warehouse-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL may run as somebody else
        server = Postgres(Path(folder))
        server.start()
        yield Login(url=server.url)
        server.stop()


@pytest.fixture(scope="session")
def spark_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    """One Spark Connect server for the whole session; without Spark a test is skipped on a desk and fails in CI."""
    try:
        spark.provide()
    except MissingServer as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    server = Spark(tmp_path_factory.mktemp("spark"))
    server.start()
    with opened(server.url, Limits(seconds=300)) as session:  # the first query takes long: not in anybody's test
        session.spark.sql("SELECT 1").collect()
    yield server
    server.stop()


@pytest.fixture
def complaints() -> Complaints:
    """What the pages of this test complain of; `complaints.forgive("status of 422")` expects some."""
    return Complaints()


@pytest.fixture
def context(context: BrowserContext, complaints: Complaints) -> Iterator[BrowserContext]:
    """A fresh browser profile whose pages are watched to the end of the test."""
    complaints.watch(context)
    yield context
    context.cookies()  # a round trip, after which everything said before it has been heard
    assert not complaints.unforgiven(), "\n".join(complaints.unforgiven())


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """`axe(page)` fails on serious and critical barriers of the page as it is now."""

    def check(page: Page) -> None:
        found = barriers(page)
        assert not found, "\n".join([f"{page.url} has barriers:", *found])

    return check


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that opens a page is a browser test: nobody has to remember the mark.

    Files whose few tests start whole installations come first: begun last, one core would wait for the other.
    """
    items.sort(key=lambda item: not item.path.is_relative_to(STORIES) and not item.path.is_relative_to(KILLING))
    for item in items:
        if {"page", "context", "browser"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)
