"""Template tags and filters of the console; the words and the geometry come from plain modules beside it."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from pipelines_app.compiler import clocks, giving
from pipelines_app.web import pictures, words

register = template.Library()

NOTHING = "–"  # noqa: RUF001 (an en dash is what a table shows for "no value")


@register.simple_tag
def icon(name: str) -> SafeString:
    """One icon of templates/frame/icons.html, decorative."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.simple_tag
def state(name: str, text: str = "", *, quiet: bool = False) -> SafeString:
    """A state as icon, word and colour; text replaces the word, quiet leaves the word to screen readers only."""
    said = words.saying(str(name))
    turning = " spin" if said.icon == "arc" else ""
    return format_html(
        '<span class="state {}"><svg class="icon{}" aria-hidden="true"><use href="#i-{}"/></svg>'
        '<span class="{}">{}</span></span>',
        said.tone,
        turning,
        said.icon,
        "sr" if quiet else "word",
        text or said.word,
    )


@register.filter
def tone(name: str) -> str:
    """The CSS class that carries a state's colour."""
    return words.saying(str(name)).tone


@register.filter
def word(name: str) -> str:
    """What a state is called."""
    return words.saying(str(name)).word


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """A moment in relative words; exact, with the viewer's zone, on hover and with the key that shows exact times."""
    if moment is None:
        return NOTHING
    local = clocks.shown(moment, timezone.get_current_timezone())
    return format_html(
        '<time datetime="{}" title="{}" data-when="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        words.exact(local, timezone.get_current_timezone_name()),
        f"{local:%Y-%m-%d %H:%M:%S}",
        words.ago(local, timezone.localtime()),
    )


@register.filter
def clock(moment: datetime | None) -> SafeString | str:
    """The time of day to the second in the viewer's zone, for rows that follow one another closely."""
    if moment is None:
        return NOTHING
    local = clocks.shown(moment, timezone.get_current_timezone())
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="milliseconds"),
        words.exact(local, timezone.get_current_timezone_name()),
        f"{local:%H:%M:%S}",
    )


@register.filter
def deadline(moment: datetime | None, zone: str) -> SafeString | str:
    """A deadline in its own zone: "by 07:00 Europe/Zurich, in 42 min"."""
    if moment is None:
        return NOTHING
    local = clocks.shown(moment, ZoneInfo(zone))
    now = timezone.now().astimezone(ZoneInfo(zone))
    day = "" if local.date() == now.date() else f"{local.day} {local:%b} "
    return format_html(
        '<time datetime="{}" title="{}">by {}{} {}, {}</time>',
        local.isoformat(timespec="seconds"),
        words.exact(local, zone),
        day,
        f"{local:%H:%M}",
        zone,
        words.ago(local, now),
    )


@register.filter
def duration(length: timedelta | float | None) -> str:
    return NOTHING if length is None else words.duration(length)


@register.filter
def count(number: float | None) -> str:
    return NOTHING if number is None else f"{number:,}"


register.filter("of", words.noun)


@register.filter("bytes")
def binary_size(size: int | None) -> str:
    return NOTHING if size is None else words.binary_size(size)


@register.filter
def share(part: float | None) -> str:
    return NOTHING if part is None else words.share(part)


@register.filter
def period(key: str) -> str:
    """A period's key in words: "8 February 2013"."""
    return words.period(key)


@register.filter
def parameters(given: Mapping[str, object]) -> str:
    """What a message gave, in words: "region = EU"."""
    return giving.sentence(given)


@register.filter
def cell(value: object) -> SafeString | str:
    """One value of a data table: NULL and the empty text are told apart."""
    if value is None:
        return format_html('<span class="null">{}</span>', "null")
    return format_html('<span class="null">{}</span>', "empty") if value == "" else str(value)


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: object) -> str:
    """The current query with some parameters changed; None or "" takes one out."""
    request: HttpRequest = context["request"]
    parameters = request.GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    return "?" + parameters.urlencode()


@dataclass(frozen=True)
class DiffLine:
    """One line of a comparison: kind is added, removed, same or gap."""

    kind: str
    old: int | None
    new: int | None
    text: str

    @property
    def sign(self) -> str:
        return {"added": "+", "removed": "-"}.get(self.kind, "")

    @property
    def word(self) -> str:
        return self.kind if self.sign else ""


MOST_COMPARED = 3_000  # lines: comparing costs their product at worst


@register.simple_tag
def diff(old: str, new: str, around: int = 3) -> list[DiffLine]:
    """The lines that differ between two texts, with some unchanged lines around them."""
    before, after = old.splitlines(), new.splitlines()
    if max(len(before), len(after)) > MOST_COMPARED:
        words = f"{len(before):,} lines became {len(after):,}: too many to compare here one by one"
        return [] if before == after else [DiffLine("gap", None, None, words)]
    lines: list[DiffLine] = []
    reached = 0
    for group in difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(around):
        if group[0][1] > reached:
            lines.append(DiffLine("gap", None, None, f"{group[0][1] - reached} unchanged lines"))
        for kind, start, end, new_start, new_end in group:
            lines += _changed(kind, before[start:end], after[new_start:new_end], (start + 1, new_start + 1))
        reached = group[-1][2]
    if lines and reached < len(before):
        lines.append(DiffLine("gap", None, None, f"{len(before) - reached} unchanged lines"))
    return lines


def _changed(kind: str, before: Sequence[str], after: Sequence[str], first: tuple[int, int]) -> Iterable[DiffLine]:
    if kind == "equal":
        return [DiffLine("same", first[0] + place, first[1] + place, text) for place, text in enumerate(before)]
    removed = [DiffLine("removed", first[0] + place, None, text) for place, text in enumerate(before)]
    return removed + [DiffLine("added", None, first[1] + place, text) for place, text in enumerate(after)]


@register.filter
def run_bars(runs: Iterable[Mapping[str, Any]]) -> pictures.RunBars:
    return pictures.run_bars(runs)


@register.filter
def bars(runs: Iterable[Any]) -> list[dict[str, object]]:
    """A pipeline's last runs as the bars of components/run_bars.html; the longest is as high as there is room."""
    listed = list(runs)
    longest = max((run.seconds or 0 for run in listed), default=0) or 1
    return [
        {
            "state": run.state,
            "height": (run.seconds or 0) / longest,
            "title": _bar_title(run),
            "url": reverse("console:run", args=[run.pk]),
        }
        for run in listed
    ]


def _bar_title(run: Any) -> str:
    said = [f"run {run.pk}", words.period(run.period), words.saying(run.state).word]
    said.append(words.duration(run.seconds) if run.seconds is not None else "")
    return ", ".join(part for part in said if part)


@register.filter
def placed(lanes: Mapping[str, Any]) -> pictures.TimeLine:
    """A time line from plain values, for pages that draw none themselves: lanes, start, end, ticks, now."""
    return pictures.time_line_of(lanes)


@register.filter
def spark(values: Sequence[float | None]) -> pictures.Spark:
    return pictures.spark(values)


@register.filter
def with_states(graph: Mapping[str, Any]) -> dict[str, Any]:
    """A lineage graph whose nodes also carry the word, tone and icon of their state, ready for json_script."""
    nodes = [{**node, **asdict(words.saying(node["state"]))} if node.get("state") else node for node in graph["nodes"]]
    return {**graph, "nodes": nodes}


@register.filter
def is_choice(field: Any) -> bool:
    """Whether a bound form field is drawn as one checkbox beside its label."""
    return str(field.widget_type) == "checkbox"


@register.filter
def may_stay_empty(field: Any) -> bool:
    """Whether nothing need be given: not so of a choice of which one is always made."""
    asked = field.field
    if asked.required or getattr(asked.widget, "allow_multiple_selected", False):
        return not asked.required
    if isinstance(asked, ModelChoiceField):  # to look at its choices is a query
        return asked.empty_label is not None
    return "" in dict(getattr(asked, "choices", [("", "")]))


@register.filter
def sentence(text: str) -> str:
    """A claim with its full stop, once."""
    return f"{str(text).rstrip('.')}."


@register.simple_block_tag
def scroll(content: str, label: str) -> SafeString:
    """A table or picture that scrolls sideways in its own box, reachable by keyboard."""
    return format_html('<div class="scroll" role="region" tabindex="0" aria-label="{}">{}</div>', label, content)


@register.inclusion_tag("components/act.html")
def act(url: str, text: str, *, kind: str = "", icon: str = "", **fields: object) -> dict[str, object]:
    """A button that posts, with its own form: act url "Run now" kind="primary" icon="play" period="2013-02-08"."""
    return {"url": url, "text": text, "kind": kind, "icon": icon, "fields": fields}


@register.inclusion_tag("components/confirm.html")
def confirm(url: str, text: str, *, name: str, explain: str) -> dict[str, object]:
    """A destructive button that asks for the thing's name first; posts it as "confirm"."""
    return {"url": url, "text": text, "name": name, "explain": explain}
