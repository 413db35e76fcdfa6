"""Keeping a lease for as long as an attempt goes on, whatever the engine is busy with."""

import logging
import threading
import time
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, connections

from pipelines_app.runs import leases
from pipelines_app.runs.leases import Claim

logger = logging.getLogger(__name__)
ENOUGH = 2 / 3  # of a lease without a renewal: what is left is for stopping the work before somebody else begins it


class Keeper:
    """Renews a claim's lease from a thread of its own; `is_held` is false once the work should stop."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._every = min(settings.LEASE_SECONDS / 3, 1.0)
        self._renewed = self._tried = claim.since  # the claim itself was the first
        self._held = True
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._owner = threading.get_ident()

    def __enter__(self) -> Self:
        # What is not committed no other connection can renew.
        if not connection.in_atomic_block:
            self._thread = threading.Thread(target=self._keep, name=f"lease-{self._claim.step.pk}", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(settings.LEASE_SECONDS)

    def is_held(self) -> bool:
        """Whether the step is still ours, as the engine asks about every second, from whatever thread."""
        is_ours = self._thread is None and threading.get_ident() == self._owner
        if is_ours and time.monotonic() - self._tried >= self._every:
            self._renew()
        return self._held and self._has_time()

    def _has_time(self) -> bool:
        return time.monotonic() - self._renewed < ENOUGH * settings.LEASE_SECONDS

    def _keep(self) -> None:
        try:
            while self._held and not self._over.wait(self._every):
                self._renew()
        finally:
            connections.close_all()  # this thread's own, if it had to open one

    def _renew(self) -> None:
        """Try to renew; a database that does not answer is asked again on a new connection."""
        self._tried = asked = time.monotonic()
        try:
            self._held = leases.renew(self._claim)
        except (OperationalError, InterfaceError) as error:
            logger.warning("the lease was not renewed: %s", error, extra={"step": self._claim.step.pk})
            if not connection.in_atomic_block:
                connection.close()
        else:
            self._renewed = asked
