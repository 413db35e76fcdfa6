"""The main pages with hostile texts in every field, in a browser that tells of whatever ran or was refused."""

from tests.browser.operating import sign_in
from tests.security import world as worlds
from tests.security.test_hostile import PAYLOAD, poison

PAGES = [
    *("/", "/alerts/", "/alerts/{alert}/", "/pipelines/", "/pipelines/orders/", "/runs/", "/runs/{run}/"),
    *("/runs/{run}/?tab=log", "/events/", "/events/{event}/", "/datasets", "/datasets/raw.orders?tab=arrivals"),
    *("/lineage?of=mart.shops", "/checks", "/arrivals", "/arrivals/{arrival}", "/versions/{version}", "/audit"),
    *("/team?team=people", "/tokens", "/health/"),
]


def test_hostile_texts_run_nowhere_and_break_no_policy(page, context, live_server, transactional_db):
    built = worlds.build()
    boss = sign_in(context, live_server, name="boss")
    boss.is_superuser = True
    boss.first_name = PAYLOAD[:150]
    boss.save()
    assert poison(PAYLOAD) > 30
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for address in PAGES:
        page.goto(live_server.url + address.format(**built.open.ids))
        page.wait_for_load_state("networkidle")
        assert page.locator("xss").count() == 0, address
        assert page.locator("main").count() == 1, address
    assert not dialogs
