"""What every page's frame shows: where one can go, who asks, in which zone."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from monitoring_app.models import Alert
from pipelines_app.environments import mapping

GROUPS: list[tuple[str, list[tuple[str, str]]]] = [
    ("", [("Today", "monitoring:today"), ("Alerts", "monitoring:alerts")]),
    (
        "Operate",
        [
            ("Pipelines", "console:pipelines"),
            ("Templates", "console:templates"),
            ("Runs", "console:runs"),
            ("Arrivals", "console:arrivals"),
            ("Expected", "console:expected"),
            ("Webhooks", "console:webhooks"),
        ],
    ),
    (
        "Know",
        [
            ("Datasets", "console:datasets"),
            ("Lineage", "console:lineage"),
            ("Other tools", "console:other-tools"),
            ("Checks", "console:checks"),
            ("Anomalies", "monitoring:anomalies"),
            ("SLAs", "monitoring:slas"),
            ("Events", "console:events"),
        ],
    ),
    (
        "Platform",
        [
            ("Health", "monitoring:health"),
            ("Team", "console:team"),
            ("Environments", "console:environments"),
            ("Limits", "console:limits"),
            ("API", "console:api-docs"),
        ],
    ),
]
# Pages that stand under another one's name.
UNDER = {"console:drops": "console:arrivals", "console:backfills": "console:runs", "console:upload": "console:arrivals"}


@dataclass(frozen=True)
class Item:
    """One place in the navigation."""

    label: str
    url: str
    current: bool
    count: int = 0


def frame(request: HttpRequest) -> dict[str, object]:
    """The frame's context; one query, for the number of open alerts, made only where the frame is drawn."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {}
    return {
        "nav": SimpleLazyObject(lambda: _nav(request)),
        "who": request.user,
        "zone": timezone.get_current_timezone_name(),
        "environment": mapping.PRODUCTION,
    }


def _nav(request: HttpRequest) -> list[dict[str, object]]:
    waiting = Alert.objects.visible_to(request.user).unresolved().standing().count()
    return [
        {"label": label, "items": [_item(request, name, to, waiting) for name, to in items]} for label, items in GROUPS
    ]


def _item(request: HttpRequest, label: str, to: str, waiting: int) -> Item:
    url = reverse(to)
    current = request.path == url if url == "/" else request.path.startswith((url, *_under(to)))
    return Item(label=label, url=url, current=current, count=waiting if label == "Alerts" else 0)


def _under(to: str) -> list[str]:
    return [reverse(page) for page, over in UNDER.items() if over == to]
