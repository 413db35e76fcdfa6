"""Celery's doorbells of the watch."""

from celery import shared_task

from monitoring_app.alerts import sending
from monitoring_app.anomalies import judging
from monitoring_app.profiling import measuring

GOES_ON_SECONDS = 0.5  # how long a worker goes on with what waits to be measured, before others have their turn


@shared_task
def send_notification(pk: int) -> None:
    """Send one message, if it is still to be sent."""
    sending.send(pk)


@shared_task
def measure_profile(pk: int) -> None:
    """Measure one version, if it is still to be measured, and for a moment others that wait."""
    measuring.go_on(pk, seconds=GOES_ON_SECONDS)


@shared_task
def judge_batch(pk: int) -> None:
    """Judge one batch, if it is still to be judged."""
    judging.judge(pk)
