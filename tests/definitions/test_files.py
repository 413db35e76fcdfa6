"""Definitions as files: what is written out comes in again without a change, from the command line."""

import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from pipelines_app.access import tokens
from pipelines_app.compiler import document_places
from pipelines_app.definitions import files
from pipelines_app.models import Pipeline, Revision, Role
from tests import factories, road
from tests.definitions.test_plans import ORDERS, TOTALS, WITHOUT

TEXT = """pipeline: p
sources:
  raw.o:
    columns:
      id: INTEGER
      at: DATE
steps:
  - dataset: mart.m
    sql: |
      SELECT 1
  - dataset: mart.n
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 1),
        ("pipeline", 1),
        ('sources["raw.o"]', 3),
        ('sources["raw.o"].columns[1].type', 6),
        ("steps[0].sql", 9),
        ("steps[1].sql", 11),
        ("steps[7]", 7),
        ("nowhere.at.all", 1),
    ],
)
def test_a_path_is_found_by_its_line(path, line):
    assert document_places.line_of(TEXT, path) == line


@pytest.mark.parametrize("text", ["", "a: [", "a: &x 1\nb: *x"])
def test_what_cannot_be_read_has_no_lines(text):
    assert document_places.line_of(text, "a") is None


def said(command, *args, **options):
    out = io.StringIO()
    call_command(command, *args, stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_what_is_exported_and_applied_again_changes_nothing(tmp_path):
    road.register_sample()
    said("export", tmp_path)
    assert sorted(path.stem for path in tmp_path.glob("*.yaml")) == sorted(
        Pipeline.objects.values_list("name", flat=True)
    )
    before = Revision.objects.count()
    assert "0 to change" in said("plan", tmp_path, check=True)
    assert "0 changed" in said("apply", tmp_path)
    assert Revision.objects.count() == before


@pytest.mark.django_db
def test_a_folder_is_planned_and_then_applied(tmp_path):
    road.team("shop")
    (tmp_path / "totals.yml").write_text(TOTALS)
    (tmp_path / "orders.yaml").write_text(ORDERS)
    told = said("plan", tmp_path)
    assert "+ mart.totals [new]; is made with the next run" in told
    state = told.rpartition("State: ")[2].strip()
    with pytest.raises(CommandError) as ended:
        said("plan", tmp_path, check=True)
    assert ended.value.returncode == 2
    assert "orders: revision 1" in said("apply", tmp_path, state=state, why="the first")
    (tmp_path / "orders.yaml").write_text(WITHOUT)
    with pytest.raises(CommandError, match=r"totals.yml:6: steps\[0\].sql: .*amount"):
        said("plan", tmp_path)
    (tmp_path / "totals.yml").rename(tmp_path / "totals.kept")
    told = said("plan", tmp_path)
    assert "! staging.orders [breaking]: amount: gone, or of another type" in told
    assert "reaches mart.totals (totals, shop) BREAKS: it uses amount" in told
    with pytest.raises(CommandError, match=r"orders.yaml: staging.orders: mart.totals of the pipeline totals"):
        said("apply", tmp_path)
    assert "orders: revision 2" in said("apply", tmp_path, breaking=True)


@pytest.mark.django_db(transaction=True)
def test_another_installation_is_planned_applied_and_exported_over_its_api(tmp_path, live_server, settings):
    ana = factories.make_user("ana", team=road.team("shop"), role=Role.EDITOR)
    settings.CLIENT_TOKEN = tokens.issue(ana, name="terminal", can_write=True)[1]
    given, kept = tmp_path / "given", tmp_path / "kept"
    given.mkdir()
    (given / "orders.yaml").write_text(ORDERS)
    told = said("plan", given, at=live_server.url)
    assert "+ staging.orders [new]; is made with the next run" in told
    with pytest.raises(CommandError) as ended:
        said("plan", given, at=live_server.url, check=True)
    assert ended.value.returncode == 2
    state = told.rpartition("State: ")[2].strip()
    assert "orders: revision 1\n1 changed, 0 as they were." in said("apply", given, at=live_server.url, state=state)
    with pytest.raises(CommandError, match="has changed since"):
        said("apply", given, at=live_server.url, state=state)
    said("export", kept, at=live_server.url)
    assert "0 to change, 1 as they are." in said("plan", kept, at=live_server.url, check=True)
    (given / "orders.yaml").write_text(ORDERS.replace("SELECT", "SELEKT"))
    with pytest.raises(CommandError, match=r"orders.yaml:\d+: steps\[0\].sql: "):
        said("plan", given, at=live_server.url)


@pytest.mark.parametrize(
    ("at", "token", "message"),
    [
        ("loopline.example.org", "t", "is no address"),
        ("http://127.0.0.1:1", "", "There is no token: set LOOPLINE_TOKEN"),
        ("http://127.0.0.1:1", "t", "http://127.0.0.1:1 cannot be reached: ConnectionError"),
    ],
)
def test_what_keeps_it_from_being_reached_is_said(tmp_path, settings, at, token, message):
    settings.CLIENT_TOKEN = token
    (tmp_path / "orders.yaml").write_text(ORDERS)
    with pytest.raises(CommandError, match=message):
        said("plan", tmp_path, at=at)


@pytest.mark.django_db
def test_whose_definitions_are_is_asked_of_all_at_once(django_assert_num_queries):
    road.team("shop")
    road.register_yaml(ORDERS)
    moved = ORDERS.replace("team: shop", "team: others")
    given = [files.File(name="", content=text) for text in (moved, TOTALS, "pipeline: [", *[TOTALS] * 20)]
    with django_assert_num_queries(1):
        assert files.teams(given) == ["others", "shop"]


@pytest.mark.django_db
def test_an_empty_folder_and_a_file_that_is_no_definition_are_refused(tmp_path):
    with pytest.raises(CommandError, match="no definition here"):
        said("plan", tmp_path)
    (tmp_path / "broken.yaml").write_text("pipeline: [")
    with pytest.raises(CommandError, match=r"broken.yaml"):
        said("plan", tmp_path)
    (tmp_path / "broken.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="not UTF-8"):
        said("plan", tmp_path)
