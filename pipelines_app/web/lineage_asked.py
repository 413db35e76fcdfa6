"""What the address of the lineage page says: all of its state, so that it can be kept, sent and gone back to."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from pipelines_app.lineage import finding, showing
from pipelines_app.lineage.walking import MOST_DEPTH, Side

DEPTHS = {"1": "1 step", "2": "2 steps", "3": "3 steps", "all": "Everything connected"}
MODES = {"around": "What is around", "impact": "What breaks if it goes", "cause": "Where a fault comes from"}
SHOWN = {"all": "By value and by decision", "direct": "By value only"}
SIDES = {"around": showing.BOTH, "impact": (Side.DOWN,), "cause": (Side.UP,)}
MOST_OPENED = 50


@dataclass(frozen=True, kw_only=True)
class AskedLineage:
    """One state of the page: the dataset in the middle, the way of looking, what is opened, what is chosen."""

    of: str = ""
    mode: str = "around"
    depth: str = "1"
    show: str = "all"
    column: str = ""
    as_of: str = ""
    expand: str = ""
    node: str = ""
    q: str = ""

    @property
    def sides(self) -> tuple[Side, ...]:
        return SIDES[self.mode]

    @property
    def steps(self) -> int:
        """How far it goes: impact and causes go all the way."""
        return int(self.depth) if self.mode == "around" and self.depth != "all" else MOST_DEPTH

    @property
    def opened(self) -> list[str]:
        return [name for name in self.expand.split(",") if name][:MOST_OPENED]

    @property
    def moment(self) -> datetime | None:
        return finding.moment(self.as_of) if self.as_of else None

    def address(self, **changes: str) -> str:
        """The page with some of it changed; what is as usual is left out of its address."""
        changed = replace(self, **changes)
        said = {
            one.name: getattr(changed, one.name) for one in fields(self) if getattr(changed, one.name) != one.default
        }
        return reverse("console:lineage") + (f"?{urlencode(said)}" if said else "")

    @property
    def csv(self) -> str:
        """The same as a table to keep."""
        address = self.address(node="")
        return f"{address}{'&' if '?' in address else '?'}format=csv"

    def opening(self, name: str) -> str:
        """The page with what lies around one more dataset."""
        return self.address(expand=",".join(dict.fromkeys([*self.opened, name])), node=name)


def read(query: QueryDict) -> AskedLineage:
    """The state an address says; what it does not know is as usual."""
    said = {one.name: query.get(one.name, "").replace("\0", "").strip() for one in fields(AskedLineage)}
    known = {"mode": MODES, "depth": DEPTHS, "show": SHOWN}
    usual = {one.name: str(one.default) for one in fields(AskedLineage)}
    kept = {name: text if text and text in known.get(name, (text,)) else usual[name] for name, text in said.items()}
    return AskedLineage(**kept)
