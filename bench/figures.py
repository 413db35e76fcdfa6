"""Figures with the limit they were measured against, and the machine they were measured on."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import quantiles

PACKAGES = ("Django", "duckdb", "sqlglot", "celery", "cheroot", "gunicorn")
MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Target:
    """The most or the least a figure may be: in its own unit, or as a multiple of its limit."""

    most: float | None = None
    least: float | None = None
    times_limit: bool = False

    def says(self, unit: str) -> str:
        if self.least is not None:
            return f">= {self.least:g}{'x' if self.times_limit else ' ' + unit}"
        return f"<= {self.most:g}x" if self.times_limit else f"< {self.most:g} {unit}"

    def is_met_by(self, value: float) -> bool:
        """Whether a value, or a multiple of the limit, is good enough."""
        if self.least is not None:
            return value >= self.least
        return self.most is None or (value <= self.most if self.times_limit else value < self.most)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured value; `limit` is what the same machine does at best, measured in the same run."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.limit if self.limit else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none, or nothing to hold it against."""
        if self.target is None:
            return None
        measured = self.ratio if self.target.times_limit else self.value
        return None if measured is None else self.target.is_met_by(measured)

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "limit": None if self.limit is None else round(self.limit, 3),
            "ratio": None if self.ratio is None else round(self.ratio, 2),
            "target": self.target.says(self.unit) if self.target else None,
            "met": self.met,
        }


@dataclass
class Report:
    """What a benchmark found out; notes say what a number alone would hide."""

    title: str
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _load: float = field(default_factory=lambda: os.getloadavg()[0], init=False)

    def add(self, *figures: Figure) -> None:
        self.figures += figures

    def show(self, *, as_json: bool) -> None:
        """Print the report: one JSON object per figure, or a table below the machine."""
        if as_json:
            for figure in self.figures:
                print(json.dumps(figure.as_json()))
            return
        print(f"\n{self.title}\n{self._machine()}\n")
        for line in _table([_row(figure) for figure in self.figures]):
            print(line)
        for note in self.notes:
            print(f"  {note}")

    def _machine(self) -> str:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
        versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
        return (
            f"{len(os.sched_getaffinity(0))} cores ({_processor()}), {memory:.0f} GiB, "
            f"Linux {platform.release()}, load {self._load:.1f} before and {os.getloadavg()[0]:.1f} after\n"
            f"Python {platform.python_version()}, {versions}"
        )


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the option that every benchmark has."""
    made = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    made.add_argument("--json", action="store_true", help="print one JSON object per figure and nothing else")
    return made


def percentile(values: Sequence[float], share: int) -> float:
    """The value that `share` of a hundred did not exceed."""
    if len(values) == 1:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[share - 1]


def say(line: str) -> None:
    """Tell the person who waits how far it is; never part of the report."""
    print(f"  {line}", file=sys.stderr, flush=True)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _row(figure: Figure) -> list[str]:
    verdict = {True: "yes", False: "NO", None: ""}[figure.met]
    return [
        figure.name,
        _number(figure.value),
        figure.unit,
        "" if figure.limit is None else _number(figure.limit),
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        figure.target.says(figure.unit) if figure.target else "",
        verdict,
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _table(rows: list[list[str]]) -> Iterable[str]:
    heads = ["figure", "value", "unit", "limit", "ratio", "target", "met"]
    widths = [max(len(row[place]) for row in [heads, *rows]) for place in range(len(heads))]
    for row in [heads, ["-" * width for width in widths], *rows]:
        cells = [
            cell.rjust(width) if place in {1, 3, 4} else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  " + "  ".join(cells).rstrip()
