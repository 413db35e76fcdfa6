"""Migrations and the clock of transactions."""

import pytest
from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import DatabaseError, connection

from pipelines_app.models import Event
from tests import factories

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


HOT = ("arrival", "event", "delivery", "webhookcall", "run", "steprun", "runinput")


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.parametrize("name", HOT)
def test_no_index_of_what_comes_in_says_what_another_one_begins_with(name):
    """Each index is paid for with every message."""
    asked = "SELECT indexdef FROM pg_indexes WHERE tablename = %s"
    with connection.cursor() as cursor:
        cursor.execute(asked, [f"pipelines_app_{name}"])
        whole = [made for (made,) in cursor.fetchall() if " WHERE " not in made]
    columns = [made.partition(" USING btree (")[2].removesuffix(")").split(", ") for made in whole]
    assert columns
    doubled = [one for one in columns for other in columns if one is not other and other[: len(one)] == one]
    assert doubled == []


@pytest.mark.django_db
def test_events_are_append_only_after_all_migrations():
    event = factories.make_event()
    with pytest.raises(DatabaseError, match="append-only"):
        Event.objects.filter(pk=event.pk).update(actor="somebody else")
