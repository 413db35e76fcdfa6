"""Celery's doorbell for messages."""

from celery import shared_task

from monitoring_app.alerts import sending


@shared_task
def send_notification(pk: int) -> None:
    """Send one message, if it is still to be sent."""
    sending.send(pk)
