"""Every command of the API: what its address holds and it does not take is refused before anything is done."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.security.routes import API
from tests.security.test_matrix import Asking, named

pytestmark = pytest.mark.django_db
WRITING = ("INSERT", "UPDATE", "DELETE")
COMMANDS = [row for row in API if row.post.split()[-1] not in {"405", "404"}]


@pytest.fixture
def _django_db_helper():
    """The world is one transaction for all tests here: none of their own."""


def asked(row, world, more):
    """The answer to a command whose address holds something more, and what was written."""
    asking = Asking(row, world, world.hidden)
    asking.address += ("&" if "?" in asking.address else "?") + more
    with CaptureQueriesContext(connection) as queries:
        answer = asking.post("admin")
    return answer, [query["sql"] for query in queries if query["sql"].startswith(WRITING)]


def test_no_command_of_the_api_is_left_out():
    assert len(COMMANDS) > 40


@pytest.mark.parametrize("row", COMMANDS, ids=named)
def test_a_command_with_a_parameter_that_nobody_knows_is_refused_and_does_nothing(row, world):
    answer, written = asked(row, world, "nonsense=1")
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
    assert not written


REHEARSED = {
    *("/pipelines/{pipeline}/run", "/pipelines/{pipeline}/pause", "/runs/{queued}/cancel", "/runs/{failed}/retry"),
    *("/runs/{failed}/rerun", "/arrivals/{arrival}/replay", "/slots/{slot}/waive", "/pipelines/{pipeline}/resume"),
    *("/runs/bulk", "/pipelines/bulk", "/deliveries/bulk", "/pipelines/{pipeline}/backfills", "/apply", "/pipelines"),
    *("/pipelines/{pipeline}", "/templates", "/templates/deduplicate"),
}


@pytest.mark.parametrize("row", COMMANDS, ids=named)
def test_a_command_says_what_it_would_do_or_that_it_cannot(row, world):
    answer, written = asked(row, world, "dry_run=true")
    if row.address.removeprefix("/api/v1") not in REHEARSED:
        assert (answer.status_code, written) == (400, [])
        return
    expected = {409, 422} if row.post.split()[-1].startswith("4") else {200}  # what cannot be done cannot be rehearsed
    assert answer.status_code in expected, answer.said
