"""Values of a dataset's columns among the keys of others, by the hashes that profiles keep: no rows are read."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from django.db.models import QuerySet

from monitoring_app.learning import besides
from monitoring_app.learning.promises import Beside, Kind, Measured
from monitoring_app.models import ColumnProfile, Profile, ProfileState
from monitoring_app.profiling import profile as measured
from monitoring_app.profiling import sketches
from monitoring_app.profiling.profile import Counted
from pipelines_app.compiler import types
from pipelines_app.environments import mapping
from pipelines_app.lineage.walking import Side, Walk
from pipelines_app.models import Current, Dataset

MOST_KEYS = 200
MOST_MADE = 500  # datasets that are made from this one: their keys say nothing of it
_ONLY = ("profile", "name", "type", "sketch", "top", "is_whole")
Found = dict[int, dict[Beside, Measured]]


def worth_trying(dataset: Dataset, newest: Profile) -> list[Beside]:
    """For each column of the newest batch the key of another dataset that it seems to refer to, if there is one."""
    able = ("VARCHAR", *types.INTEGERS)
    own = ColumnProfile.objects.filter(profile=newest, type__in=able, distinct__gte=besides.FEWEST_VALUES)
    columns = list(own.exclude(distinct_share=1).only(*_ONLY).order_by("place"))
    keys = list(_keys_of_others(dataset, {one.type for one in columns})) if columns else []
    made = _made_from(dataset) if keys else frozenset()
    others = [(one.profile.dataset, _column(one)) for one in keys if one.profile.dataset_id not in made]
    found = (_best(_column(column), others) for column in columns)
    return [one for one in found if one is not None]


def _keys_of_others(dataset: Dataset, kinds: Collection[str]) -> QuerySet[ColumnProfile]:
    found = _current().filter(type__in=kinds, null_share=0, distinct_share=1, distinct__gte=besides.FEWEST_VALUES)
    found = found.filter(profile__dataset__restricted=False).exclude(profile__dataset=dataset)
    return found.order_by("pk")[:MOST_KEYS]


def _current() -> QuerySet[ColumnProfile]:
    """The columns of what readers see of each dataset as a whole."""
    current = Current.objects.filter(environment=mapping.production()).values("version")
    found = ColumnProfile.objects.filter(profile__version__in=current, profile__period="")
    found = found.filter(profile__state=ProfileState.MEASURED, profile__is_merged=False)
    return found.select_related("profile__dataset").only(*_ONLY, "profile__dataset__name")


def _column(row: ColumnProfile) -> measured.ColumnProfile:
    """What of a column is compared."""
    sketch, below = sketches.unpacked(bytes(row.sketch))
    top = tuple(Counted(text=one["text"], rows=one["rows"]) for one in row.top)
    return measured.ColumnProfile(
        name=row.name, type=row.type, top=top, is_whole=row.is_whole, sketch=sketch, sketched_below=below
    )


def _made_from(dataset: Dataset) -> frozenset[int]:
    return frozenset(Walk(most=MOST_MADE).datasets_of([dataset.pk], Side.DOWN).depths)


def _best(own: measured.ColumnProfile, others: Sequence[tuple[Dataset, measured.ColumnProfile]]) -> Beside | None:
    """The one that has most of its values; of several the one that is named alike, then the smallest."""
    ranked = []
    for dataset, key in others:
        found = besides.astray(own, key)
        alike = _is_alike(own.name, dataset.name, key.name)
        if found is None or found.high > besides.MOST_ASTRAY or besides.compared(own, key) < besides.FEWEST_VALUES:
            continue
        if alike or own.type == "VARCHAR":  # that small numbers are among others is by chance
            beside = Beside(kind=Kind.REFERENCES, dataset=dataset.name, column=own.name, to=key.name)
            ranked.append(((found.high, not alike, len(key.sketch), dataset.name), beside))
    return min(ranked, key=lambda one: one[0])[1] if ranked else None


def _is_alike(own: str, dataset: str, key: str) -> bool:
    """`carrier` is named like `carrier`, and `customer_id` like the `id` of `core.customers`."""
    own, key, table = own.lower(), key.lower(), dataset.rpartition(".")[2].lower()
    singular = table.removesuffix("s").removesuffix("ie")
    return own == key or (own.endswith(key) and singular in own)


def compared(profiles: Sequence[Profile], wanted: Collection[Beside]) -> Found:
    """What came of looking for the values of these batches among the keys that readers see now."""
    found: Found = defaultdict(dict)
    others = _others(wanted)
    names = {beside.column for beside in wanted if (beside.dataset, beside.to) in others}
    own = ColumnProfile.objects.filter(profile__in=[one.pk for one in profiles], name__in=names)
    for row in own.only(*_ONLY) if names else ():
        column = _column(row)
        for beside in wanted:
            other = others.get((beside.dataset, beside.to))
            if beside.column == row.name and other is not None:
                share = besides.astray(column, other)
                found[row.profile_id] |= {beside: share} if share is not None else {}
    return found


def _others(wanted: Collection[Beside]) -> Mapping[tuple[str, str], measured.ColumnProfile]:
    datasets, names = {one.dataset for one in wanted}, {one.to for one in wanted}
    rows = _current().filter(profile__dataset__name__in=datasets, name__in=names) if wanted else ()
    return {(row.profile.dataset.name, row.name): _column(row) for row in rows}
