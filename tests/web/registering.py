"""Filling the form of registering as a person does: open a page, change some fields, send it."""

import random
import re
from html.parser import HTMLParser

from django.core.files.uploadedfile import SimpleUploadedFile

from pipelines_app.models import Draft, Role
from tests.factories import make_team, make_user

BAD_DATES, BAD_AMOUNTS = 14, 3


def orders_csv(rows=5_000):
    """Orders of a small shop: 14 dates that are none, 3 amounts that are no numbers."""
    chance = random.Random(7)
    lines = ["order_id,order_date,customer,country,amount,quantity"]
    for number in range(1, rows + 1):
        day = (
            "31/02/2024"
            if number % (rows // BAD_DATES) == 0 and number // (rows // BAD_DATES) <= BAD_DATES
            else (f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}")
        )
        amount = "n.a." if number in (77, 150, 400) else f"{chance.uniform(5, 500):.2f}"
        country = chance.choice(["CH", "DE", "FR"])
        lines.append(f"{number},{day},customer {chance.randint(1, 900)},{country},{amount},{chance.randint(1, 9)}")
    return ("\n".join(lines) + "\n").encode()


class _Fields(HTMLParser):
    """The values that the browser would send with the page's main form."""

    def __init__(self):
        super().__init__()
        self.fields, self._select, self._area, self._hidden = {}, None, None, 0

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "template":
            self._hidden += 1
        if self._hidden or ("disabled" in given and tag != "option"):
            return
        name = given.get("name")
        if tag == "input" and name and given.get("type") not in {"file", "submit"}:
            if given.get("type") not in {"checkbox", "radio"} or "checked" in given:
                ticked = "on" if given.get("type") in {"checkbox", "radio"} else ""
                self.fields[name] = given.get("value", ticked)
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and (self._select not in self.fields or "selected" in given):
            self.fields[self._select] = given.get("value", "")
        elif tag == "textarea":
            self._area = name
            self.fields[name] = ""

    def handle_data(self, data):
        if self._area and not self._hidden:
            # As browsers do, without the line break that the field begins with.
            self.fields[self._area] += data if self.fields[self._area] else data.removeprefix("\n")

    def handle_endtag(self, tag):
        if tag == "template":
            self._hidden -= 1
        if tag == "select":
            self._select = None
        if tag == "textarea":
            self._area = None


def fields_of(response):
    """What the forms of a page hold."""
    parser = _Fields()
    parser.feed(response.content.decode())
    return {name: value for name, value in parser.fields.items() if name not in {"csrfmiddlewaretoken", "q"}}


class Filling:
    """Somebody in front of the form."""

    def __init__(self, client, draft=None):
        self.client, self.draft = client, draft

    def url(self, page, query=""):
        return f"/register/{self.draft.pk}/{page}/{query}" if self.draft else "/register/"

    def open(self, page, query=""):
        return self.client.get(self.url(page, query))

    def send(self, page, query="", *, button="go", without=(), **changes):
        """Send a page with some fields changed, by one of its buttons."""
        values = {**fields_of(self.open(page, query)), button: changes.pop("value", "on"), **changes}
        sent = {name: value for name, value in values.items() if name not in without and value is not None}
        response = self.client.post(self.url(page, query), sent)
        if self.draft is None:
            self.draft = Draft.objects.order_by("-pk").first()
        elif Draft.objects.filter(pk=self.draft.pk).exists():
            self.draft.refresh_from_db()
        return response


def editor(client, team="shop"):
    """Sign in as an editor of a team."""
    user = make_user(team=make_team(team), role=Role.EDITOR)
    client.force_login(user)
    return user


def begun(client, name="orders.csv", content=None, **changes):
    """A draft whose first page is written: raw.orders from a sample file."""
    filling = Filling(client)
    sample = SimpleUploadedFile(name, orders_csv() if content is None else content)
    given = {"pipeline": "orders", "team": "shop", "sources-0-dataset": "raw.orders", "sources-0-sample": sample}
    filling.answer = filling.send("source", **{**given, **changes})
    return filling


def words(response):
    """The text of a page, without its tags."""
    text = re.sub(r"<(script|template)\b.*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(
        re.sub(r"<[^>]+>", " ", text).replace("&#x27;", "'").replace("&quot;", '"').replace("&gt;", ">").split()
    )
