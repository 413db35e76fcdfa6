"""Migrations and the clock of transactions."""

import pytest
from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connection

HOW_LONG = "SHOW idle_in_transaction_session_timeout"


def shown():
    with connection.cursor() as cursor:
        cursor.execute(HOW_LONG)
        return cursor.fetchone()[0]


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_migration_may_stand_still_in_its_transaction_and_what_comes_after_it_may_not():
    before = shown()
    emit_pre_migrate_signal(verbosity=0, interactive=False, db="default", apps=apps, plan=[])
    during = shown()
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default", apps=apps, plan=[])
    assert (before != "0", during, shown()) == (True, "0", before)
