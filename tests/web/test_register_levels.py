"""Promises of every kind in the form: what is typed is an entry of `sla:`, and comes back into the form."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from pipelines_app.models import Dataset, Pipeline, Team
from tests import factories
from tests.monitoring.slas.promising import promise, published, ran
from tests.web.registering import begun, editor, fields_of, words

pytestmark = pytest.mark.django_db
LEVELS = [
    ({"kind": "freshness", "within": "24h"}, {"freshness": {"dataset": "raw.orders", "within": "24h"}}),
    (
        {"kind": "duration", "within": "10m", "objective": "99 %", "window": "month"},
        {"duration": {"under": "10m", "objective": 0.99, "window": "month"}},
    ),
    (
        {"kind": "completeness", "at_least": "98 %", "columns": "id, v"},
        {"completeness": {"dataset": "raw.orders", "at_least": 0.98, "columns": ["id", "v"]}},
    ),
    ({"kind": "quality", "at_least": "1"}, {"quality": {"dataset": "raw.orders", "at_least": 1}}),
    ({"kind": "success_rate", "at_least": "99.5 %"}, {"success_rate": {"at_least": 0.995}}),
    ({"kind": "end_to_end", "within": "2h"}, {"end_to_end": {"dataset": "raw.orders", "within": "2h"}}),
]


@pytest.fixture
def filling(client):
    editor(client)
    filling = begun(client, name="orders_2024-03-05.csv", content=b"id,v\n1,2\n2,3\n")
    for page in ("look", "steps", "checks"):
        filling.send(page)
    return filling


def send(filling, *rows):
    """The page with these rows of promises, sent."""
    given = {f"levels-{place}-{name}": value for place, row in enumerate(rows) for name, value in row.items()}
    return filling.send("when", **{"levels-TOTAL_FORMS": str(len(rows)), **given})


def test_every_kind_is_promised_in_the_form_and_comes_back_into_it(filling):
    send(filling, *({"dataset": "raw.orders", **row} for row, _ in LEVELS), {"kind": ""})
    assert filling.draft.document["sla"] == [entry for _, entry in LEVELS]
    shown = fields_of(filling.open("when"))
    assert (shown["levels-1-within"], shown["levels-1-objective"], shown["levels-1-window"]) == ("10m", "99 %", "month")
    assert (shown["levels-2-columns"], shown["levels-4-at_least"]) == ("id, v", "99.5 %")
    assert shown["levels-6-kind"] == ""
    filling.send("when")
    assert filling.draft.document["sla"] == [entry for _, entry in LEVELS]
    assert "Promised: a run ends within 10m." in words(filling.open("review"))
    send(filling, {"kind": ""})
    assert "sla" not in filling.draft.document


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"kind": "freshness", "dataset": "raw.orders", "within": "soon"}, "must be a length such as 90s"),
        ({"kind": "freshness", "dataset": "", "within": "24h"}, "dataset is missing"),
        ({"kind": "quality", "dataset": "raw.orders", "at_least": "120 %"}, "must be a share above 0"),
        ({"kind": "duration", "within": ""}, "under is missing"),
        ({"kind": "success_rate", "at_least": ""}, "at_least is missing"),
    ],
    ids=["length", "dataset", "share", "under", "rate"],
)
def test_what_is_wrong_is_said_at_its_field(filling, row, said):
    answer = send(filling, {"kind": "duration", "within": "10m"}, row)
    assert answer.status_code == 422
    assert said in words(answer)
    assert 'href="#id_levels-1-' in answer.content.decode()


def test_history_suggests_a_target_beside_the_field(client):
    promise()
    now = timezone.now()
    for number in reversed(range(12)):
        at = now - timedelta(days=number, hours=1)
        run = ran(
            at, seconds=60 + number, state="failed" if number == 3 else "succeeded", period=f"2026-02-{number + 1:02}"
        )
        published(at, run=run, period=run.period)
    client.force_login(factories.make_user("ana", team=Team.objects.get(name="shop"), role="viewer"))
    address = reverse("monitoring:suggested-target", args=[Pipeline.objects.get().name])

    def suggested(kind, **fields):
        asked = {"levels-3-kind": kind, "levels-3-dataset": "mart.orders", **fields}
        return words(client.get(address, {f"levels-3-{key}" if "-" not in key else key: asked[key] for key in asked}))

    assert "Suggested from 90 days: 90s , kept in 100 % of 12 cases." in suggested("duration")
    assert "Suggested from 90 days: 30h ," in suggested("freshness")
    assert "91 %" in suggested("success_rate")
    assert "100 %" in suggested("quality")
    assert "Too little is known yet" in suggested("completeness")
    assert suggested("arrival").strip() == ""
    assert suggested("freshness", dataset="raw.nothing").strip() == ""
    Dataset.objects.filter(name="mart.orders").update(restricted=True)
    client.force_login(factories.make_user("eve"))
    assert suggested("freshness").strip() == ""
