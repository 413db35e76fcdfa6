"""Batches with how they compare with other datasets: for what is promised, and for what may be."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from monitoring_app.expectations import reconciling, references, remembering
from monitoring_app.learning import promises
from monitoring_app.learning.promises import ACROSS, Batch, Beside, Kind, Promise
from monitoring_app.models import Expectation, Profile
from pipelines_app.models import Dataset


def batches(
    dataset: Dataset, profiles: Sequence[Profile], held: Iterable[Promise], *, columns: Iterable[str] | None = None
) -> list[Batch]:
    """Profiles as batches on which these promises can be held."""
    plain = remembering.batches(dataset, profiles, columns=columns)
    return beside(profiles, plain, {one.beside for one in held if one.beside is not None})


def to_learn_from(dataset: Dataset, profiles: Sequence[Profile]) -> list[Batch]:
    """Profiles with every comparison that is promised, proposed, or worth trying by the newest of them."""
    plain = remembering.batches(dataset, profiles)
    if not profiles:
        return plain
    newest = profiles[-1]
    wanted = {*references.worth_trying(dataset, newest), *reconciling.worth_trying(dataset, newest), *_known(dataset)}
    return beside(profiles, plain, wanted)


def _known(dataset: Dataset) -> set[Beside]:
    rows = Expectation.objects.standing().filter(dataset=dataset, kind__in=[kind.value for kind in ACROSS])
    promised = (promises.stored(one.kind, one.columns, one.parameters).beside for one in rows)
    return {one for one in promised if one is not None}


def beside(profiles: Sequence[Profile], plain: Sequence[Batch], wanted: Collection[Beside]) -> list[Batch]:
    """The same batches with these comparisons; no question is asked where there is none."""
    if not wanted:
        return list(plain)
    ordered = sorted(wanted, key=lambda one: (one.kind, one.dataset, one.column, one.to))
    to_keys = [one for one in ordered if one.kind is Kind.REFERENCES]
    to_ancestors = [one for one in ordered if one.kind is not Kind.REFERENCES]
    keys, ancestors = references.compared(profiles, to_keys), reconciling.compared(profiles, to_ancestors)
    return [
        replace(batch, beside={**keys.get(profile.pk, {}), **ancestors.get(profile.pk, {})})
        for profile, batch in zip(profiles, plain, strict=True)
    ]
