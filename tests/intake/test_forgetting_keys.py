"""Idempotency keys hold for a day at least, and not for ever."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pipelines_app import idempotency
from pipelines_app.idempotency import Keyed, Reply
from pipelines_app.intake import housekeeping
from pipelines_app.models import IdempotencyKey

pytestmark = [pytest.mark.django_db, pytest.mark.promise(7)]
KEYED = Keyed(scope="ana", key="once", digest="0" * 64)


def aged(hours: float) -> None:
    idempotency.once(KEYED, lambda: Reply(status=201, answer={"id": 7}))
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=hours))
    housekeeping.tidy(timezone.now())


def test_a_key_of_yesterday_still_gives_its_answer() -> None:
    aged(24.1)
    reply = idempotency.once(KEYED, lambda: pytest.fail("done twice"))
    assert (reply.answer, reply.again) == ({"id": 7}, True)


def test_a_key_of_last_week_is_forgotten() -> None:
    aged(7 * 24)
    assert not IdempotencyKey.objects.exists()
