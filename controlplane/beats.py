"""What Celery's beat and its workers ring beside the work itself."""

import logging

from celery import shared_task
from django.db import DatabaseError, close_old_connections

from controlplane import sweep
from pipelines_app import lake
from pipelines_app.clock import database_now

logger = logging.getLogger(__name__)


@shared_task
def sweep_once() -> None:
    """One sweep."""
    sweep.once()


@shared_task
def keep_house() -> None:
    """The long chores."""
    sweep.keep_house()


@shared_task
def look_outside() -> None:
    """A look into the drop folders and buckets that are due."""
    sweep.look_outside()


@shared_task
def pulse(name: str) -> None:
    """Leave a worker's sign of life, at the moment of the database's clock: its own may be wrong."""
    try:
        sweep.beat(name, database_now(), "Celery")
    except DatabaseError:
        logger.exception("no sign of life could be left: the database did not answer")
    close_old_connections()  # who leaves it is a thread that no request ends for


@shared_task
def close_engine() -> None:
    """End the engine's children of this process."""
    lake.engine().close()
