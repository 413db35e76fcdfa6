"""When beat rings: from its start on, whatever an earlier one noted down by a clock that was perhaps wrong."""

from celery.beat import PersistentScheduler


class Scheduler(PersistentScheduler):
    """Celery's own, begun anew at every start: a last ring that lies in the future would keep it silent until then."""

    def setup_schedule(self) -> None:
        self._remove_db()  # type: ignore[attr-defined]  # not in its stub
        super().setup_schedule()
