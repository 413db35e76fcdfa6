"""Make things happen: record a fact, and hand it to the watch at once or later."""

from monitoring_app import reactions
from monitoring_app.alerts import sending
from monitoring_app.models import Alert, Notification
from pipelines_app import events
from pipelines_app.models import Delivery


def happen(fact, *, cause=None):
    """Record a fact and deliver it; the answer is what the watch said of it."""
    return hear(events.record(fact, cause=cause, actor="clock"))


def hear(event):
    """Deliver an event that was recorded before; good news is not even handed over where no alert is open."""
    delivery = Delivery.objects.filter(event=event, consumer="alerts").first()
    if delivery is None:
        return reactions.NOTHING
    events.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == "done", delivery.error
    return delivery.outcome


def send_all():
    """Make one attempt for every message that waits."""
    for pk in Notification.objects.filter(state="pending").order_by("id").values_list("pk", flat=True):
        sending.send(pk)


def the_alert(**about):
    """The one alert that there is."""
    return Alert.objects.get(**about)


def told(alert):
    """What was said about an alert, in order, without its channels."""
    return list(alert.notifications.order_by("id").values_list("about", flat=True))
