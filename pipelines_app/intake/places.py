"""Where files are dropped: a local folder, or a bucket. Names and links there are hostile until shown otherwise."""

import fnmatch
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import fsspec

from pipelines_app import vault
from pipelines_app.definitions import allowed
from pipelines_app.errors import PlaceUnreachable
from pipelines_app.models import DropSource

try:  # the extra `s3` brings it
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # pragma: no cover - without the extra nothing raises them
    BotoCoreError = ClientError = PermissionError

TAKEN = "taken"
DONE = ".done"
PIECE = 1 << 20
MOST_LISTED = 100_000
PAGE = 1_000
LONGEST_KEY = 255
UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".filepart", ".inprogress", ".writing", "~")
AWAY: tuple[type[Exception], ...] = (OSError, BotoCoreError, ClientError)


class Changed(Exception):
    """A file is not the one that was listed: somebody is still writing it, or has replaced it."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A file as a look found it; `mark` is another for every other content, as far as can be told without reading."""

    name: str
    size: int
    at: datetime
    mark: str

    @property
    def key(self) -> str:
        """Its name as it is remembered: one that the database cannot keep is cut, and told apart by its digest."""
        raw = self.name.encode("utf-8", "surrogateescape")
        plain = self.name.isprintable() and len(self.name) <= LONGEST_KEY
        return self.name if plain else f"{hashlib.sha256(raw).hexdigest()}"


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What a look found: the files that fit the pattern, oldest first, the markers, and whether there were too many."""

    files: list[Found]
    markers: frozenset[str]
    cut: bool


class Place(Protocol):
    """A folder or bucket, open. What goes wrong is one of AWAY, or Changed."""

    def list(self, pattern: str) -> Listing: ...
    def read(self, found: Found) -> Iterator[bytes]: ...
    def put_away(self, name: str, to: str) -> None: ...
    def remove_taken(self, name: str) -> None: ...
    def close(self) -> None: ...


def is_candidate(name: str, pattern: str) -> bool:
    """Whether a file of this name is meant for us, and does not say of itself that it is unfinished."""
    lower = name.lower()
    if name.startswith(".") or lower.endswith(UNFINISHED) or lower.endswith(DONE):
        return False
    return fnmatch.fnmatchcase(name, pattern)


def taken_name(name: str, arrival: int | None) -> str:
    """What a file that was taken is called in the folder for such files."""
    return f"{arrival}_{name.encode('utf-8', 'surrogateescape')[-180:].decode('utf-8', 'replace')}"


def open_place(source: DropSource, team: str) -> Place:
    """Open the place of a drop; raises PlaceUnreachable with what to do."""
    message, todo = allowed.fault(source.url, source.endpoint, team)
    if message:
        raise PlaceUnreachable(message, todo=todo)
    try:
        return Folder(source.url, team) if source.url.startswith("file://") else Bucket(source)
    except FileNotFoundError as error:
        raise PlaceUnreachable("The folder is not there.", todo="Make it, or mount what it is on.") from error
    except PermissionError as error:
        raise PlaceUnreachable("The folder may not be read.", todo="Give the platform's user the right to.") from error
    except ImportError as error:
        todo = "Have `loopline[s3]` installed on this installation."
        raise PlaceUnreachable("Buckets cannot be read here: s3fs is not installed.", todo=todo) from error
    except OSError as error:
        raise PlaceUnreachable(f"The folder cannot be opened: {error.strerror}.", todo="See to the folder.") from error


class Folder:
    """A local folder, reached from an allowed one step by step without following any link."""

    def __init__(self, url: str, team: str) -> None:
        path = Path(url.removeprefix("file://"))
        root = Path(str(allowed.root_of(url, team)))
        here = os.open(root.resolve(strict=True), os.O_RDONLY | os.O_DIRECTORY)
        for part in path.relative_to(root).parts:
            here = _into(here, part)
        self._folder = here

    def list(self, pattern: str) -> Listing:
        files: list[Found] = []
        markers = set()
        with os.scandir(self._folder) as entries:
            for entry in islice(entries, MOST_LISTED):
                if entry.name.endswith(DONE):
                    markers.add(entry.name.removesuffix(DONE))
                elif is_candidate(entry.name, pattern):
                    found = _stat_of(entry)
                    files += [found] if found else []
            cut = next(entries, None) is not None
        files.sort(key=lambda found: (found.at, found.name))
        return Listing(files=files, markers=frozenset(markers), cut=cut)

    def read(self, found: Found) -> Iterator[bytes]:
        """The bytes of the very file that was listed: no link, no pipe, and the same at the end as at the beginning."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            file = os.open(found.name, flags, dir_fd=self._folder)
        except FileNotFoundError as error:
            raise Changed(found.name) from error
        try:
            _same(file, found)
            while piece := os.read(file, PIECE):
                yield piece
            _same(file, found)
        finally:
            os.close(file)

    def put_away(self, name: str, to: str) -> None:
        """Move a file, with its marker, into the folder for what was taken; one that is gone is no matter."""
        with suppress(FileExistsError):
            os.mkdir(TAKEN, 0o755, dir_fd=self._folder)
        taken = os.open(TAKEN, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self._folder)
        try:
            for end in ("", DONE):
                with suppress(FileNotFoundError):
                    os.rename(name + end, to + end, src_dir_fd=self._folder, dst_dir_fd=taken)
        finally:
            os.close(taken)

    def remove_taken(self, name: str) -> None:
        """Delete a file, with its marker, from the folder for what was taken; one that is gone is no matter."""
        try:
            taken = os.open(TAKEN, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self._folder)
        except FileNotFoundError:
            return
        try:
            for end in ("", DONE):
                with suppress(FileNotFoundError):
                    os.unlink(name + end, dir_fd=taken)
        finally:
            os.close(taken)

    def close(self) -> None:
        os.close(self._folder)


def _into(folder: int, part: str) -> int:
    try:
        return os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    finally:
        os.close(folder)


def _stat_of(entry: os.DirEntry[str]) -> Found | None:
    """A regular file, or None: for links, pipes and folders, and for what is gone again."""
    try:
        about = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return _found(entry.name, about) if stat.S_ISREG(about.st_mode) else None


def _found(name: str, about: os.stat_result) -> Found:
    at = datetime.fromtimestamp(max(0.0, min(about.st_mtime, 4e9)), tz=UTC)
    return Found(name=name, size=about.st_size, at=at, mark=f"{about.st_size}:{about.st_mtime_ns}")


def _same(file: int, found: Found) -> None:
    about = os.fstat(file)
    if not stat.S_ISREG(about.st_mode) or _found(found.name, about).mark != found.mark:
        raise Changed(found.name)


class Bucket:
    """A bucket, or the part of it below a prefix, at Amazon or at an allowed object store."""

    def __init__(self, source: DropSource) -> None:
        bucket, _, prefix = source.url.removeprefix("s3://").partition("/")
        self._bucket, self._prefix = bucket, f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
        keys = json.loads(vault.open_sealed(source.credentials)) if source.credentials else {}
        self._store = fsspec.filesystem(
            "s3",
            key=keys.get("key"),
            secret=keys.get("secret"),
            anon=not keys,  # never the credentials of the machine that this runs on
            endpoint_url=source.endpoint or None,
            config_kwargs={"connect_timeout": 5, "read_timeout": 20, "retries": {"max_attempts": 2}},
            use_listings_cache=False,
            skip_instance_cache=True,
        )

    def list(self, pattern: str) -> Listing:
        files: list[Found] = []
        markers = set()
        seen, token = 0, ""
        while seen < MOST_LISTED:
            page = self._page(token)
            for entry in page.get("Contents", ()):
                name = str(entry["Key"]).removeprefix(self._prefix)
                if name.endswith(DONE):
                    markers.add(name.removesuffix(DONE))
                elif name and "/" not in name and is_candidate(name, pattern):
                    files.append(_object(name, entry))
            seen += len(page.get("Contents", ()))
            token = page.get("NextContinuationToken", "")
            if not token:
                break
        files.sort(key=lambda found: (found.at, found.name))
        return Listing(files=files, markers=frozenset(markers), cut=bool(token))

    def _page(self, token: str) -> dict[str, Any]:
        more = {"ContinuationToken": token} if token else {}
        page: dict[str, Any] = self._store.call_s3(
            "list_objects_v2", Bucket=self._bucket, Prefix=self._prefix, Delimiter="/", MaxKeys=PAGE, **more
        )
        return page

    def read(self, found: Found) -> Iterator[bytes]:
        """The bytes of the very object that was listed."""
        path = self._path(found.name)
        with self._store.open(path, "rb", block_size=8 << 20, cache_type="readahead") as file:
            if file.details.get("ETag") not in {None, found.mark.partition(":")[2]}:
                raise Changed(found.name)
            while piece := file.read(PIECE):
                yield piece

    def put_away(self, name: str, to: str) -> None:
        """Move an object, with its marker, below the prefix for what was taken."""
        for end in ("", DONE):
            with suppress(FileNotFoundError):
                self._store.mv(self._path(name + end), self._path(f"{TAKEN}/{to}{end}"))

    def remove_taken(self, name: str) -> None:
        """Delete an object, with its marker, from below the prefix for what was taken."""
        for end in ("", DONE):
            with suppress(FileNotFoundError):
                self._store.rm_file(self._path(f"{TAKEN}/{name}{end}"))

    def close(self) -> None:
        self._store.invalidate_cache()

    def _path(self, name: str) -> str:
        return f"{self._bucket}/{self._prefix}{name}"


def _object(name: str, entry: dict[str, Any]) -> Found:
    size, etag = int(entry["Size"]), str(entry["ETag"])
    return Found(name=name, size=size, at=entry["LastModified"], mark=f"{size}:{etag}")
