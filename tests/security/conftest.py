"""One populated platform for a whole module; what a test changes is taken back."""

import pytest
from django.db import transaction
from django.utils import timezone

from controlplane import sweep
from pipelines_app.runs import planning
from tests.security import world as worlds


@pytest.fixture(scope="module")
def populated(django_db_setup, django_db_blocker):
    """The platform of `world.py`, in a transaction that is never committed."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield worlds.build()
        transaction.set_rollback(True)
    planning.compiled.cache_clear()


@pytest.fixture
def world(populated):
    """The platform, as it was made."""
    with transaction.atomic():
        sweep.beat("sweep", timezone.now())
        yield populated
        transaction.set_rollback(True)
