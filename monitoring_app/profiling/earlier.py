"""Which keys and dependencies are counted in a version: by what earlier ones of its dataset held."""

from collections.abc import Sequence

from monitoring_app.models import Expectation, Profile
from monitoring_app.profiling import keeping, relating
from monitoring_app.profiling.profile import Hold
from pipelines_app.compiler.definition import Column

RECENT = 12
KINDS = ("compound_unique", "determines")


def worth_counting(pending: Profile, columns: Sequence[Column]) -> tuple[Hold, ...]:
    """Few of them, all of columns that the version has; where none is known, all that could be."""
    before = Profile.objects.measured().published().filter(dataset=pending.dataset_id, is_merged=False, rows__gt=0)
    before = before.filter(environment=pending.environment_id).exclude(pk=pending.pk)
    recent = list(before.defer("sketch", "pairs").order_by("-version", "-pk")[:RECENT])
    if not recent:
        return ()
    names = {column.name for column in columns}
    found = (*_found(recent), *_promised(pending))
    return tuple(hold for hold in dict.fromkeys(found) if names.issuperset((*hold.left, *_right(hold))))


def _found(recent: Sequence[Profile]) -> tuple[Hold, ...]:
    """By the newest of these, which come first."""
    held = [keeping.holds(one.holds) for one in reversed(recent)]
    counted = [one for one in held if one]
    if not counted:
        return relating.worth_trying(keeping.of(recent[0]))
    if len(counted) == 1 and held[-1]:
        return relating.widened(keeping.of(recent[0]), held[-1])
    return relating.going_on(held)


def _right(hold: Hold) -> tuple[str, ...]:
    return (hold.right,) if hold.right else ()


def _promised(pending: Profile) -> tuple[Hold, ...]:
    """What is proposed or promised is counted on, however often it is broken."""
    about = Expectation.objects.standing().filter(dataset=pending.dataset_id, kind__in=KINDS)
    rows = about.order_by("pk").values_list("kind", "columns")[: relating.MOST_KEPT]
    return tuple(
        Hold(left=tuple(names)) if kind == KINDS[0] else Hold(left=tuple(names[:-1]), right=names[-1])
        for kind, names in rows
    )
