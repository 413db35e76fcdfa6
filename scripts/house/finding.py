"""What a rule has to say about one line."""

import re
from dataclasses import dataclass
from pathlib import Path

EXCUSE = re.compile(r"house: (?P<rules>[a-z, -]+?) because \w+")


@dataclass(frozen=True, order=True)
class Finding:
    """One broken rule at one place."""

    path: Path
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


def unexcused(findings: list[Finding], source: str) -> list[Finding]:
    """The findings left after those whose line says `house: rule because reason`."""
    lines = source.splitlines()
    return [finding for finding in findings if finding.rule not in _excused(lines, finding.line)]


def _excused(lines: list[str], number: int) -> set[str]:
    excuse = EXCUSE.search(lines[number - 1]) if 0 < number <= len(lines) else None
    return {rule.strip() for rule in excuse["rules"].split(",")} if excuse else set()
