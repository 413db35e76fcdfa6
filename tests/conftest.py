"""What every test may ask for."""

import os
from pathlib import Path

import pytest
from django.db import connection

pytest_plugins = ["tests.browser.fixtures"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Keep SQLite's test database in a file: threads and processes share it, as in the product."""
    if connection.vendor == "sqlite":
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        connection.settings_dict["TEST"]["NAME"] = str(Path(os.environ["LOOPLINE_HOME"]) / f"test-{worker}.sqlite3")
