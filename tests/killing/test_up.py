"""`manage.py up`: what somebody sees who has just cloned the project, with a kill in between."""

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command

from controlplane import serving
from controlplane.sample.installation import environment, manage

PATIENCE_SECONDS = 90


@pytest.fixture
def start(tmp_path):
    """Start it in one folder; gives the process and the file it writes to. Nothing of it is left afterwards."""
    begun = []

    def started() -> tuple[subprocess.Popen[bytes], Path]:
        said = tmp_path / f"said-{len(begun)}.txt"
        with said.open("wb") as file:
            begun.append(
                subprocess.Popen(
                    manage("up", "--port", "0", "--no-sample"),
                    env=environment(str(tmp_path / "home"), {}),
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
        return begun[-1], said

    yield started
    for process in begun:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize("command", ["up", "serve"])
def test_a_port_that_is_taken_is_said_before_a_password_is_made_that_nobody_would_see(tmp_path, command):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            manage(command, "--port", port),
            env=environment(str(tmp_path / "home"), {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    assert done.returncode == 1
    assert f":{port} cannot be listened at" in done.stderr
    assert f"manage.py {command} --port" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "home").rglob("*.sqlite3"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--port", "99999"], "--port: '99999' is no port"),
        (["--port", "80a"], "--port: '80a' is no port"),
        (["--host", "nowhere.invalid"], "nowhere.invalid is no address of this machine"),
    ],
)
def test_an_address_that_cannot_be_is_said_in_words(options, said):
    with pytest.raises(CommandError, match=re.escape(said)):
        call_command("serve", *options)


def test_links_lead_to_where_it_listens_unless_somebody_said_where(settings):
    assert serving.address("127.0.0.1", 8001) == settings.PUBLIC_URL == "http://127.0.0.1:8001"
    assert serving.address("0.0.0.0", 8002) == "http://0.0.0.0:8002"
    assert settings.PUBLIC_URL == "http://127.0.0.1:8002"
    settings.PUBLIC_URL, settings.PUBLIC_URL_IS_GIVEN = "https://loopline.example", True
    serving.address("127.0.0.1", 8003)
    assert settings.PUBLIC_URL == "https://loopline.example"


def told(process: subprocess.Popen[bytes], said: Path, pattern: str) -> str:
    """What it says, once it says it."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := re.search(pattern, said.read_text())):
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < end, said.read_text()
        time.sleep(0.05)
    return found[1]


def answers(url: str) -> None:
    """It answers that it is ready, once its first sweep is done."""
    end = time.monotonic() + PATIENCE_SECONDS
    while requests.get(f"{url}/readyz", timeout=30).status_code != 200:
        assert time.monotonic() < end, requests.get(f"{url}/readyz", timeout=30).text
        time.sleep(0.05)


def test_it_prints_the_admins_password_once_and_goes_on_after_a_kill(start):
    process, said = start()
    told(process, said, r"Sign in as admin with the password (\S{12,})")
    url = told(process, said, r"Loopline is up: (http://\S+)")
    answers(url)
    process.kill()
    process.wait(timeout=PATIENCE_SECONDS)
    again, more = start()
    url = told(again, more, r"Loopline is up: (http://\S+)")
    answers(url)
    again.send_signal(signal.SIGINT)
    assert again.wait(timeout=PATIENCE_SECONDS) == 0
    assert "password" not in more.read_text()
    assert "Nothing is lost" in more.read_text()
