"""Which columns a batch is to have, by those that batches before it had. Pure."""

from collections.abc import Iterator, Sequence

from monitoring_app.learning.batches import Finding, certain


def differences(past: Sequence[Sequence[str]], found: Sequence[str]) -> Iterator[Finding]:
    """The columns that are missing, and those that no batch before had."""
    expected, known = past[-1], {name for names in past for name in names}
    missing = [name for name in expected if name not in found]
    added = [name for name in found if name not in known]
    if missing:
        yield from certain("columns_match", f"missing: {', '.join(missing)}", *missing)
    if added:
        yield from certain("columns_match", f"new: {', '.join(added)}", *added)
