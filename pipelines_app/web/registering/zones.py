"""The time zone that a deadline begins with: the person's own; the browser knows better for who never chose one."""

from collections.abc import Iterator, Mapping

from django.conf import settings

from pipelines_app.models import Pipeline, User

NEWEST = 20
NEVER_CHOSEN = User._meta.get_field("zone").get_default()
GUESSED = {"data-zone-guess": ""}  # static/js/forms.js puts the browser's zone there


def proposed(user: User) -> str:
    """The person's zone; of who never chose one, the zone of the newest deadline they may see, else the server's."""
    if user.zone != NEVER_CHOSEN:
        return user.zone
    seen = Pipeline.objects.visible_to(user).filter(current__isnull=False).order_by("-pk")
    documents = seen.values_list("current__document", flat=True)[:NEWEST]
    return next((zone for document in documents for zone in _declared(document)), settings.TIME_ZONE)


def may_be_guessed(user: User) -> bool:
    """Whether nobody has said in which zone this person lives."""
    return bool(user.zone == NEVER_CHOSEN)


def _declared(document: Mapping[str, object]) -> Iterator[str]:
    sources = document.get("sources")
    entries = sources.values() if isinstance(sources, Mapping) else ()
    for entry in entries:
        arrival = entry.get("arrival") if isinstance(entry, Mapping) else None
        if isinstance(arrival, Mapping) and arrival.get("timezone"):
            yield str(arrival["timezone"])
