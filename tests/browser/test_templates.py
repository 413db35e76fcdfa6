"""The pages of templates in a browser: no barriers, nothing to scroll sideways, a table filled in cell by cell."""

import pytest

from pipelines_app.compiler import documents
from pipelines_app.definitions import templates
from pipelines_app.models import Pipeline, Role
from tests import factories, road
from tests.browser import accessibility
from tests.browser.test_know import enter
from tests.definitions.test_plans import ORDERS
from tests.definitions.test_templates import AUTHOR, COUNTING, SUMMED

PAGES = [
    "/templates/",
    "/templates/summed/",
    "/templates/summed/revisions/2/",
    "/templates/summed/many",
    "/templates/summed/roll-out",
    "/templates/slowly-changing-dimension/",
]
TABLE = "pipeline,name,by,least\nnorth,north_sums,shop,\nsouth,Bad Name,id,-5\n"


@pytest.fixture
def world(transactional_db):
    """A template of two revisions, a pipeline of the first, and an editor."""
    team = road.team("shop")
    road.register_yaml(ORDERS)
    road.register_yaml_template(SUMMED)
    road.register_yaml("{pipeline: east, team: shop, template: {name: summed, values: {name: east_sums}}}")
    templates.register(documents.from_yaml(COUNTING), author=AUTHOR, why="count, too")
    factories.make_user("ada", team=team, role=Role.ADMIN)


def test_templates_are_without_barriers_and_many_are_made_from_one(world, page, live_server, axe, complaints):
    complaints.forgive("status of 422")
    enter(page, live_server)
    for address in PAGES:
        page.goto(f"{live_server.url}{address}")
        accessibility.everywhere(page, axe)
    page.goto(f"{live_server.url}/templates/summed/")
    page.get_by_role("button", name="Make a pipeline").click()
    page.get_by_label("By").wait_for()
    accessibility.everywhere(page, axe)
    page.goto(f"{live_server.url}/templates/summed/many")
    page.get_by_label("As CSV").fill(TABLE)
    page.get_by_role("button", name="Say what would happen").click()
    page.get_by_label("name, row 2").fill("south_sums")
    accessibility.everywhere(page, axe)
    page.get_by_label("least, row 2").fill("5")
    page.get_by_role("button", name="Plan these cells").click()
    page.get_by_role("button", name="Register 2 pipelines").wait_for()
    accessibility.everywhere(page, axe)
    page.get_by_role("button", name="Register 2 pipelines").click()
    page.get_by_text("2 pipelines registered.").first.wait_for()
    assert Pipeline.objects.filter(current__made_from__template__name="summed").count() == 3
