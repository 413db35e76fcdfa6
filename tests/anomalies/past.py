"""Batches of a made-up dataset, as if they had been measured: a step, a version and a profile for each day."""

from datetime import date, timedelta

from monitoring_app.anomalies import judging, pending
from monitoring_app.facts import ProfileMeasured
from monitoring_app.models import Judgement, Profile, ProfileState
from monitoring_app.profiling import keeping
from monitoring_app.profiling import profile as measured
from monitoring_app.profiling.keeping import Found
from monitoring_app.profiling.profile import Counted, Metric
from pipelines_app import events
from pipelines_app.models import Delivery, DeliveryState, StepRun
from tests import factories

FIRST = date(2013, 1, 1)
HEARD = {"alerts": "monitoring_app.reactions.hear"}


def day(number: int) -> str:
    """The key of a day, counted from 0."""
    return (FIRST + timedelta(days=number)).isoformat()


def table(name="raw.flights", *, period="day", **fields):
    """A dataset with a pipeline, of days unless said otherwise."""
    pipeline = factories.make_pipeline(team=fields.pop("team", None))
    return factories.make_dataset(name, pipeline=pipeline, period_kind=period, **fields)


def batch(period: str = "", *, nulls=0.02, rows=900, names=("delay", "carrier"), content="") -> measured.Profile:
    """What was measured of a day: a number that is NULL now and then, and a text of three values."""
    number = measured.ColumnProfile(
        name=names[0],
        type="INTEGER",
        metrics={Metric.NULL_SHARE: nulls, Metric.MEAN: 12.0, Metric.MEDIAN: 8.0, Metric.Q25: 2.0, Metric.Q75: 20.0},
        counted=round(rows * (1 - nulls)),
    )
    text = measured.ColumnProfile(
        name=names[1],
        type="VARCHAR",
        metrics={Metric.NULL_SHARE: 0.0, Metric.DISTINCT: 3.0},
        counted=rows,
        top=tuple(Counted(text=one, rows=rows // 3) for one in ("AA", "B6", "UA")),
        is_whole=True,
    )
    return measured.Profile(
        period=period,
        rows=rows,
        columns=(number, text),
        metrics={Metric.ROWS: float(rows), Metric.COLUMNS: 2.0},
        content=content or f"{period} {nulls} {rows}",
    )


def store(dataset, told: measured.Profile, *, state="published", **timed) -> Profile:
    """A version that was measured so, and the event that says it."""
    run = factories.make_run(dataset.pipeline, state="succeeded", period=told.period)
    version = factories.make_version(factories.make_step(run, dataset), period=told.period, state=state, rows=told.rows)
    StepRun.objects.filter(pk=version.step_run_id).update(**timed)
    row = Profile.objects.create(dataset=dataset, environment=version.environment, version=version, period=told.period)
    keeping.keep(Profile.objects.filter(pk=row.pk), row, Found(profile=told, seconds=0.1), content="")
    row.refresh_from_db()
    assert row.state == ProfileState.MEASURED
    return row


def judge(profile: Profile) -> Judgement:
    """Have a measured batch judged, as its event would, and the alerts hear of it."""
    fact = ProfileMeasured(
        profile=profile.pk,
        dataset=profile.dataset.name,
        period=profile.period,
        version=profile.version_id,
        rows=profile.rows or 0,
        published=profile.version.state == "published",
    )
    pending.hear(events.record(fact, actor="user:test"), fact)
    judgement = Judgement.objects.get(profile=profile)
    judging.judge(judgement.pk)
    hear()
    judgement.refresh_from_db()
    return judgement


def hear() -> None:
    """Hand over whatever waits."""
    while waiting := list(Delivery.objects.filter(state=DeliveryState.PENDING).values_list("pk", flat=True)):
        for pk in waiting:
            events.deliver(pk)


def days(dataset, number: int, **about) -> list[Profile]:
    """So many days with hardly any difference, each judged in its turn."""
    made = [
        store(dataset, batch(day(at), nulls=0.02 + 0.001 * (at % 5), rows=900 + at % 7, **about))
        for at in range(number)
    ]
    for profile in made:
        judge(profile)
    return made


def next_day(dataset, number: int, **about) -> Profile:
    """One more day, judged."""
    state = about.pop("state", "published")
    profile = store(dataset, batch(day(number), **about), state=state)
    judge(profile)
    return profile
