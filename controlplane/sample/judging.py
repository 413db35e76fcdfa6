"""Whether the play ended as it must: every claim is checked through the API, none is taken on trust."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from statistics import quantiles
from typing import Any

from controlplane.sample.client import Client, until
from controlplane.sample.playing import BROKEN, LATE, TWICE, Played, Script, rows_of_files
from controlplane.sample.receivers import Mailbox, SlackLike

BLIZZARD = ("2013-02-08", "2013-02-09")
LAST_OF_THE_DAY = "mart.daily_operations"
FEBRUARY, JANUARY = "2013-02-01", 31
ABOVE = {  # what each dataset of the sample is made from, directly or not
    "raw.flights": (),
    "raw.weather": (),
    "staging.flights": ("raw.flights",),
    "staging.weather": ("raw.weather",),
    LAST_OF_THE_DAY: ("raw.flights", "staging.flights"),
    "mart.carrier_performance": ("raw.flights", "staging.flights"),
    "mart.delays_and_weather": ("raw.flights", "staging.flights", "raw.weather", "staging.weather", LAST_OF_THE_DAY),
}
CANCELLED = ("NULLs in dep_time", "NULLs in dep_delay", "cancelled", "delay")
JUDGED_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One thing that must be so, and what was found."""

    says: str
    found: str
    holds: bool


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the platform holds after the play, with the seconds from accepted arrival to published dataset."""

    claims: list[Claim]
    latencies: list[float]

    @property
    def holds(self) -> bool:
        return all(claim.holds for claim in self.claims)

    def percentile(self, share: float) -> float:
        """The latency that this share of the days did not exceed, in seconds."""
        cuts = quantiles(self.latencies, n=100, method="inclusive")
        return cuts[min(98, max(0, round(share * 100) - 1))]


class Judge:
    """Asks the platform what became of what was played."""

    def __init__(self, client: Client, script: Script, played: Played) -> None:
        self._client = client
        self._script = script
        self._played = played

    def judge(self, mailbox: Mailbox, slack: SlackLike, *, learned: bool = True) -> Outcome:
        """Every claim, with what was found; what was learned is judged once every batch is measured."""
        versions = self._client.all("/datasets/raw.flights/versions", state="published")
        last = {
            row["period"]: row for row in self._client.all(f"/datasets/{LAST_OF_THE_DAY}/versions", state="published")
        }
        claims = [
            *self._periods(versions),
            *self._late(),
            *self._broken(),
            *self._twice(),
            *self._blizzard(mailbox, slack),
            *(self._learned() if learned else ()),
            *self._chain(),
        ]
        return Outcome(claims=claims, latencies=list(self._latencies(last)))

    def _periods(self, versions: list[dict[str, Any]]) -> Iterator[Claim]:
        rows = {version["period"]: version["rows"] for version in versions}
        counted = dict(rows_of_files(self._script))
        yield Claim(says="59 periods are published", found=f"{len(rows)}", holds=len(rows) == len(counted) == 59)
        differing = sorted(day for day in counted if rows.get(day) != counted[day])
        total = self._client.get("/datasets/raw.flights")["current"]["total_rows"]
        yield Claim(
            says="every day has as many rows as its file has lines",
            found=f"{total:,} rows" + (f", other counts on {', '.join(differing)}" if differing else ""),
            holds=not differing and total == sum(counted.values()),
        )
        staged = self._client.get("/datasets/staging.flights")["current"]["total_rows"]
        yield Claim(says="no flight is lost on the way", found=f"{staged:,} typed", holds=staged == total)

    def _kinds(self, day: str) -> list[str]:
        return [row["kind"] for row in self._client.all("/events", dataset="raw.flights", period=day)]

    def _late(self) -> Iterator[Claim]:
        kinds = self._kinds(LATE)
        told = {"slot.became_late", "slot.filled"} <= set(kinds)
        yield Claim(says=f"the late file of {LATE} has its events", found=", ".join(sorted(set(kinds))), holds=told)
        warned = datetime.fromisoformat(self._played.warned["first_at"])
        early = (self._played.late_due - warned).total_seconds() if self._played.late_due is not None else 0.0
        yield Claim(
            says=f"the late file of {LATE} is warned of before its deadline",
            found=f"{self._played.warned['title']}, {early:.1f} s before",
            holds=early > 0 and "slot.put_at_risk" in kinds,
        )
        yield self._alert_is("at_risk", LATE, "resolved")
        yield self._alert_is("late", LATE, "resolved")

    def _alert_is(self, rule: str, day: str, state: str) -> Claim:
        def alert() -> dict[str, Any] | None:
            rows = self._client.get("/alerts", rule=rule, period=day)["results"]
            return rows[0] if rows and rows[0]["state"] == state else None

        try:
            found = until(alert, f"the alert {rule} of {day} to be {state}", patience=20)
        except TimeoutError as error:
            return Claim(says=f"the alert about {day} is {state}", found=str(error), holds=False)
        return Claim(says=f"the alert about {day} is {state}", found=found["title"], holds=True)

    def _broken(self) -> Iterator[Claim]:
        kinds = self._kinds(BROKEN)
        yield Claim(
            says=f"the broken file of {BROKEN} was quarantined",
            found=self._client.get(f"/arrivals/{self._played.refused['id']}")["disposition"],
            holds="data.quarantined" in kinds and "dataset.published" in kinds,
        )
        yield self._alert_is("quarantine", BROKEN, "resolved")

    def _twice(self) -> Iterator[Claim]:
        published = self._kinds(TWICE).count("dataset.published")
        yield Claim(
            says=f"the file of {TWICE} came twice and had one effect",
            found=f"{published} published, the second is {self._played.twin['state']}",
            holds=published == 1 and self._played.twin["state"] == "duplicate",
        )

    def _blizzard(self, mailbox: Mailbox, slack: SlackLike) -> Iterator[Claim]:
        failed = self._client.all("/events", kind="check.failed", dataset=LAST_OF_THE_DAY)
        days = sorted({row["period"] for row in failed if row["body"]["check"] == "share_cancelled"})
        yield Claim(
            says="share_cancelled <= 0.2 fails on the two days of the blizzard and on no other",
            found=", ".join(days),
            holds=tuple(days) == BLIZZARD,
        )
        for name, arrived in (("e-mail", lambda: self._mailed(mailbox)), ("Slack", lambda: self._slacked(slack))):
            try:
                until(arrived, f"the {name} about the blizzard", patience=20)
            except TimeoutError as error:
                yield Claim(says=f"its alert reached {name}", found=str(error), holds=False)
            else:
                yield Claim(says=f"its alert reached {name}", found="delivered", holds=True)

    @staticmethod
    def _mailed(mailbox: Mailbox) -> bool:
        return any("share_cancelled" in str(message.get_content()) for message in mailbox.messages)

    @staticmethod
    def _slacked(slack: SlackLike) -> bool:
        return any("share_cancelled" in str(message) for message in slack.messages)

    def _learned(self) -> Iterator[Claim]:
        """What is told without any check, only by what January was like."""
        try:
            until(self._is_judged, "every batch to be measured and judged", patience=JUDGED_SECONDS, pause=0.5)
        except TimeoutError as error:
            yield Claim(says="every batch was judged by those before it", found=str(error), holds=False)
            return
        told = self._told_in_february()
        blizzard = [words for period, words in told if period in BLIZZARD]
        yield Claim(
            says="the blizzard is told by what was learned from January alone",
            found=blizzard[0] if blizzard else "nothing",
            holds=any(word in words for words in blizzard for word in CANCELLED),
        )
        others = [words for period, words in told if period not in BLIZZARD]
        yield Claim(
            says="in all of February at most two other learned alerts",
            found="; ".join(others) or "none",
            holds=len(others) <= 2,
        )

    def _told_in_february(self) -> list[tuple[str, str]]:
        """What was unusual in February and did not follow from something else: its first day, and its words.

        Days one after the other are one. (An alert that comes and goes within the hour, as two months in a minute make
        it do, stays open, and tells of what comes after: so it is not alerts that are counted.)
        """
        found = {}
        for row in self._client.all("/events", kind="anomaly.found"):
            if row["period"] >= FEBRUARY or row["body"]["version"] in self._of_february:
                found[row["dataset"], row["period"]] = f"{row['dataset']} {row['period']}: {row['body']['words']}"
        told: list[tuple[str, str]] = []
        last: dict[str, str] = {}
        for dataset, period in sorted(found, key=lambda one: (one[1], one[0])):
            if not any((above, period) in found for above in ABOVE.get(dataset, ())):
                if dataset not in last or not _is_next(last[dataset], period):
                    told.append((period, found[dataset, period]))
                last[dataset] = period
        return told

    @cached_property
    def _of_february(self) -> set[int]:
        """The versions of what is made anew each day that were made of February's days."""
        rows = self._client.all("/datasets/mart.carrier_performance/versions", state="published")
        return {row["id"] for row in rows if row["number"] > JANUARY}

    def _is_judged(self) -> bool:
        """Whether every version of the month's datasets is measured, and every batch judged."""
        for dataset in ABOVE:
            address = f"/datasets/{dataset}"
            if self._client.get(f"{address}/profiles", state="pending", limit=1)["results"]:
                return False
            measured = {row["id"] for row in self._client.all(f"{address}/profiles", is_merged="false")}
            judged = self._client.all(f"{address}/judgements", state="judged,failed")
            if measured - {row["profile"] for row in judged}:
                return False
        return True

    def _chain(self) -> Iterator[Claim]:
        periods = {
            row["period"] for row in self._client.all("/datasets/mart.delays_and_weather/versions", state="published")
        }
        yield Claim(
            says="delays-and-weather ran by itself for every day, from the datasets of the other three",
            found=f"{len(periods)} days",
            holds=len(periods) == 59,
        )

    def _latencies(self, last: dict[str, dict[str, Any]]) -> Iterator[float]:
        for day, arrival in self._played.arrivals.items():
            if day in last:
                accepted = datetime.fromisoformat(arrival["received_at"])
                yield (datetime.fromisoformat(last[day]["created_at"]) - accepted).total_seconds()


def _is_next(day: str, other: str) -> bool:
    """Whether one day follows the other; what has no days is always one."""
    return not day or date.fromisoformat(other) - date.fromisoformat(day) == timedelta(days=1)
