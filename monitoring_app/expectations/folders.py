"""Batches that are files, judged by the files of the days before them: what `judge_batches` does."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from monitoring_app.expectations.texts import Contract, File, Texts
from monitoring_app.learning import batches, schemas, ties
from monitoring_app.learning.batches import Finding, Learner, Verdict
from monitoring_app.profiling.profile import Pair, Profile

_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
FIRST = 7  # batches by which units are chosen
TIED_BY = 5  # batches by which it is found which columns are tied
FOLDED = 30  # of the batches before: a column that was in the newest of them is expected


class Unfit(Exception):
    """A manifest, or one of its entries, that says nothing one can work by; the message says what is wrong."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One batch to be judged: its file, and the folder of files of which those before a day are its history."""

    id: str
    day: date
    file: Path
    history_dir: Path
    history_before: date

    @property
    def key(self) -> str:
        return f"judged {self.id}"


@dataclass
class Manifest:
    """What is to be judged, and what of it could not be understood, by id."""

    entries: list[Entry] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


def read(path: Path) -> Manifest:
    """Read a manifest; raises Unfit where it is none. An entry that is wrong stands among its faults."""
    try:
        listed = json.loads(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise Unfit(f"{path} cannot be read: {error}") from error
    except ValueError as error:
        raise Unfit(f"{path} is not JSON: {error}") from error
    if not isinstance(listed, list):
        raise Unfit(f"{path} must hold a list of batches; it holds {type(listed).__name__}.")
    manifest = Manifest()
    for number, one in enumerate(listed, start=1):
        name = str(one.get("id", f"entry {number}")) if isinstance(one, dict) else f"entry {number}"
        try:
            manifest.entries.append(_entry(one, path.parent))
        except Unfit as error:
            manifest.faults[name] = str(error)
    return manifest


def _entry(one: Any, root: Path) -> Entry:
    if not isinstance(one, dict):
        raise Unfit("it is not a mapping")
    wanted = ("id", "day", "file", "history_dir", "history_before")
    missing = [key for key in wanted if not isinstance(one.get(key), str | int) or one.get(key) == ""]
    if missing:
        raise Unfit(f"it lacks {', '.join(missing)}")
    return Entry(
        id=str(one["id"]),
        day=_date("day", one["day"]),
        file=root / str(one["file"]),
        history_dir=root / str(one["history_dir"]),
        history_before=_date("history_before", one["history_before"]),
    )


def _date(key: str, text: object) -> date:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError as error:
        raise Unfit(f"its {key} is no day: {text!r}; write 2013-02-08") from error


def judge(manifest: Manifest) -> Iterator[tuple[str, Verdict]]:
    """The verdict on every entry that can be judged; what is wrong with one is told among the manifest's faults."""
    folders: dict[Path, list[Entry]] = defaultdict(list)
    for entry in manifest.entries:
        folders[entry.history_dir].append(entry)
    for folder, entries in folders.items():
        if not folder.is_dir():
            manifest.faults |= {entry.id: f"there is no folder {folder}" for entry in entries}
            continue
        yield from _Table(folder, entries).judge()


class _Table:
    """The batches of one folder; every file of it is read and measured once."""

    def __init__(self, folder: Path, entries: Sequence[Entry]) -> None:
        self._entries = sorted(entries, key=lambda entry: (entry.history_before, entry.day))
        self._history = _history(folder, before=self._entries[-1].history_before)
        self._texts = Texts()
        own = [File(key=entry.key, day=entry.day, path=entry.file) for entry in entries if entry.file.is_file()]
        self._texts.take([*self._history, *own])
        self._texts.type()
        self._profiles: dict[Contract, dict[str, Profile]] = {}
        self._pairs: dict[Contract, tuple[Pair, ...]] = {}
        self._learners: dict[Contract, tuple[Learner, int]] = {}

    def judge(self) -> Iterator[tuple[str, Verdict]]:
        for entry in self._entries:
            before = [file for file in self._history if file.day < entry.history_before]
            usable = [file for file in before if file.key in self._texts.headers]
            yield entry.id, batches.verdict(list(self._findings(entry, usable)))

    def _findings(self, entry: Entry, before: Sequence[File]) -> Iterator[Finding]:
        if not entry.file.is_file():
            yield from batches.certain("data_for_every", f"there is no file {entry.file}")
            return
        if entry.key in self._texts.faults:
            yield from batches.certain("readable", self._texts.faults[entry.key])
            return
        if not before:
            return
        header = self._texts.headers[entry.key]
        yield from schemas.differences([self._texts.headers[file.key] for file in before[-FOLDED:]], header)
        contract = self._texts.contract([file.key for file in before])
        profiles = self._measured(contract, before)
        batch = profiles.get(entry.key) or Profile(period=entry.key, rows=0, columns=())
        yield from self._learned(contract, before, profiles).judge(batch, entry.day)

    def _measured(self, contract: Contract, before: Sequence[File]) -> dict[str, Profile]:
        if contract not in self._profiles:
            first = [file.key for file in before[:TIED_BY]]
            looked = list(self._texts.profiles(contract, first).values())
            tried = list(self._texts.profiles(contract, first, ties.candidates(looked)).values())
            keys = [*(file.key for file in self._history), *(entry.key for entry in self._entries)]
            self._profiles[contract] = self._texts.profiles(contract, keys, ties.strong(tried))
        return self._profiles[contract]

    def _learned(self, contract: Contract, before: Sequence[File], profiles: Mapping[str, Profile]) -> Learner:
        """What the batches before teach; a learner that knows the first of them goes on from there."""
        learner, known = self._learners.get(contract, (None, 0))
        held = [(profiles[file.key], file.day) for file in before if file.key in profiles]
        if learner is None or known < FIRST:
            learner, known = Learner([profile for profile, _ in held[:FIRST]]), 0
        for profile, day in held[known:]:
            learner.learn(profile, day)
        self._learners[contract] = (learner, len(held))
        return learner


def _history(folder: Path, *, before: date) -> list[File]:
    """The files of a folder that are of a day before one, by the day in their names, oldest first."""
    found = []
    for path in folder.iterdir():
        match = _DAY.search(path.name)
        if match and path.is_file():
            try:
                day = date(*(int(part) for part in match.groups()))
            except ValueError:
                continue
            if day < before:
                found.append(File(key=path.name, day=day, path=path))
    return sorted(found, key=lambda file: (file.day, file.key))
