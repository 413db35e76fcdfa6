"""Which folders and object stores this installation lets a team's sources be dropped into."""

from pathlib import PurePosixPath

from django.conf import settings

from pipelines_app.compiler.definition import Drop
from pipelines_app.compiler.reading import step_into
from pipelines_app.compiler.triggers import url_fault
from pipelines_app.errors import Problem

NO_FOLDERS = "Ask whoever runs this installation to allow the folder (LOOPLINE_DROP_ROOTS)."
NO_STORES = "Ask whoever runs this installation to allow the object store (LOOPLINE_S3_ENDPOINTS)."


def roots(team: str) -> list[PurePosixPath]:
    """The folders below which a team's files may be dropped: those for everybody, and its own (`team=/folder`)."""
    found = []
    for entry in settings.DROP_ROOTS:
        owner, named, path = entry.rpartition("=")
        if not named or owner == team:
            found.append(PurePosixPath(path))
    return found


def root_of(url: str, team: str) -> PurePosixPath | None:
    """The allowed folder that a local address lies below; none if there is none."""
    path = PurePosixPath(url.removeprefix("file://"))
    return next((root for root in roots(team) if path.is_relative_to(root)), None)


def fault(url: str, endpoint: str, team: str) -> tuple[str, str]:
    """What speaks against an address, and what to do about it; two empty texts for nothing."""
    if odd := url_fault(url):
        return f"{url} {odd}.", "Correct the address."
    if url.startswith("file://") and root_of(url, team) is None:
        return f"{url.removeprefix('file://')} is in no folder that {team} may use here.", NO_FOLDERS
    if endpoint and endpoint.rstrip("/") not in settings.S3_ENDPOINTS:
        return f"{endpoint} is no object store that may be used here.", NO_STORES
    return "", ""


def problems(drops: dict[str, Drop], team: str) -> list[Problem]:
    """What speaks against the drops of a definition's sources."""
    found = []
    for dataset, drop in drops.items():
        message, todo = fault(drop.url, drop.endpoint, team)
        if message:
            path = step_into(step_into("sources", dataset), "drop")
            found.append(Problem(path=f"{path}.url", message=f"{message} {todo}"))
    return found
