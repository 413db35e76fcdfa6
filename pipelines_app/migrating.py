"""A migration may think for as long as it likes between two statements: no worker waits for it."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate


def watch(app: AppConfig) -> None:
    """Have migrations keep their transactions open, which workers may not (`idle_in_transaction_session_timeout`)."""
    pre_migrate.connect(_be_patient, sender=app, dispatch_uid="patient migrations")
    post_migrate.connect(_be_as_before, sender=app, dispatch_uid="patient migrations")


def _be_patient(using: str, **sent: Any) -> None:
    _say(using, "SET idle_in_transaction_session_timeout = 0")


def _be_as_before(using: str, **sent: Any) -> None:
    _say(using, "RESET idle_in_transaction_session_timeout")


def _say(using: str, statement: str) -> None:
    if connections[using].vendor == "postgresql":
        with connections[using].cursor() as cursor:
            cursor.execute(statement)
