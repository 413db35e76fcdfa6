"""Finding one profile of a dataset by what a person or a program asks for."""

from dataclasses import dataclass

from monitoring_app.models import Profile
from monitoring_app.models.profile import ProfileQuerySet
from monitoring_app.profiling import history
from pipelines_app.environments import mapping
from pipelines_app.errors import NotFound
from pipelines_app.models import Dataset, User

ALL = "all"  # how the whole of a dataset that comes by periods is asked for, where a period is


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which profile: of a version by its id, of a period by its key, or what is newest."""

    version: str = ""
    period: str = ""


def visible(user: User, dataset: Dataset) -> ProfileQuerySet:
    """The measured profiles of a dataset that a person may see."""
    return Profile.objects.visible_to(user).measured().filter(dataset=dataset).select_related("version__dataset")


def find(user: User, dataset: Dataset, wish: Wish) -> Profile:
    """The profile that is asked for, the newest where several fit; raises NotFound."""
    found = visible(user, dataset)
    wish = Wish(period=ALL) if wish.version == ALL else wish
    if wish.version:
        found = found.filter(version=int(wish.version)) if _is_id(wish.version) else found.none()
        # Of a version that is of a period both that and the whole may be there: the period is what it brought.
        found = found.filter(period="" if wish.period == ALL else wish.period) if wish.period else found
        profile = found.order_by("is_merged").first()
    elif wish.period == ALL:
        profile = found.filter(environment=mapping.production(), is_merged=True).order_by("-version").first()
    elif wish.period:
        published = found.published().filter(environment=mapping.production(), period=wish.period)
        profile = published.order_by("-version").first()
    else:
        newest = history.batches(dataset, mapping.production(), most=1).values("pk")
        profile = found.filter(pk__in=newest).first()
    if profile is None:
        raise NotFound(
            f"Nothing is measured of {dataset.name}{_about(wish)}.",
            todo="A version is measured soon after it is published; look at what was measured.",
        )
    return profile


def _is_id(text: str) -> bool:
    return text.isdecimal() and len(text) < 19


def _about(wish: Wish) -> str:
    said = f" in version {wish.version[:20]}" if wish.version else ""
    return said + (f" for {wish.period[:20]}" if wish.period else "")


def before(user: User, profile: Profile) -> Profile | None:
    """What a profile is best compared with: the period before, or the version before of the same period."""
    others = visible(user, profile.dataset).published().filter(environment=profile.environment_id)
    others = others.filter(is_merged=profile.is_merged).exclude(pk=profile.pk)
    same = others.filter(period=profile.period, version__lt=profile.version_id).order_by("-version").first()
    if same is not None or not profile.period:
        return same
    return others.filter(period__lt=profile.period).exclude(period="").order_by("-period", "-version").first()
