"""Lists as CSV files: everything that the person may see, with a line for each, and nothing that a spreadsheet runs."""

import csv
import io

import pytest
from django.urls import reverse

from pipelines_app.access import tokens
from pipelines_app.intake import webhooks
from pipelines_app.models import DropSource, ForeignRun
from tests import factories

pytestmark = pytest.mark.django_db


def lines(answer):
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def file(client, page, **query):
    return lines(client.get(reverse(f"console:{page}"), {"format": "csv", **query}))


def test_webhooks_are_listed_without_their_secrets(orders, ana, oto):
    webhook, secret = webhooks.create(orders.datasets.get(name="raw.orders"), per_minute=7)
    (line,) = file(ana, "webhooks")
    assert (line["dataset"], line["address"], line["per_minute"]) == ("raw.orders", f"/hooks/{webhook.public_id}", "7")
    assert secret not in str(line)
    assert file(oto, "webhooks") == []


def test_drop_folders_are_listed(orders, ana):
    DropSource.objects.create(dataset=orders.datasets.get(name="raw.orders"), url="=cmd|/C calc", unfinished=2)
    (line,) = file(ana, "drops")
    assert (line["dataset"], line["place"], line["not_whole_yet"]) == ("raw.orders", "'=cmd|/C calc", "2")


def test_runs_of_other_tools_are_listed(ana, sales):
    ForeignRun.objects.create(
        team=sales,
        run_id="3f5e83fa-3480-44ff-99c5-ff943904e5e8",
        namespace="airflow",
        job="load",
        state="complete",
        sender="user:ana",
        outputs=[["postgres://w", "public.flights"]],
    )
    (line,) = file(ana, "other-tools")
    assert (line["job"], line["writes"], line["team"]) == ("load", "public.flights", "sales")


def test_members_are_listed_to_those_who_are_in_the_team(ana, oto, sales):
    factories.make_user("bea", team=sales, role="viewer")
    assert [(line["name"], line["role"]) for line in file(ana, "team", team="sales")] == [
        ("ana", "editor"),
        ("bea", "viewer"),
    ]
    assert oto.get(reverse("console:team"), {"format": "csv", "team": "sales"}).status_code == 404


def test_ones_own_tokens_are_listed_without_what_opens_anything(ana, oto):
    token, secret = tokens.issue(ana.user, name="nightly")
    (line,) = file(ana, "tokens")
    assert (line["name"], line["begins_with"]) == ("nightly", token.prefix)
    assert secret not in str(line)
    assert file(oto, "tokens") == []


def test_checks_are_listed_with_their_last_result(published, ana):
    listed = file(ana, "checks")
    assert {line["dataset"] for line in listed} == {"raw.orders", "mart.shops"} & {line["dataset"] for line in listed}
    assert all(line["result"] == "Holds" and line["judged_at"] for line in listed)
    assert file(ana, "checks", result="failing") == []
    assert len(file(ana, "checks", q="raw")) < len(listed) or len(listed) == 1


def test_backfills_are_listed(orders, ana):
    factories.make_backfill(orders, "2013-01-05", "2013-01-06")
    (line,) = file(ana, "backfills")
    assert (line["pipeline"], line["done"], line["of"]) == ("orders", "0", "2")
