"""A dataset with measured days, written as rows: what measuring them would have left."""

from django.utils import timezone

from monitoring_app.expectations import looking
from monitoring_app.facts import ProfileMeasured
from monitoring_app.models import Expectation, Profile
from monitoring_app.profiling import keeping
from monitoring_app.profiling.keeping import Found
from pipelines_app import events
from pipelines_app.environments import mapping
from tests import factories, road
from tests.monitoring import past

NAME = "raw.sales"


def make(name=NAME, *, team=None, **fields):
    """A dataset that comes day by day."""
    pipeline = factories.make_pipeline(team=team or factories.make_team())
    return factories.make_dataset(name, pipeline=pipeline, period_kind="day", is_source=True, **fields)


def publish(dataset, batch, *, state="published", tell=True) -> Profile:
    """One day's version with its profile; everybody is told that it was measured."""
    pipeline = dataset.pipeline
    if pipeline.current is None:
        factories.make_revision(pipeline)
    step = factories.make_step(factories.make_run(pipeline, state="succeeded", period=batch.name), dataset)
    version = factories.make_version(step, state=state, period=batch.name)
    row = Profile.objects.create(dataset=dataset, environment=mapping.production(), version=version, period=batch.name)
    keeping.keep(Profile.objects.filter(pk=row.pk), row, Found(profile=batch.profile, seconds=0.1), content="")
    if tell:
        fact = ProfileMeasured(
            profile=row.pk,
            dataset=dataset.name,
            period=batch.name,
            version=version.pk,
            rows=batch.profile.rows,
            published=state == "published",
        )
        events.record(fact, actor="user:test")
        road.drain()
    row.refresh_from_db()
    return row


def history(dataset, number=8, *, tell=False, **more) -> list[Profile]:
    """So many usual days."""
    return [publish(dataset, batch, tell=tell) for batch in past.shops(number, **more)]


def look(dataset) -> looking.Looked:
    return looking.look(dataset)


def the(dataset, kind, column="") -> Expectation:
    """The expectation of a kind."""
    found = Expectation.objects.filter(dataset=dataset, kind=kind)
    return next(one for one in found if not column or column in one.columns)


def sweep() -> int:
    return looking.look_all(timezone.now())
