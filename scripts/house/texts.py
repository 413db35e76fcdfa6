"""Rules for every text of the repository: no loose ends, no place of one machine, no index in a lock."""

import re
from pathlib import Path

from scripts.house.finding import Finding, unexcused

LOOSE_END = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))")  # house: loose-end because this is the pattern
ONE_MACHINE = re.compile(r"(?<![\w.<])/(?:home|Users|root)/[\w.-]+")
INDEX = re.compile(r"https?://|^\s*--(?:index-url|extra-index-url|find-links|trusted-host)", re.M)


def judge(path: Path, source: str) -> list[Finding]:
    """Everything wrong with one text, whatever its kind."""
    findings = [
        Finding(path, number, rule, why)
        for number, line in enumerate(source.splitlines(), start=1)
        for rule, pattern, why in _rules(path)
        if pattern.search(line)
    ]
    return unexcused(findings, source)


def _rules(path: Path) -> list[tuple[str, re.Pattern[str], str]]:
    rules = [
        ("loose-end", LOOSE_END, "finish it, or name its issue"),
        ("one-machine", ONE_MACHINE, "a path of one machine"),
    ]
    if path.suffix == ".lock":
        rules.append(("index", INDEX, "a lock names no package index"))
    return rules
