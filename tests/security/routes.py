"""Who is answered what at every address: for GET and for POST, to nobody, another team's admin, viewer, editor, admin.

Addresses are those of the restricted pipeline; `{…}` is filled from the world. What another team's admin is answered
at the same address of the open pipeline is `open`: 200 to GET unless said otherwise, to POST as at the restricted one.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.security.world import DAY, NEXT

JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One address; the codes are in the order of `world.ROLES`."""

    address: str
    get: str
    post: str
    body: dict[str, Any] = field(default_factory=dict)
    open: tuple[int, int] | None = None
    method: str = "post"
    kind: str = ""
    query: str = ""


def page(address: str, get: str, post: str, **more: Any) -> Row:
    """A page or form of the console."""
    return Row(address=address, get=get, post=post, **more)


def call(address: str, get: str, post: str, **more: Any) -> Row:
    """An address of the API; commands are JSON."""
    return Row(address=f"/api/v1{address}", get=get, post=post, kind=more.pop("kind", JSON), **more)


SIGNED = "302 200 200 200 200"  # whoever is signed in; what a list holds is told by other tests
OWN = "302 404 200 200 200"  # the team
NO_GET = "302 405 405 405 405"
NO_POST = "302 405 405 405 405"
EDITORS = "302 404 404 302 302"  # an action: done, and back to the page
ADMINS = "302 404 404 404 302"
API_SIGNED = "401 200 200 200 200"
API_OWN = "401 404 200 200 200"
API_NOT = "401 405 405 405 405"

CONSOLE = [
    page("/", SIGNED, SIGNED),
    page("/alerts/", SIGNED, SIGNED),
    page("/alerts/{alert}/", OWN, OWN, open=(200, 200)),
    page("/alerts/{alert}/acknowledge", NO_GET, EDITORS, open=(405, 404)),
    page("/alerts/{alert}/snooze", NO_GET, EDITORS, body={"hours": "1"}, open=(405, 404)),
    page("/alerts/{alert}/resolve", NO_GET, EDITORS, body={"because": "over"}, open=(405, 404)),
    page("/alerts/of-run/{run}", SIGNED, SIGNED),
    page("/alerts/of-dataset/{dataset}", SIGNED, SIGNED),
    page("/alerts/of-pipeline/{pipeline}", SIGNED, SIGNED),
    page("/health/", SIGNED, SIGNED),
    page("/sign-in", "200 302 302 302 302", "422 302 302 302 302"),
    page("/sign-out", "405 405 405 405 405", "302 302 302 302 302"),
    page("/profile", SIGNED, "302 422 422 422 422"),
    page("/tokens", SIGNED, SIGNED, body={"name": "mine", "days": "30"}),
    page("/tokens/{token}/revoke", NO_GET, "302 404 404 302 404", open=(405, 404)),
    page("/datasets", SIGNED, NO_POST),
    page("/datasets/{dataset}", OWN, NO_POST),
    page("/datasets/{made}/download", OWN, NO_POST),
    page("/versions/{version}", OWN, NO_POST),
    page("/versions/{version}/test", "302 404 404 200 200", NO_POST, open=(404, 405)),
    page("/versions/{version}/why/", OWN, OWN, open=(200, 200)),
    page("/runs/{run}/why/", OWN, OWN, open=(200, 200)),
    page("/events/{event}/why/", OWN, OWN, open=(200, 200)),
    page("/lineage", OWN, NO_POST, query="?of={dataset}"),
    page("/checks", SIGNED, NO_POST),
    page("/arrivals", SIGNED, NO_POST),
    page("/arrivals/{arrival}", OWN, NO_POST),
    page("/arrivals/{arrival}/original", OWN, NO_POST, open=(404, 405)),
    page("/arrivals/{arrival}/replay", NO_GET, EDITORS, open=(405, 404)),
    page("/expected", SIGNED, NO_POST),
    page("/expected/{slot}", OWN, NO_POST),
    page("/habits/{habit}", OWN, NO_POST),
    page("/habits/{habit}/accept", NO_GET, EDITORS, open=(405, 404)),
    page("/habits/{habit}/dismiss", NO_GET, EDITORS, open=(405, 404)),
    page("/slots/{slot}/waive", NO_GET, EDITORS, body={"reason": "no"}, open=(405, 404)),
    page("/upload", "302 404 404 200 200", "302 404 404 422 422", query="?dataset={dataset}", open=(404, 404)),
    page("/drops", SIGNED, NO_POST),
    page("/drops/{drop}", OWN, NO_POST),
    page("/drops/{drop}/look", NO_GET, EDITORS, open=(405, 404)),
    page("/drops/{drop}/keys", NO_GET, EDITORS, body={"key": "k", "secret": "s"}, open=(405, 404)),
    page("/datasets/{dataset}/preview", "302 404 404 200 200", "302 404 404 200 200", open=(404, 404)),
    page("/other-tools", SIGNED, NO_POST),
    page("/environments", SIGNED, NO_POST),
    page("/environments/production/engine", NO_GET, "302 404 404 404 404", body={"engine": "duckdb"}, open=(405, 404)),
    page("/limits", SIGNED, NO_POST),
    page("/limits/team/people", NO_GET, ADMINS, body={"most": "9"}, open=(405, 404)),
    page("/webhooks", SIGNED, NO_POST),
    page("/webhooks/new", NO_GET, "302 404 404 200 200", body={"dataset": "{dataset}"}, open=(405, 404)),
    page("/webhooks/{webhook}", "302 404 404 200 200", "302 404 404 422 422", open=(404, 404)),
    page("/webhooks/{webhook}/rotate", NO_GET, "302 404 404 200 200", open=(405, 404)),
    page("/webhooks/{webhook}/disable", NO_GET, EDITORS, open=(405, 404)),
    page("/webhooks/{webhook}/enable", NO_GET, EDITORS, open=(405, 404)),
    page("/webhooks/out/", SIGNED, NO_POST),
    page("/openlineage/out/", "302 404 404 404 404", NO_POST, open=(404, 405)),
    page("/openlineage/out/again", NO_GET, "302 404 404 404 404", open=(405, 404)),
    page(
        "/webhooks/out/new",
        NO_GET,
        "302 404 404 404 200",
        body={"team": "people", "url": "https://hush.example.org/x", "alerts": "on"},
    ),
    page("/webhooks/out/{endpoint}/", OWN, "302 404 404 404 302", open=(404, 404)),
    page("/webhooks/out/{endpoint}/rotate", NO_GET, "302 404 404 404 200", open=(405, 404)),
    page("/webhooks/out/{endpoint}/switch", NO_GET, ADMINS, body={"enabled": "0"}, open=(405, 404)),
    page("/webhooks/out/{endpoint}/test", NO_GET, ADMINS, open=(405, 404)),
    page("/webhooks/out/{endpoint}/messages/{message}/again", NO_GET, ADMINS, open=(405, 404)),
    page("/team", OWN, NO_POST, query="?team=people", open=(404, 405)),
    page("/team/people/members", NO_GET, "302 404 404 404 422", body={"username": "x", "role": "admin"}),
    page(
        "/team/people/invite",
        NO_GET,
        "302 404 404 404 200",
        body={"invite-username": "new", "invite-email": "n@example.org", "invite-role": "viewer"},
    ),
    page("/members/{membership}/remove", NO_GET, ADMINS, open=(405, 404)),
    page("/audit", SIGNED, NO_POST),
    page("/palette", SIGNED, NO_POST, query="?q=hush"),
    page("/api/docs", SIGNED, NO_POST),
    page("/pipelines/", SIGNED, SIGNED),
    page("/pipelines/{pipeline}/", OWN, OWN, open=(200, 200)),
    page("/pipelines/{pipeline}/run", NO_GET, EDITORS, body={"period": DAY}, open=(405, 404)),
    page("/pipelines/{pipeline}/pause", NO_GET, EDITORS, open=(405, 404)),
    page("/pipelines/{pipeline}/resume", NO_GET, EDITORS, open=(405, 404)),
    page("/pipelines/{pipeline}/revisions/1/", OWN, OWN, open=(200, 200)),
    page("/pipelines/{pipeline}/compare/", OWN, OWN, open=(200, 200)),
    page("/pipelines/{pipeline}/edit/", "302 404 403 302 302", "302 404 403 302 302", open=(403, 403)),
    page("/runs/", SIGNED, SIGNED),
    page("/runs/bulk", "302 302 302 302 302", "302 302 302 302 302"),
    page("/runs/{failed}/again", "302 404 404 200 200", EDITORS, open=(404, 404)),
    page("/definitions", SIGNED, "302 422 422 422 422"),
    page("/definitions.zip", SIGNED, NO_POST),
    page("/pipelines/bulk", "302 302 302 302 302", "302 302 302 302 302"),
    page("/pipelines/{pipeline}/backfill", "302 404 404 200 200", EDITORS, open=(404, 404)),
    page("/backfills/", SIGNED, SIGNED),
    page("/backfills/{backfill}/", OWN, OWN, open=(200, 200)),
    page("/backfills/{backfill}/pause", NO_GET, EDITORS, open=(405, 404)),
    page("/backfills/{backfill}/resume", NO_GET, EDITORS, open=(405, 404)),
    page("/backfills/{backfill}/cancel", NO_GET, EDITORS, open=(405, 404)),
    page("/runs/{run}/", OWN, OWN, open=(200, 200)),
    page("/runs/{queued}/cancel", NO_GET, EDITORS, open=(405, 404)),
    page("/runs/{failed}/retry", NO_GET, EDITORS, open=(405, 404)),
    page("/events/", SIGNED, SIGNED),
    page("/events/{event}/", OWN, OWN, open=(200, 200)),
    page("/deliveries/{delivery}/release", NO_GET, ADMINS, open=(405, 404)),
    page("/templates/", SIGNED, NO_POST),
    page("/templates/deduplicate/", SIGNED, NO_POST),
    page("/templates/deduplicate/revisions/1/", SIGNED, NO_POST),
    page("/templates/deduplicate/use", NO_GET, "302 302 403 302 302"),
    page("/templates/deduplicate/many", SIGNED, "302 422 422 422 422"),
    page("/templates/deduplicate/roll-out", SIGNED, "302 200 422 200 200", open=(200, 200)),
    page("/register/", "302 200 403 200 200", "302 422 403 422 422", body={"team": "people"}),
    page("/register/yaml/", "302 200 403 200 200", "302 422 403 422 422"),
    page("/register/{draft}/check-sql", "302 405 403 405 405", "302 404 403 200 404", open=(405, 404)),
    page("/register/{draft}/schema", "302 404 403 200 404", "302 405 403 405 405", open=(404, 405)),
    page("/register/{draft}/preview", "302 405 403 405 405", "302 404 403 204 404", open=(405, 404)),
    page("/register/{draft}/graph", "302 405 403 405 405", "302 404 403 200 404", open=(405, 404)),
    page("/register/{draft}/discard", "302 405 403 405 405", "302 404 403 302 404", open=(405, 404)),
    page("/register/{draft}/source/", "302 404 403 200 404", "302 404 403 422 404", open=(404, 404)),
]
MACHINES = [
    page("/livez", "200 200 200 200 200", "200 200 200 200 200"),
    page("/readyz", "200 200 200 200 200", "200 200 200 200 200"),
    page("/hooks/0123456789abcdef", "405 405 405 405 405", "404 404 404 404 404"),
]
API = [
    call("/nothing", "404 404 404 404 404", "404 404 404 404 404"),
    call("/schema", API_SIGNED, API_NOT),
    call("/me", API_SIGNED, API_NOT),
    call("/teams", API_SIGNED, API_NOT),
    call("/plan", API_NOT, "401 404 403 200 200", body="files"),
    call("/apply", API_NOT, "401 404 403 200 200", body="files"),
    call("/export", API_SIGNED, API_NOT),
    call("/templates", API_SIGNED, "401 404 403 422 422", body={"template": "tidy", "team": "people"}),
    call("/templates/deduplicate", API_SIGNED, "401 422 422 422 422", method="put", body={"template": "x"}),
    call("/templates/deduplicate/revisions", API_SIGNED, API_NOT),
    call("/templates/deduplicate/revisions/1", API_SIGNED, API_NOT),
    call("/templates/deduplicate/pipelines", API_SIGNED, "401 404 403 422 422", body={"csv": "x", "team": "people"}),
    call("/templates/deduplicate/roll-out", API_NOT, "401 200 403 200 200", open=(405, 200)),
    call(
        "/templates/deduplicate/expand",
        API_NOT,
        "401 404 403 422 422",
        body={"pipeline": "x", "team": "people"},
        open=(405, 404),
    ),
    call("/pipeline.schema.json", "200 200 200 200 200", "405 405 405 405 405"),
    call("/pipelines", API_SIGNED, "401 404 403 200 200", body="document"),
    call("/pipelines/{pipeline}", API_OWN, "401 404 403 200 200", method="put", body="document"),
    call("/pipelines/{pipeline}/run", API_NOT, "401 404 403 202 202", body={"period": DAY}, open=(405, 404)),
    call("/pipelines/{pipeline}/pause", API_NOT, "401 404 403 200 200", open=(405, 404)),
    call("/pipelines/{pipeline}/resume", API_NOT, "401 404 403 409 409", open=(405, 404)),
    call("/pipelines/{pipeline}/waiting", API_OWN, API_NOT),
    call("/pipelines/{pipeline}/revisions", API_OWN, API_NOT),
    call("/pipelines/{pipeline}/revisions/1", API_OWN, API_NOT),
    call("/datasets", API_SIGNED, API_NOT),
    call("/datasets/{dataset}", API_OWN, API_NOT),
    call(
        "/datasets/{dataset}/arrivals",
        API_OWN,
        "401 404 403 201 201",
        query=f"?name=file.csv&period={NEXT}",
        kind="text/csv",
        body="file",
    ),
    call("/datasets/{dataset}/versions", API_OWN, API_NOT),
    call("/datasets/{made}/rows", API_OWN, API_NOT),
    call("/datasets/{made}/download", API_OWN, API_NOT),
    call("/arrivals/{arrival}", API_OWN, API_NOT),
    call("/arrivals/{arrival}/replay", API_NOT, "401 404 403 201 201", open=(405, 404)),
    call("/versions/{version}", API_OWN, API_NOT),
    call("/versions/{version}/test", "401 404 404 422 422", API_NOT, open=(404, 405)),
    call("/versions/{version}/causes", API_OWN, API_NOT),
    call("/versions/{version}/effects", API_OWN, API_NOT),
    call(
        "/slots",
        API_SIGNED,
        "401 404 403 201 201",
        body={"dataset": "{dataset}", "period": "2013-01-09", "due_at": "2030-01-01T00:00:00Z"},
    ),
    call(f"/slots/{{dataset}}/{NEXT}", API_OWN, API_NOT),
    call(f"/slots/{{dataset}}/{NEXT}/why", API_OWN, API_NOT),
    call("/habits", API_SIGNED, API_NOT),
    call("/habits/{dataset}", API_OWN, API_NOT),
    call("/habits/{dataset}/accept", API_NOT, "401 404 403 200 200", open=(405, 404)),
    call("/habits/{dataset}/dismiss", API_NOT, "401 404 403 200 200", open=(405, 404)),
    call("/slots/{slot}/waive", API_NOT, "401 404 403 200 200", body={"reason": "no"}, open=(405, 404)),
    call("/runs", API_SIGNED, API_NOT),
    call("/runs/bulk", API_NOT, "401 422 422 422 422", body={"action": "cancel"}, open=(405, 422)),
    call("/pipelines/bulk", API_NOT, "401 422 422 422 422", body={"action": "pause"}, open=(405, 422)),
    call("/deliveries/bulk", API_NOT, "401 422 422 422 422", body={"action": "release"}, open=(405, 422)),
    call("/runs/{failed}/rerun", API_NOT, "401 404 403 409 409", open=(405, 404)),
    call(
        "/pipelines/{pipeline}/backfills",
        API_NOT,
        "401 404 403 409 409",
        body={"first": DAY, "last": DAY, "mode": "all"},
        open=(405, 404),
    ),
    call("/backfills", API_SIGNED, API_NOT),
    call("/backfills/{backfill}", API_OWN, API_NOT),
    call("/backfills/{backfill}/pause", API_NOT, "401 404 403 200 200", open=(405, 404)),
    call("/backfills/{backfill}/resume", API_NOT, "401 404 403 409 409", open=(405, 404)),
    call("/backfills/{backfill}/cancel", API_NOT, "401 404 403 200 200", open=(405, 404)),
    call("/runs/{run}", API_OWN, API_NOT),
    call("/runs/{run}/events", API_OWN, API_NOT),
    call("/runs/{run}/causes", API_OWN, API_NOT),
    call("/runs/{run}/effects", API_OWN, API_NOT),
    call("/runs/{queued}/cancel", API_NOT, "401 404 403 200 200", open=(405, 404)),
    call("/runs/{failed}/retry", API_NOT, "401 404 403 202 202", open=(405, 404)),
    call("/events", API_SIGNED, API_NOT),
    call("/events/{event}", API_OWN, API_NOT),
    call("/events/{event}/causes", API_OWN, API_NOT),
    call("/events/{event}/effects", API_OWN, API_NOT),
    call("/deliveries", "401 200 403 403 200", API_NOT),
    call("/deliveries/{delivery}/release", API_NOT, "401 404 403 403 200", open=(405, 404)),
    call("/webhooks", API_SIGNED, "401 404 403 201 201", body={"dataset": "{dataset}"}),
    call("/webhooks/{webhook}", "401 404 403 200 200", API_NOT, open=(404, 405)),
    call("/webhooks/{webhook}/rotate", API_NOT, "401 404 403 200 200", open=(405, 404)),
    call("/webhooks/{webhook}/enable", API_NOT, "401 404 403 409 409", open=(405, 404)),
    call("/webhooks/{webhook}/disable", API_NOT, "401 404 403 200 200", open=(405, 404)),
    call("/webhooks/{webhook}/test", API_NOT, "401 404 403 422 422", body={"body": "x"}, open=(405, 404)),
    call("/webhooks/{webhook}/deliveries", "401 404 403 200 200", API_NOT, open=(404, 405)),
    call("/endpoints", API_SIGNED, "401 404 403 403 201", body={"team": "people", "url": "https://hush.example.org/x"}),
    call("/endpoints/{endpoint}", API_OWN, "401 404 403 403 200", method="put", open=(404, 404)),
    call("/endpoints/{endpoint}/rotate", API_NOT, "401 404 403 403 200", open=(405, 404)),
    call("/endpoints/{endpoint}/enable", API_NOT, "401 404 403 403 409", open=(405, 404)),
    call("/endpoints/{endpoint}/disable", API_NOT, "401 404 403 403 200", open=(405, 404)),
    call("/endpoints/{endpoint}/test", API_NOT, "401 404 403 403 502", open=(405, 404)),
    call("/endpoints/{endpoint}/messages", API_OWN, API_NOT, open=(404, 405)),
    call("/endpoints/{endpoint}/messages/{message}/again", API_NOT, "401 404 403 403 202", open=(405, 404)),
    call("/checks", API_SIGNED, API_NOT),
    call("/lineage", API_OWN, "401 400 400 400 400", query="?of={dataset}"),  # a message takes no ?of=
    call("/lineage/batch", API_NOT, "401 422 403 422 422"),
    call("/lineage/impact", API_OWN, API_NOT, query="?of={dataset}"),
    call("/openlineage", API_NOT, "401 422 403 422 422"),
    call("/openlineage/runs", API_SIGNED, API_NOT),
    call("/drops", API_SIGNED, API_NOT),
    call("/environments", API_SIGNED, API_NOT),
    call(
        "/environments/production/engine",
        API_NOT,
        "401 403 403 403 403",
        body={"engine": "duckdb"},
        open=(405, 403),
        method="put",
    ),
    call("/limits", API_SIGNED, API_NOT),
    call("/limits/team/people", API_NOT, "401 404 403 403 200", body={"most": "9"}, open=(405, 404), method="put"),
    call("/drops/{dataset}", API_OWN, API_NOT),
    call("/drops/{dataset}/files", API_OWN, API_NOT),
    call("/drops/{dataset}/look", API_NOT, "401 404 403 200 200", open=(405, 404)),
    call(
        "/drops/{dataset}/keys",
        API_NOT,
        "401 404 403 200 200",
        body={"key": "k", "secret": "s"},
        method="put",
        open=(405, 404),
    ),
    call("/datasets/{dataset}/preview", API_NOT, "401 404 403 200 200", body={"name": "x"}, open=(405, 404)),
    call("/alerts", API_SIGNED, API_NOT),
    call("/alerts/{alert}", API_OWN, API_NOT),
    call("/alerts/{alert}/acknowledge", API_NOT, "401 404 403 200 200", open=(405, 404)),
    call(
        "/alerts/{alert}/snooze",
        API_NOT,
        "401 404 403 200 200",
        body={"until": "2099-01-01T00:00:00Z"},
        open=(405, 404),
    ),
    call("/alerts/{alert}/resolve", API_NOT, "401 404 403 200 200", body={"because": "over"}, open=(405, 404)),
    call("/notifications", API_SIGNED, API_NOT),
    call("/health", API_SIGNED, API_NOT),
]
ROWS = [*CONSOLE, *MACHINES, *API]
