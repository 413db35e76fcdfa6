"""Templates in the console: looked at, filled by a form, by a table, rolled out; each way without a script."""

import html
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from pipelines_app.compiler import documents
from pipelines_app.definitions import templates
from pipelines_app.models import Draft, Pipeline, Role
from tests import factories, road
from tests.definitions.test_plans import ORDERS
from tests.definitions.test_templates import AUTHOR, COUNTING, SUMMED, WITHOUT
from tests.web.registering import words

pytestmark = pytest.mark.django_db
TABLE = "pipeline,name,by,least\nnorth,north_sums,shop,\nsouth,south_sums,id,5\n"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def ana(client):
    client.force_login(factories.make_user("ana", team=road.team("shop"), role=Role.EDITOR))
    road.register_yaml(ORDERS)
    road.register_yaml_template(SUMMED)
    return client


@pytest.fixture
def vic(client):
    client.force_login(factories.make_user("vic", team=road.team("shop")))
    road.register_yaml(ORDERS)
    road.register_yaml_template(SUMMED)
    return client


def form_with(answer, marker):
    """What a browser would send with the form that holds this."""
    [form] = [
        part.partition("</form>")[0]
        for part in answer.content.decode().split("<form")[1:]
        if marker in part.partition("</form>")[0]
    ]
    sent = {}
    for tag in re.findall(r"<input[^>]*>", form):
        given = {key: html.unescape(value) for key, value in re.findall(r'([a-z-]+)="([^"]*)"', tag)}
        if given.get("type") not in {"checkbox", "radio", "file"} or " checked" in tag:
            sent.setdefault(given["name"], []).append(given.get("value", ""))
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        sent[name] = [html.unescape(text)]
    return sent


def apply(client, address, planned):
    return client.post(address, form_with(planned, 'name="apply"'), follow=True)


def revise(text):
    return templates.register(documents.from_yaml(text), author=AUTHOR)


def made(client):
    planned = client.post("/templates/summed/many", {"text": TABLE, "team": "shop"})
    assert "2 pipelines would change" in words(planned)
    return apply(client, "/templates/summed/many", planned)


def test_the_list_shows_what_came_with_the_product_and_what_teams_made(vic, django_assert_num_queries):
    vic.get("/templates/")
    with django_assert_num_queries(6):
        shown = words(vic.get("/templates/"))
    assert "slowly-changing-dimension" in shown
    assert "came with Loopline" in shown
    assert "There is no template after this" in words(vic.get("/templates/?after=zzz"))


def test_a_template_shows_what_it_asks_for_and_what_is_made_from_it(ana, django_assert_num_queries):
    assert "None yet." in words(ana.get("/templates/summed/"))
    made(ana)
    revise(COUNTING)
    with django_assert_num_queries(9):
        answer = ana.get("/templates/summed/")
    shown = words(answer)
    assert "2 pipelines of an earlier revision." in shown
    assert "at least 0" in shown
    compared = words(ana.get("/templates/summed/revisions/2/"))
    assert "What it changed" in compared
    assert ana.get("/templates/summed/revisions/9/").status_code == 404


def test_a_pipeline_is_made_by_the_form_that_the_template_asks_for(ana):
    begun = ana.post("/templates/summed/use", follow=True)
    address = begun.redirect_chain[-1][0]
    assert '<select name="v-by"' in begun.content.decode()
    assert 'min="0"' in begun.content.decode()
    wrong = ana.post(
        address, {"pipeline": "north", "team": "shop", "v-name": "Bad Name", "v-by": "shop", "v-least": "-1"}
    )
    assert wrong.status_code == 422
    assert "must match" in words(wrong)
    assert "at least 0" in words(wrong)
    assert 'value="Bad Name"' in wrong.content.decode()
    fields = {"pipeline": "north", "team": "shop", "v-name": "north_sums", "v-by": "shop", "v-least": "3"}
    review = ana.post(address, fields, follow=True)
    assert "/review/" in review.redirect_chain[-1][0]
    assert "mart.north_sums" in words(review)
    done = ana.post(review.redirect_chain[-1][0], {"go": "on"}, follow=True)
    assert "north is registered." in words(done)
    north = Pipeline.objects.get(name="north").current
    assert north.document["template"]["values"] == {"name": "north_sums", "by": "shop", "least": 3}
    assert not Draft.objects.exists()


def test_a_pipeline_that_a_template_made_is_edited_by_its_values(ana):
    made(ana)
    opened = ana.get("/pipelines/south/edit/", follow=True)
    address = opened.redirect_chain[-1][0]
    assert address.endswith("/values/")
    assert 'value="south_sums"' in opened.content.decode()
    fields = {"team": "shop", "v-name": "south_sums", "v-by": "shop", "v-least": ""}
    review = ana.post(address, fields, follow=True)
    assert "What it means for data and readers" in words(review)
    ana.post(review.redirect_chain[-1][0], {"why": "by shop"}, follow=True)
    south = Pipeline.objects.get(name="south").current
    assert (south.number, south.document["template"]["values"]["by"]) == (2, "shop")


def test_what_the_template_then_says_of_the_values_is_told_at_the_review(ana):
    revise(SUMMED.replace("of: [id, shop], default: shop", 'pattern: "[a-z]+", example: shop'))
    address = ana.post("/templates/summed/use", follow=True).redirect_chain[-1][0]
    fields = {"pipeline": "north", "team": "shop", "v-name": "n", "v-by": "colour"}
    review = ana.post(address, fields, follow=True)
    assert "there is no column colour" in words(review)
    assert f'href="{address}?problems=1' in review.content.decode()


def test_columns_are_offered_of_the_datasets_that_were_chosen(ana):
    address = ana.post("/templates/deduplicate/use", follow=True).redirect_chain[-1][0]
    shown = ana.post(address, {"team": "shop", "v-source": "staging.orders", "look": "on"}).content.decode()
    assert '<option value="staging.orders">' in shown
    assert '<option value="amount">staging.orders: DOUBLE</option>' in shown


def test_a_table_is_planned_and_registered_and_its_faults_stand_in_their_cells(ana):
    wrong = ana.post("/templates/summed/many", {"text": TABLE + "east,Bad Name,colour,x\n", "team": "shop"})
    assert wrong.status_code == 422
    shown = wrong.content.decode()
    assert "3 problems: nothing was registered" in words(wrong)
    assert 'id="c3-1-fault"' in shown
    assert 'aria-describedby="c3-3-fault"' in shown
    assert Pipeline.objects.count() == 1
    cells = form_with(wrong, 'name="cells"')
    mended = {**cells, "c3-0": "east", "c3-1": "east_sums", "c3-2": "id", "c3-3": "1"}
    planned = ana.post("/templates/summed/many", mended)
    assert "3 pipelines would change" in words(planned)
    done = apply(ana, "/templates/summed/many", planned)
    assert "3 pipelines registered." in words(done)
    assert "Nothing would change" in words(ana.post("/templates/summed/many", mended))


def test_a_table_comes_as_a_file_too(ana):
    file = SimpleUploadedFile("t.csv", TABLE.encode())
    assert "2 pipelines would change" in words(ana.post("/templates/summed/many", {"team": "shop", "file": file}))


def test_a_revision_is_rolled_out_to_those_who_are_chosen(ana):
    made(ana)
    revise(COUNTING)
    page = words(ana.get("/templates/summed/roll-out"))
    assert "All 2 that you may change" in page
    planned = ana.post("/templates/summed/roll-out", {"revision": "2", "which": "some", "pipelines": ["south"]})
    assert "1 pipeline would change" in words(planned)
    done = apply(ana, "/templates/summed/roll-out", planned)
    assert "1 pipeline registered." in words(done)
    assert Pipeline.objects.get(name="south").current.made_from.number == 2
    assert Pipeline.objects.get(name="north").current.made_from.number == 1


def test_what_does_not_fit_any_more_is_said_before_it_is_rolled_out(ana):
    made(ana)
    revise(WITHOUT)
    refused = ana.post("/templates/summed/roll-out", {"revision": "2", "which": "all"})
    assert refused.status_code == 422
    assert "south: template.values.least: the template summed has no parameter 'least'" in words(refused)
    planned = ana.post("/definitions", {"text": COUNTING})
    assert "south stays at revision 1" in words(planned)
    assert "sql" in ana.get("/definitions?template=summed").content.decode()


def test_who_only_reads_sees_no_way_to_register(vic):
    shown = vic.get("/templates/summed/").content.decode()
    assert "Make a pipeline" not in shown
    assert "Only editors register pipelines" in words(vic.get("/templates/summed/many"))
    assert vic.post("/templates/summed/use").status_code == 403
    assert vic.post("/templates/summed/many", {"text": TABLE}).status_code == 422
    assert vic.post("/templates/summed/roll-out", {"which": "all"}).status_code == 422
    assert Pipeline.objects.count() == 1


def test_hostile_words_are_only_words(ana):
    revise(
        SUMMED.replace("team: shop\n", f'team: shop\ndescription: "{HOSTILE}"\n').replace(
            "default: shop}", f'default: shop, label: "{HOSTILE}", help: "{HOSTILE}"}}'
        )
    )
    address = ana.post("/templates/summed/use", follow=True).redirect_chain[-1][0]
    pages = [ana.get(path) for path in ("/templates/", "/templates/summed/", "/templates/summed/revisions/2/", address)]
    pages.append(ana.post(address, {"pipeline": HOSTILE, "team": "shop", "v-name": HOSTILE, "v-by": HOSTILE}))
    pages.append(ana.post("/templates/summed/many", {"text": f"pipeline,name\n{HOSTILE},{HOSTILE}\n", "team": "shop"}))
    assert all(HOSTILE not in page.content.decode() for page in pages)
