"""Hostile texts in every field that takes text: pages show them as text, and nothing of them runs."""

from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction

from pipelines_app import events
from pipelines_app.facts import KINDS
from tests import factories
from tests.security.crawling import crawl

pytestmark = pytest.mark.django_db
PAYLOAD = "\"'><xss onload=a()><script>alert(1)</script></textarea>{{7*7}}\u202egnp.exe \U0001f4a3" + "w" * 400
URL = "javascript:alert(1)//" + "w" * 200
TEXTS = {"markup": PAYLOAD, "address": URL, "empty": ""}
# What other rows, addresses or the platform's own rules are found by.
KEYS = {
    *("digest", "sha256", "path", "secret", "previous_secret", "password", "fingerprint", "run_key", "public_id"),
    *("consumer", "zone", "kind", "period", "owner", "scope", "prefix", "rule", "pipeline", "dataset", "codename"),
    *("app_label", "model", "session_key", "session_data", "period_kind", "name", "error_kind", "link"),
}
NAMED = ("Arrival", "Check", "Channel", "ApiToken")  # whose `name` is free text
UNTOUCHED = ("event", "auditentry", "session", "user", "migration", "environment", "contenttype", "permission")


@pytest.fixture
def _django_db_helper():
    """The world is one transaction for all tests here: none of their own."""


class Judge(HTMLParser):
    """What must not stand in a page: elements and attributes that come from a text, and anything inline that runs."""

    def __init__(self):
        super().__init__()
        self.faults = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in ("xss", "style", "iframe", "object", "embed", "base"):
            self.faults.append(f"<{tag}>")
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.faults.append("an inline script")
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.faults.append(f"{tag} {name}")
            if name in ("href", "src", "action", "hx-get", "hx-post") and (value or "").strip().startswith(
                "javascript:"
            ):
                self.faults.append(f"{tag} {name}={value[:40]}")


def judged(page):
    judge = Judge()
    judge.feed(page.text)
    return [f"{page.address}: {fault}" for fault in judge.faults]


def fields_with_text(model):
    for field in model._meta.concrete_fields:
        is_text = isinstance(field, models.CharField | models.TextField) and not field.choices
        if is_text and (field.name not in KEYS or (field.name == "name" and model.__name__ in NAMED)):
            yield field


def poison(text):
    """Put a text into every field of every row that takes free text; how many fields took it."""
    fields = set()
    for app in ("pipelines_app", "monitoring_app"):
        for model in apps.get_app_config(app).get_models():
            if model._meta.model_name in UNTOUCHED:
                continue
            for field in fields_with_text(model):
                for pk in model._base_manager.values_list("pk", flat=True):
                    fields |= {field} if _written(model.objects.filter(pk=pk), field, text) else set()
    return len(fields)


def _written(row, field, text):
    mark = str(row.get().pk) if text else ""
    try:
        with transaction.atomic():
            return row.update(**{field.name: text[: (field.max_length or 5000) - len(mark)] + mark})
    except IntegrityError:  # what may not be empty, or be there twice
        return 0


def record_hostile_facts(text, run):
    for kind, fact in KINDS.items():
        if kind:
            values = {"str": text[:60], "int": run, "float": 1.0, "bool": True, "list[str]": [text], "int | None": run}
            types = {name: str(getattr(known, "__name__", known)) for name, known in fact.__annotations__.items()}
            body = {name: values.get(known, text) for name, known in types.items() if name != "kind"}
            body |= {"dataset": "mart.shops"} if "dataset" in types else {}
            body |= {"pipeline": "orders"} if "pipeline" in types else {}
            body |= {"period": "2013-01-05"} if "period" in types else {}
            body |= {name: "2030-01-01T00:00:00+00:00" for name in ("due_at", "until") if name in types}
            events.record(fact(**body), actor=f"user:{text}"[:200])


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_text_becomes_markup_on_any_page(world, text):
    boss = factories.make_user(superuser=True)
    boss.first_name = boss.last_name = text[:150]
    boss.save()
    client = world.clients["anonymous"].__class__()
    client.force_login(boss)
    assert poison(text) > 30
    visited = crawl(client, "/", "/team?team=people", "/audit", "/events/", "/health/", most=140)
    pages = [page for page in visited if page.kind.startswith("text/html")]
    assert len(pages) > 80
    if text == PAYLOAD:
        assert sum("&lt;xss" in page.text for page in pages) > 20  # it is on the pages, as text
    assert not [fault for page in pages for fault in judged(page)]


def test_hostile_facts_are_told_as_text(world):
    client = world.clients["admin"]
    record_hostile_facts(PAYLOAD, world.open.ids["run"])
    run = world.open.ids["run"]
    visited = crawl(client, "/events/", f"/runs/{run}/?tab=log", f"/runs/{run}/?tab=attempts", most=90)
    assert sum("&lt;xss" in page.text for page in visited) > 10
    assert not [fault for page in visited if page.kind.startswith("text/html") for fault in judged(page)]


@pytest.mark.parametrize(
    "address",
    [
        "/datasets?q=",
        "/events/?actor=",
        "/pipelines/?q=",
        "/checks?q=",
        "/sign-in?next=",
        "/runs/?period=",
        "/audit?q=",
        "/arrivals?dataset=",
        "/lineage?of=",
        "/team?team=",
        "/upload?dataset=",
        "/alerts/?state=",
        "/api/docs?topic=",
        "/datasets/raw.orders?tab=rows&offset=",
    ],
)
def test_what_is_asked_for_comes_back_as_text(world, address):
    for text in (PAYLOAD, "\0", "\u202e", "9" * 400, "'\"`", "%00", "\ud7ff\uffff"):
        answer = world.clients["admin"].get(
            address.partition("?")[0], {address.partition("?")[2].rpartition("=")[0].rpartition("&")[2]: text}
        )
        assert answer.status_code in (200, 302, 404), (address, text[:20])
        judge = Judge()
        judge.feed(answer.content.decode())
        assert not judge.faults
