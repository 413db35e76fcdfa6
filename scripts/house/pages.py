"""Rules for templates: short, no code and no style in the markup, nothing from elsewhere, the product's words."""

import re
from pathlib import Path

from scripts.house.finding import Finding, unexcused

TEMPLATE_LINES = 120

FORBIDDEN = {
    "inline-style": (re.compile(r"<style\b|\sstyle\s*=", re.I), "styles live in the style sheet"),
    "inline-script": (
        re.compile(r"<script\b(?![^>]*\bsrc=)[^>]*>|\son[a-z]+\s*=|\shx-on\b|javascript:", re.I),
        "code lives in files",
    ),
    "unescaped": (re.compile(r"\|\s*safe\b|\{%\s*autoescape\s+off"), "autoescape stays on"),
    "from-elsewhere": (
        re.compile(
            r"<(?:script|link|img|iframe|source|video|audio)\b[^>]*?(?:src|href)\s*=\s*[\"']?(?:https?:)?//", re.I
        ),
        "pages fetch nothing from other hosts",
    ),
}
OTHER_WORDS = re.compile(r"\b(jobs?|dags?|workflows?)\b", re.I)
TAGS = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.S)
NOT_TEXT = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->|<[^>]*>", re.S)


def judge(path: Path, source: str) -> list[Finding]:
    """Everything wrong with one template."""
    markup = _without(TAGS, source)
    findings = [
        Finding(path, _line(source, found.start()), rule, why)
        for rule, (pattern, why) in FORBIDDEN.items()
        for found in pattern.finditer(source if rule == "unescaped" else markup)
    ]
    if (lines := len(source.splitlines())) > TEMPLATE_LINES:
        findings.append(Finding(path, 1, "template-size", f"{lines} lines, {TEMPLATE_LINES} at most"))
    shown = _without(NOT_TEXT, source)
    findings += [
        Finding(path, _line(shown, found.start()), "words", f"{found[0]!r} is not a word of this product")
        for found in OTHER_WORDS.finditer(shown)
    ]
    return sorted(unexcused(findings, source))


def _without(pattern: re.Pattern[str], source: str) -> str:
    """The source with what matches blanked out, so that every line and place stays what it was."""
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), source)


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1
