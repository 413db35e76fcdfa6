"""Where an alert stands among the others: what is known of the lineage above it, given to `roots`, which decides."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import OuterRef, Q, Subquery

from monitoring_app import roots
from monitoring_app.alerts import volumes
from monitoring_app.models import Alert
from monitoring_app.roots import Kind, Sign
from pipelines_app.access import discretion
from pipelines_app.lineage.walking import Side, Walk
from pipelines_app.models import Dataset, DatasetVersion, Link, Pipeline, Revision, StepRun, StepState, VersionState

RUN_FAILED = "run_failed"
KINDS = {
    "drop_failing": Kind.UNREADABLE,
    "drop_refused": Kind.UNREADABLE,
    "late": Kind.LATE,
    "at_risk": Kind.WAITS,
    "wait_overdue": Kind.WAITS,
    "quarantine": Kind.BROKEN,
    "expectation": Kind.CHECK,
    RUN_FAILED: Kind.BROKEN,
    "unusual": Kind.CHECK,
}
ALONE = ("channel", "delivery_stuck", "mail_server")  # the platform's own: nothing of the lineage leads to them
REPORTED = "reported"  # by a person: no result closes it
MOST = 500
NOWHERE = 0  # the place of what is about a pipeline: below all that it makes


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an alert belongs: under which other one, or else what change probably led to it, in words.

    `is_made` says that there is something above it, which may be found to be its root later.
    """

    root: Alert | None = None
    cause: str = ""
    key: str = ""
    is_made: bool = False


def kind_of(rule: str) -> Kind:
    """What kind of fault a rule tells of; what is not known by name judges data, or their lateness."""
    if rule in KINDS:
        return KINDS[rule]
    return Kind.WAITS if rule.startswith("sla") else Kind.CHECK


def place(alert: Alert) -> Place:
    """The root of an alert, as far as is known by now."""
    nodes = places(alert)
    if alert.rule in ALONE or not nodes:
        return Place()
    node, parents = _above(nodes)
    reached = {one for one in roots.above(node, parents) if one > 0}
    own = _sign(alert, node)
    others = _others(alert, reached)
    found = roots.root(own, [*_signs(others, reached), *_changes(alert, own.kind, reached)], parents)
    if found.alert is not None and found.alert != alert.pk:
        return _under(others[found.alert], alert)
    if found.kind in roots.CHANGES:
        return _led_by(found, alert)
    return Place(cause=volumes.cause(alert, own.kind, reached - set(nodes)), is_made=bool(parents))


def places(alert: Alert) -> list[int]:
    """The datasets that an alert is about; one about a run is about those that it did not make."""
    if alert.dataset_id is not None:
        return [alert.dataset_id]
    if not alert.pipeline:
        return []
    failed = _failed_steps([alert]).get(alert.run or 0) if alert.rule == RUN_FAILED else None
    return failed or list(Dataset.objects.filter(pipeline__name=alert.pipeline).values_list("pk", flat=True)[:MOST])


def below(alert: Alert) -> list[Alert]:
    """The open alerts that stand by themselves about what is made from what this one is about, oldest first."""
    reached: set[int] = set()
    for node in places(alert)[:MOST]:
        reached |= {one for one in Walk(most=MOST).datasets(node, Side.DOWN).depths if one > 0}
    if alert.rule in ALONE or not reached:
        return []
    makers = Dataset.objects.filter(pk__in=reached).exclude(pipeline=None).values("pipeline__name")
    about = Q(dataset__in=reached) | Q(dataset=None, pipeline__in=makers)
    standing = Alert.objects.unresolved().standing().filter(about).exclude(pk=alert.pk).exclude(rule__in=ALONE)
    return list(standing.order_by("pk")[:MOST])


def lineage_of(nodes: Collection[int]) -> dict[int, set[int]]:
    """What lies directly above each of some datasets and of all that is above them."""
    reached = set(nodes)
    for node in nodes:
        reached |= Walk(most=MOST).datasets(node, Side.UP).depths.keys()
    ways = Link.objects.held().filter(target_node__in=reached, source_node__in=reached)
    parents: dict[int, set[int]] = {}
    for target, source in ways.values_list("target_node", "source_node"):
        parents.setdefault(target, set()).add(source)
    return parents


def _above(nodes: list[int]) -> tuple[int, Mapping[int, Collection[int]]]:
    """One place that stands for all of these, and what is above it."""
    parents: dict[int, set[int]] = lineage_of(nodes)
    if len(nodes) == 1:
        return nodes[0], parents
    parents[NOWHERE] = set(nodes)
    return NOWHERE, parents


def _others(alert: Alert, reached: Collection[int]) -> dict[int, Alert]:
    makers = Dataset.objects.filter(pk__in=reached).exclude(pipeline=None).values("pipeline__name")
    about = Q(dataset__in=reached) | Q(dataset=None, pipeline__in=makers, rule=RUN_FAILED)
    found = Alert.objects.unresolved().standing().filter(about).exclude(rule__in=ALONE)
    rows = found.exclude(pk=alert.pk).select_related("dataset", "team").order_by("-pk")[:MOST]
    return {one.pk: one for one in rows}


def _signs(others: Mapping[int, Alert], reached: Collection[int]) -> Iterable[Sign]:
    failed = _failed_steps(one for one in others.values() if one.dataset_id is None)
    for other in others.values():
        nodes = [other.dataset_id] if other.dataset_id is not None else failed.get(other.run or 0, [])
        yield from (_sign(other, node) for node in nodes if node in reached)


def _sign(alert: Alert, node: int) -> Sign:
    return Sign(
        node=node,
        kind=kind_of(alert.rule),
        at=alert.first_at,
        last=alert.last_at,
        period=alert.period,
        run=alert.run,
        alert=alert.pk,
    )


def _failed_steps(alerts: Iterable[Alert]) -> dict[int, list[int]]:
    runs = [alert.run for alert in alerts if alert.run is not None]
    failed: dict[int, list[int]] = {}
    if runs:
        steps = StepRun.objects.filter(run__in=runs, state=StepState.FAILED).order_by("position")
        for run, dataset in steps.values_list("run_id", "dataset_id"):
            failed.setdefault(run, []).append(dataset)
    return failed


def _changes(alert: Alert, kind: Kind, reached: Collection[int]) -> Iterable[Sign]:
    if kind in (Kind.BROKEN, Kind.CHECK):
        yield from _revised(alert, reached)
        yield from _other_columns(alert, reached)


def _revised(alert: Alert, reached: Collection[int]) -> Iterable[Sign]:
    """The steps that a revision changed shortly before."""
    names = dict(Dataset.objects.filter(pk__in=reached).values_list("name", "pk"))
    since, until = alert.first_at - roots.CHANGED, alert.first_at
    fresh = Revision.objects.filter(
        pipeline__datasets__in=reached, number__gt=1, created_at__gte=since, created_at__lte=until
    )
    for revision in fresh.select_related("pipeline").distinct().order_by("-pk")[:20]:
        before = Revision.objects.filter(pipeline=revision.pipeline_id, number=revision.number - 1).first()
        for name in _changed(before, revision) & names.keys():
            yield Sign(
                node=names[name],
                kind=Kind.REVISED,
                at=revision.created_at,
                key=f"revision/{revision.pk}",
                words=f"{name} was changed by revision {revision.number} of {revision.pipeline.name}",
            )


def _changed(before: Revision | None, after: Revision) -> set[str]:
    """The datasets whose recipe is another one than before."""
    old = _recipes(before) if before is not None else {}
    return {name for name, recipe in _recipes(after).items() if name in old and old[name] != recipe}


def _recipes(revision: Revision) -> dict[str, str]:
    return {step["dataset"]: step.get("recipe", "") for step in revision.compiled.get("steps", [])}


def _other_columns(alert: Alert, reached: Collection[int]) -> Iterable[Sign]:
    """The versions that were published shortly before with other columns than the version before them."""
    good = DatasetVersion.objects.filter(state=VersionState.PUBLISHED)
    before = good.filter(dataset=OuterRef("dataset"), pk__lt=OuterRef("pk")).order_by("-pk").values("columns")[:1]
    fresh = good.filter(
        dataset__in=reached, created_at__gte=alert.first_at - roots.CHANGED, created_at__lte=alert.first_at
    )
    rows = fresh.annotate(before=Subquery(before)).select_related("dataset").defer("expands").order_by("-pk")[:200]
    for version in rows:
        if version.before and version.before != version.columns:
            yield Sign(
                node=version.dataset_id,
                kind=Kind.SCHEMA,
                at=version.created_at,
                period=version.period,
                key=f"columns/{version.pk}",
                words=f"the columns of {version.dataset.name} are others since version {version.number}",
            )


def _under(root: Alert, alert: Alert) -> Place:
    """Under another alert, if everybody who may see this one may see that one; else it stands, and says no name."""
    if root.team_id != alert.team_id and _is_restricted(root):
        return Place(cause="something that its owner keeps to itself is wrong upstream")
    return Place(root=root)


def _is_restricted(alert: Alert) -> bool:
    if alert.dataset is not None:
        return alert.dataset.restricted
    return Pipeline.objects.filter(name=alert.pipeline, restricted=True).exists()


def _led_by(change: Sign, alert: Alert) -> Place:
    """By a change: under the first alert that the same change led to, if there is one."""
    led = Alert.objects.unresolved().standing().filter(cause_key=change.key).exclude(pk=alert.pk)
    known = led.select_related("dataset").order_by("pk").first()
    if known is not None and roots.related(known.period, alert.period):
        return _under(known, alert)
    return Place(cause=discretion.in_public(change.words), key=change.key, is_made=True)
