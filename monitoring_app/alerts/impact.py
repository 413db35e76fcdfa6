"""Who is hit by a problem: what is made from it, what was promised of that, and whose it is. Five questions at most."""

from collections.abc import Collection
from dataclasses import dataclass

from monitoring_app.alerts import grouping
from monitoring_app.models import Alert, Sla
from pipelines_app.lineage.walking import Side, Walk
from pipelines_app.models import Dataset

MOST = 200
NAMED = 5
LISTED = 10  # on the page


@dataclass(frozen=True, kw_only=True)
class Impact:
    """What is hit, the nearest first: names that every reader of the alert may read, and how many there are in all."""

    datasets: tuple[str, ...] = ()
    unnamed: int = 0
    teams: tuple[str, ...] = ()
    promises: tuple[str, ...] = ()
    is_cut: bool = False

    @property
    def number(self) -> int:
        return len(self.datasets) + self.unnamed

    @property
    def beyond(self) -> int:
        """How many are not among the ten that the page names."""
        return self.number - len(self.datasets[:LISTED])

    def lines(self) -> list[str]:
        """The same as lines of a message."""
        said = []
        if self.number:
            more = self.number - len(self.datasets[:NAMED])
            named = ", ".join(self.datasets[:NAMED]) or "restricted ones"
            rest = f" and {'at least ' if self.is_cut else ''}{more} more" if more and self.datasets else ""
            said.append(f"Made from it: {named}{rest}")
        if self.promises:
            more = len(self.promises) - NAMED
            said.append("Promised: " + "; ".join(self.promises[:NAMED]) + (f"; and {more} more" if more > 0 else ""))
        if self.teams:
            said.append(f"Teams: {', '.join(self.teams)}")
        return said


NOBODY = Impact()


def of(alert: Alert) -> Impact:
    """Who is hit by what an alert is about."""
    nodes = [] if alert.rule in grouping.ALONE else grouping.places(alert)
    if not nodes:
        return NOBODY
    reach = Walk(most=MOST).datasets_of(nodes, Side.DOWN)
    below = {node: depth for node, depth in reach.depths.items() if node > 0 and node not in nodes}
    found = Dataset.objects.filter(pk__in=below).select_related("team")
    known = sorted(found, key=lambda one: (below[one.pk], one.name))
    seen = [one for one in known if may_be_named(one, alert)]
    owners = {one.team.name for one in seen}
    return Impact(
        datasets=tuple(one.name for one in seen),
        unnamed=len(known) - len(seen),
        teams=tuple(sorted(owners)),
        promises=_promises([*nodes, *below], alert),
        is_cut=reach.truncated,
    )


def may_be_named(dataset: Dataset, alert: Alert) -> bool:
    """Whether all who may read the alert may read the name of a dataset."""
    if not dataset.restricted:
        return True
    about = alert.dataset
    return about is not None and about.restricted and about.team_id == dataset.team_id


def _promises(nodes: Collection[int], alert: Alert) -> tuple[str, ...]:
    """What is promised of these, in words."""
    given = Sla.objects.in_force().filter(dataset__in=nodes).select_related("dataset", "pipeline").order_by("pk")
    said = [
        f"{sla.subject}: {sla.sentence}" if sla.subject not in sla.sentence else sla.sentence
        for sla in given[:MOST]
        if sla.dataset is not None and may_be_named(sla.dataset, alert) and not _is_hidden(sla, alert)
    ]
    return tuple(dict.fromkeys(said))


def _is_hidden(sla: Sla, alert: Alert) -> bool:
    return sla.pipeline.restricted and sla.pipeline.name != alert.pipeline
