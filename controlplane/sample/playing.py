"""The play: 59 days in order, one file late, one broken and corrected, one sent twice, and a blizzard that is real."""

import csv
import gzip
import io
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from controlplane.sample.client import Client, until

LATE = "2013-01-17"
BROKEN = "2013-01-24"
TWICE = "2013-02-03"
NEXT = "2013-03-01"
BAD_ROWS = 40
FLIGHTS, PROMISED = "flights-daily", "mart.daily_operations"
PROMISED_AFTER, LATE_AFTER = timedelta(seconds=3), timedelta(seconds=8)
REFERENCE = ("airlines", "airports", "planes")
NUMBERS = frozenset({"year", "month", "day", "hour", "wind_dir"})
TEXTS = frozenset({"origin", "time_hour"})


@dataclass(frozen=True, kw_only=True)
class Script:
    """What is played: the folder of the sample's files, and a pause between two days in seconds."""

    folder: Path
    pace: float = 0.0

    def days(self) -> list[str]:
        """The days, in order."""
        return sorted(path.name[8:18] for path in (self.folder / "flights").glob("flights_*.csv.gz"))

    def flights(self, day: str) -> bytes:
        """One day's file as the airports send it."""
        return gzip.decompress((self.folder / "flights" / f"flights_{day}.csv.gz").read_bytes())

    def reference(self, name: str) -> bytes:
        """One file of reference data."""
        return gzip.decompress((self.folder / f"{name}.csv.gz").read_bytes())

    def weather(self) -> dict[str, list[dict[str, Any]]]:
        """The hourly observations, by day."""
        text = gzip.decompress((self.folder / "weather.csv.gz").read_bytes()).decode()
        by_day: dict[str, list[dict[str, Any]]] = {}
        for row in csv.DictReader(io.StringIO(text)):
            day = f"{int(row['year']):04}-{int(row['month']):02}-{int(row['day']):02}"
            by_day.setdefault(day, []).append({name: _value(name, value) for name, value in row.items()})
        return by_day


def _value(name: str, value: str) -> Any:
    if value == "NA":
        return None
    if name in TEXTS:
        return value
    return int(value) if name in NUMBERS else float(value)


def broken(body: bytes) -> bytes:
    """A day's file as a careless export would send it: words where column 7 has times, in forty rows."""
    lines = body.decode().splitlines(keepends=True)
    for number in range(100, 100 + BAD_ROWS):
        cells = lines[number].split(",")
        cells[6] = "late"
        lines[number] = ",".join(cells)
    return "".join(lines).encode()


@dataclass(kw_only=True)
class Played:
    """What was sent, for whoever judges the outcome."""

    files: int = 0
    seconds: float = 0.0
    arrivals: dict[str, dict[str, Any]] = field(default_factory=dict)
    twin: dict[str, Any] = field(default_factory=dict)
    refused: dict[str, Any] = field(default_factory=dict)
    warned: dict[str, Any] = field(default_factory=dict)
    late_due: datetime | None = None


class Player:
    """Sends the sample and waits where a supplier would: it looks at the platform only through its API."""

    def __init__(self, client: Client, script: Script, say: Callable[[str], None]) -> None:
        self._client = client
        self._script = script
        self._say = say
        self.played = Played()

    def play(self) -> Played:
        """All of it, in order."""
        begun = time.monotonic()
        for name in REFERENCE:
            self._client.upload(f"raw.{name}", f"{name}.csv", self._script.reference(name), key=f"sample {name}")
            self.played.files += 1
        weather = self._script.weather()
        for day in self._script.days():
            self._client.message(weather.get(day, []), period=day, message_id=f"weather-{day}")
            self.played.files += 1
            self._day(day)
            time.sleep(self._script.pace)
        self.played.seconds = time.monotonic() - begun
        self._settle()
        due = datetime.now(tz=UTC) + timedelta(seconds=2)
        self._announce(NEXT, due)
        self._say(f"{NEXT} is expected next, and nobody will send it: Today shows it late.")
        return self.played

    def _day(self, day: str) -> None:
        if day == LATE:
            self._late(day)
        else:
            self._announce(day, datetime.now(tz=UTC) + timedelta(minutes=10))
        if day == BROKEN:
            self._broken(day)
        arrival = self._send(day, self._script.flights(day))
        self.played.arrivals[day] = arrival
        self._until_published(day)
        if day == TWICE:
            self.played.twin = self._send(day, self._script.flights(day), attempt="again")
            self._say(f"{day} came twice: {self.played.twin['disposition']}.")

    def _announce(self, day: str, due: datetime) -> None:
        self._client.post("/slots", {"dataset": "raw.flights", "period": day, "due_at": due.isoformat()})

    def _send(self, day: str, body: bytes, *, attempt: str = "first") -> dict[str, Any]:
        self.played.files += 1
        return self._client.upload("raw.flights", f"flights_{day}.csv", body, key=f"sample flights {day} {attempt}")

    def _late(self, day: str) -> None:
        """Nothing comes: what was promised of the day is at risk before the file is late, and then it is late."""
        now = datetime.now(tz=UTC)
        self.played.late_due = due = now + LATE_AFTER
        self._promise(day, now + PROMISED_AFTER)
        self._announce(day, due)
        self.played.warned = until(lambda: self._alert("at_risk", day), f"a warning that {day} will be late")
        self._say(f"{day} has not come, and a warning says so before it is late: {self.played.warned['title']}.")
        alert = until(lambda: self._alert("late", day), f"an alert that {day} is late")
        self._say(f"{day} is late, and an alert says so: {alert['title']}.")

    def _promise(self, day: str, moment: datetime) -> None:
        """Promise the day's operations by a moment of today: of this day alone, as all of them are of 2013."""
        document = self._client.get(f"/pipelines/{FLIGHTS}")["document"]
        arrival = {
            "dataset": PROMISED,
            "by": f"{moment:%H:%M:%S}",
            "timezone": "UTC",
            "days_after": (moment.date() - date.fromisoformat(day)).days,
            "first": day,
            "last": day,
        }
        promised = {**document, "sla": [{"arrival": arrival}]}
        self._client.post("/apply", {"files": {f"{FLIGHTS}.yaml": json.dumps(promised)}, "why": f"{day} is awaited"})

    def _broken(self, day: str) -> None:
        self.played.refused = self._send(day, broken(self._script.flights(day)), attempt="broken")
        arrival = f"/arrivals/{self.played.refused['id']}"
        held = until(lambda: self._state(arrival, "quarantined"), f"the broken file of {day} in quarantine")
        self._say(f"{day} is quarantined: {held['disposition']}.")

    def _state(self, path: str, state: str) -> dict[str, Any] | None:
        found = self._client.get(path)
        return found if found["state"] == state else None

    def _alert(self, rule: str, day: str) -> dict[str, Any] | None:
        alerts = self._client.get("/alerts", rule=rule, period=day)["results"]
        return alerts[0] if alerts else None

    def _until_published(self, day: str) -> None:
        def published() -> bool:
            runs = self._client.get("/runs", pipeline="flights-daily", period=day, limit=1)["results"]
            return bool(runs) and runs[0]["state"] in {"succeeded", "warned"}

        until(published, f"the run of {day}")
        self._say(f"{day} published")

    def _settle(self) -> None:
        """Wait until nothing is left to do."""

        def quiet() -> bool:
            live = [self._client.get("/runs", state=state, limit=1)["results"] for state in ("queued", "running")]
            return not any(live)

        until(quiet, "the last run to end")


def rows_of_files(script: Script) -> Iterator[tuple[str, int]]:
    """An independent count: the lines of each day's file, less its header."""
    for day in script.days():
        yield day, script.flights(day).count(b"\n") - 1
