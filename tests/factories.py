"""Plain functions that make rows; a test names only what it is about."""

from datetime import timedelta
from itertools import count

from django.utils import timezone

from pipelines_app import events
from pipelines_app.facts import RunRequested
from pipelines_app.facts_expected import SlotOpened
from pipelines_app.models import (
    Arrival,
    Backfill,
    Check,
    CheckResult,
    Current,
    Dataset,
    DatasetVersion,
    Environment,
    Event,
    Habit,
    Membership,
    Pipeline,
    Revision,
    Role,
    Run,
    Slot,
    StepRun,
    Team,
    User,
)

_numbers = count(1)


def make_user(name="", *, team=None, role=Role.VIEWER, superuser=False):
    """A person, in a team if one is named."""
    user = User.objects.create_user(name or f"user{next(_numbers)}", password="a-long-password", is_superuser=superuser)
    if team is not None:
        Membership.objects.create(user=user, team=team, role=role)
    return user


def make_team(name="", **fields):
    return Team.objects.create(name=name or f"team-{next(_numbers)}", **fields)


def make_pipeline(name="", *, team=None, document=None, **fields):
    """A pipeline with one revision of a document, compiled to nothing."""
    pipeline = Pipeline.objects.create(name=name or f"pipeline-{next(_numbers)}", team=team or make_team(), **fields)
    return make_revision(pipeline, document=document).pipeline


def make_revision(pipeline, *, document=None):
    """The next revision of a pipeline, made current."""
    number = pipeline.revisions.count() + 1
    revision = Revision.objects.create(
        pipeline=pipeline, number=number, document=document or {}, compiled={}, digest=f"{number:064}"
    )
    pipeline.current = revision
    pipeline.save(update_fields=["current"])
    return revision


def make_dataset(name="", *, pipeline=None, team=None, **fields):
    owner = team or (pipeline.team if pipeline else make_team())
    return Dataset.objects.create(name=name or f"raw.table_{next(_numbers)}", team=owner, pipeline=pipeline, **fields)


def make_event(fact=None, **fields):
    """An event that somebody began; by default one that nobody hears."""
    return events.record(fact or RunRequested(pipeline="none", period=""), actor="user:test", **fields)


def make_run(pipeline, *, state="running", period="", **fields):
    """A run of the pipeline's current revision in production."""
    environment, _ = Environment.objects.get_or_create(name="production")
    ended = {} if state in {"queued", "running"} else {"finished_at": timezone.now()}
    return Run.objects.create(
        pipeline=pipeline,
        revision=pipeline.current,
        environment=environment,
        period=period,
        state=state,
        cause=fields.pop("cause", None) or make_event(),
        **ended,
        **fields,
    )


def make_backfill(pipeline, *periods, state="running", **fields):
    """A backfill of these periods, none of them begun."""
    backfill = Backfill.objects.create(
        pipeline=pipeline,
        first=periods[0],
        last=periods[-1],
        state=state,
        created_by="user:test",
        event=make_event(),
        **fields,
    )
    for period in periods:
        backfill.periods.create(period=period, reason="missing: mart.made")
    return backfill


def make_step(run, dataset, **fields):
    return StepRun.objects.create(run=run, dataset=dataset, position=1, kind="sql", **fields)


def make_version(step, *, state="published", period="", **fields):
    """The version that a step wrote."""
    published = DatasetVersion.objects.filter(dataset=step.dataset, state="published").count()
    values = {"columns": [], "rows": 1, "bytes": 1, "total_rows": 1, "fingerprint": "f", "run_key": "k"} | fields
    return DatasetVersion.objects.create(
        dataset=step.dataset,
        environment=step.run.environment,
        number=published + 1 if state == "published" else None,
        state=state,
        step_run=step,
        period=period,
        **values,
    )


def make_current(version):
    """Make a version the one that readers see."""
    values = {"environment": version.environment, "dataset": version.dataset}
    return Current.objects.update_or_create(**values, defaults={"version": version})[0]


def make_result(version, name, *, passed, message="", severity="warn"):
    """One judgement of a check that the run's revision declares."""
    check, _ = Check.objects.get_or_create(
        revision=version.step_run.run.revision,
        dataset=version.dataset,
        name=name,
        defaults={"kind": "expression_is_true", "severity": severity, "sentence": name},
    )
    return CheckResult.objects.create(
        check_made=check,
        version=version,
        step_run=version.step_run,
        passed=passed,
        bad_rows=0 if passed else 1,
        total_rows=1,
        message=message or f"{name} {'holds' if passed else 'fails'}",
    )


def make_arrival(dataset, *, name="", period="", **fields):
    """Something that came in, without its bytes."""
    number = next(_numbers)
    given = {
        "door": "api",
        "bytes": 9,
        "sha256": f"{number:064}",
        "path": f"arrivals/00/{number}",
        "sender": "user:test",
    }
    return Arrival.objects.create(dataset=dataset, name=name or f"file-{number}", period=period, **{**given, **fields})


def make_habit(dataset, **given):
    """What was learned of when a dataset comes: every day about seven."""
    usual = [{"weekday": day, "number": 3, "median": 111_600, "spread": 300} for day in ("mon", "tue")]
    came = [{"period": "2013-02-08", "at": "2013-02-09T07:00:00+00:00", "seconds": 111_600}]
    about = {"zone": "UTC", "arrivals": 15, "weekdays": usual, "history": came}
    return Habit.objects.create(dataset=dataset, arrival={"by": "07:30", "timezone": "UTC"}, **about | given)


def make_slot(dataset, *, period="2013-01-20", due_at=None, state="expected", **fields):
    """An expected arrival."""
    due = due_at or timezone.now()
    opened: Event = make_event(SlotOpened(dataset=dataset.name, period=period, due_at=due.isoformat()))
    moments = {"expected_at": due, "due_at": due, "late_at": due, "missing_at": due + timedelta(days=1)}
    if state in {"expected", "due"}:
        moments["next_at"] = due
    return Slot.objects.create(dataset=dataset, period=period, state=state, event=opened, **(moments | fields))
