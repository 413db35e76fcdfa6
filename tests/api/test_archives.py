"""A packed folder of definitions as the body of a plan or an apply, and a git push that sends one."""

import gzip
import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from pipelines_app.access import tokens
from pipelines_app.models import Pipeline, Revision
from tests import factories, road
from tests.api.callers import refused
from tests.api.conftest import ORDERS
from tests.api.test_definitions import TOTALS

HOOK = Path(__file__).resolve().parents[2] / "docs" / "hooks" / "receive"


def packed(files, **odd):
    """A `.tar.gz` of files, and of entries of other kinds."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode() if isinstance(text, str) else text)
            archive.addfile(entry, io.BytesIO(text.encode() if isinstance(text, str) else text))
        for name, (kind, target) in odd.items():
            entry = tarfile.TarInfo(f"{name}.yaml")
            entry.type, entry.linkname = kind, target
            archive.addfile(entry)
    return out.getvalue()


def send(caller, body, path="/apply?why=push"):
    return caller.text(path, body, kind="application/gzip")


@pytest.mark.django_db
def test_an_archive_is_planned_and_applied_as_its_files_would_be(ana):
    body = packed({"a/orders.yaml": ORDERS, "totals.yml": TOTALS, "README.md": "x", ".github/x.yaml": "- no"})
    planned = send(ana, body, "/plan").json()
    assert {one["pipeline"] for one in planned["pipelines"]} == {"orders", "totals"}
    assert not Pipeline.objects.exists()
    assert send(ana, body, "/apply?dry_run=true").status_code == 200
    assert not Pipeline.objects.exists()
    assert [one["pipeline"] for one in send(ana, body).json()["applied"]] == ["orders", "totals"]
    assert set(Revision.objects.values_list("why", flat=True)) == {"push"}
    assert send(ana, body).json()["applied"] == []


@pytest.mark.django_db
def test_faults_are_told_with_the_file_and_the_line(ana):
    problem = refused(
        send(ana, packed({"a/orders.yaml": ORDERS.replace("shop", "shopp", 1)})), 422, "definition_invalid"
    )
    assert problem["problems"][0]["path"].startswith("a/orders.yaml:")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (lambda: b"", 422, None),
        (lambda: b"no gzip", 422, None),
        (lambda: gzip.compress(b"no tar"), 422, None),
        (lambda: packed({"a.yaml": ORDERS})[:-20], 422, None),
        (lambda: gzip.compress(b"\0" * (17 << 20)), 413, "too_large"),
        (lambda: packed({"a.yaml": b"\xff\xfe"}), 422, None),
        (lambda: packed({}), 422, None),
        (lambda: packed({}, link=(tarfile.SYMTYPE, "/etc/passwd"), hard=(tarfile.LNKTYPE, "x")), 422, None),
        (lambda: packed({}, device=(tarfile.CHRTYPE, "")), 422, None),
        (lambda: packed({f"{number}.txt": "" for number in range(10_001)}), 413, "too_large"),
    ],
    ids=["nothing", "text", "gzip of text", "cut off", "swells", "no text", "no file", "links", "device", "many files"],
)
def test_what_is_no_archive_of_definitions_is_refused_and_leaves_nothing(ana, body, status, code):
    answer = send(ana, body())
    assert answer.status_code in ({400, 422} if status == 422 else {status}), answer.content
    assert code is None or answer.json()["code"] == code
    assert not Pipeline.objects.exists()


@pytest.mark.django_db
def test_names_that_lead_elsewhere_are_left_alone_and_absolute_ones_are_only_names(ana):
    body = packed({"../../etc/totals.yaml": TOTALS, "/etc/orders.yaml": ORDERS})
    assert send(ana, body).status_code == 200
    assert Pipeline.objects.get().name == "orders"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not shutil.which("git") or not shutil.which("curl"), reason="there is no git or no curl here")
def test_a_push_is_refused_where_it_could_not_be_applied_and_applied_where_it_can(live_server, tmp_path):
    owner = factories.make_user("ana", team=road.team("sales"), role="editor")
    _, token = tokens.issue(owner, name="push", can_write=True)
    server, work = tmp_path / "server.git", tmp_path / "work"
    git("init", "-q", "--bare", str(server))
    for key, value in {"url": live_server.url, "token": token, "folder": "definitions"}.items():
        git("-C", str(server), "config", f"loopline.{key}", value)
    for name in ("pre-receive", "post-receive"):
        shutil.copy(HOOK, server / "hooks" / name)
        (server / "hooks" / name).chmod(0o755)
    git("init", "-q", "-b", "main", str(work))
    (work / "definitions").mkdir()
    assert "definitions/" not in push(work, server, ORDERS.replace("shop", "shopp", 1), fails=True)
    assert not Pipeline.objects.exists()
    said = push(work, server, ORDERS)
    assert "Loopline applied refs/heads/main" in said
    assert token not in said
    assert Pipeline.objects.get().name == "orders"
    assert Revision.objects.get().why.startswith("push of ")


def push(work, server, text, *, fails=False):
    """Commit a definition and push it; gives what the server said."""
    (work / "definitions" / "orders.yaml").write_text(text)
    git("-C", str(work), "add", ".")
    git("-C", str(work), "commit", "-q", "-m", "orders")
    done = git("-C", str(work), "push", str(server), "main", check=False)
    assert (done.returncode != 0) == fails, done.stderr
    return done.stderr


def git(*words, check=True):
    who = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in WHO.items()}
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(
        ["git", *words], env={**os.environ, **who, **quiet}, check=check, capture_output=True, text=True
    )


WHO = {"NAME": "Ana", "EMAIL": "ana@example.org"}
