"""How far the platform goes by itself: by the page, the API or YAML, it stands in the definition and comes back."""

from django.utils import timezone

from monitoring_app.models import Outlook
from monitoring_app.slas import following
from pipelines_app.compiler import documents
from pipelines_app.models import AuditEntry, Pipeline, Role
from tests import factories, road
from tests.api.callers import Caller, refused
from tests.profiling import shop

SALES, SOLD = "raw.sales", "mart.sold"
MANAGED = shop.PIPELINE.replace("sources:\n  raw.sales:\n", "sources:\n  raw.sales:\n    expectations: manage\n")


def said(dataset=SALES):
    found = Outlook.objects.filter(dataset__name=dataset).first()
    return (found.policy, found.is_declared) if found else None


def exported():
    return documents.to_yaml(documents.as_written(Pipeline.objects.get().in_force.document))


def test_what_yaml_says_is_done_and_what_it_says_no_more_is_proposed_again(db):
    assert MANAGED != shop.PIPELINE
    road.register_yaml(MANAGED)
    following.follow(timezone.now())
    assert said() == ("manage", True)
    road.register_yaml(shop.PIPELINE)
    following.follow(timezone.now())
    assert said() == ("propose", False)
    assert AuditEntry.objects.filter(action="expectations.policy", subject=SALES).count() == 2


def test_what_the_page_and_the_api_say_stands_in_the_definition_and_comes_back_from_it(db, client):
    road.register_yaml(shop.PIPELINE)
    pipeline = Pipeline.objects.get()
    before = exported()
    ana = factories.make_user("ana", team=pipeline.team, role=Role.EDITOR)
    client.force_login(ana)
    answer = client.post(f"/datasets/{SALES}/expectations/policy", {"policy": "manage"}, follow=True)
    assert "The definition says so now." in answer.content.decode()
    api = Caller(ana)
    told = api.put(f"/datasets/{SOLD}/expectations/policy", {"policy": "accept"}).json()
    assert (told["policy"], told["is_declared"]) == ("accept", True)
    text = exported()
    assert ("expectations: manage" in text, "expectations: accept" in text) == (True, True)
    assert pipeline.revisions.count() == 3

    Outlook.objects.all().delete()
    road.register_yaml(text)
    pipeline.refresh_from_db()
    assert (pipeline.revisions.count(), exported()) == (3, text)
    api.put(f"/datasets/{SALES}/expectations/policy", {"policy": "propose"})
    api.put(f"/datasets/{SOLD}/expectations/policy", {"policy": "propose"})
    assert exported() == before
    assert said(SOLD) == ("propose", False)
    refused(api.put(f"/datasets/{SALES}/expectations/policy", {"policy": "nonsense"}), 422, "invalid")


def test_saying_the_same_again_makes_no_revision(db):
    road.register_yaml(MANAGED)
    following.follow(timezone.now())
    pipeline = Pipeline.objects.get()
    Caller(factories.make_user("ana", team=pipeline.team, role=Role.EDITOR)).put(
        f"/datasets/{SALES}/expectations/policy", {"policy": "manage"}
    )
    assert (pipeline.revisions.count(), said()) == (1, ("manage", True))
