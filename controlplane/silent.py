"""A doorbell nobody hears: work waits for the sweep, or for whoever calls it by hand."""


def ring(kind: str, pk: int, *, again: bool = False) -> None:
    """Wake nobody."""
