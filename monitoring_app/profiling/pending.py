"""Which versions are to be measured: one row each, written in the transaction that publishes the version."""

from monitoring_app.profiling import keeping
from pipelines_app import events, prepared, wake
from pipelines_app.facts import DataQuarantined, DatasetPublished, Fact, PipelineRevised
from pipelines_app.models import Dataset, Event

# One statement: every publication passes here. What the database fills in by itself is left to it.
INSERT = """
    INSERT INTO monitoring_app_profile (dataset_id, environment_id, version_id, period, event_id)
    SELECT dataset_id, environment_id, id, period, %s FROM pipelines_app_datasetversion WHERE id = %s
    ON CONFLICT DO NOTHING RETURNING id
"""


def _unheard(fact: Fact) -> bool:
    """What could not be read at all is no version; most installations know nothing that is sensitive."""
    if isinstance(fact, PipelineRevised):
        return not Dataset.objects.exclude(sensitive=[]).exists()
    return isinstance(fact, DataQuarantined) and fact.version is None


@events.hears(DatasetPublished, DataQuarantined, PipelineRevised, ignores=_unheard, at_once=True)
def hear(event: Event, fact: Fact) -> str:
    """Have a version measured, whether readers were given it or not; forget the values of what became sensitive."""
    match fact:
        case DatasetPublished(version=int(version)) | DataQuarantined(version=int(version)):
            return _pend(event, version)
        case PipelineRevised():  # what other pipelines make of its data may be sensitive by now, too
            marked = Dataset.objects.exclude(sensitive=[])
            return f"what {sum(map(keeping.forget, marked)):,} measured columns held is forgotten: they are sensitive"
    return "ignored: there is no version to measure"


def _pend(event: Event, version: int) -> str:
    with prepared.cursor() as cursor:
        cursor.execute(INSERT, [event.pk, version])
        found = cursor.fetchone()
    if found is None:
        return "ignored: the version is measured already, or gone"
    wake.ring(wake.PROFILE, found[0])
    return "written down, to be measured"
