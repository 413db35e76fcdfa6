"""The demo judges itself: two months of real files through HTTP, and it exits 0 only if every claim holds."""

import os
import subprocess
import sys

import pytest
from django.conf import settings


@pytest.mark.skipif(
    os.environ.get("LOOPLINE_TEST_DATABASE") == "postgres", reason="the demo is embedded: once is enough"
)
def test_the_demo_ends_as_it_must() -> None:
    variables = {
        name: value for name, value in os.environ.items() if name not in {"DJANGO_SETTINGS_MODULE", "DATABASE_URL"}
    }
    # What is learned is judged once every batch is measured, which takes two minutes more: `make demo` does.
    command = [sys.executable, str(settings.ROOT / "manage.py"), "demo", "--quiet", "--without-learned"]
    played = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=400, check=False)
    assert played.returncode == 0, played.stdout + played.stderr
    assert "59 periods are published: 59" in played.stdout
