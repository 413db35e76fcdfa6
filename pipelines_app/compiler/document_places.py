"""Where in a YAML text something stands that a path names, so that a fault can be found by its line."""

import re
from functools import lru_cache

import yaml

from pipelines_app.compiler.document_text import Loader, refuse_odd

_PART = re.compile(r'\.?([A-Za-z_][A-Za-z0-9_-]*)|\["([^"]*)"\]|\[(\d+)\]')


def line_of(text: str, path: str) -> int | None:
    """The line (from 1) of what a path such as `steps[1].sql` names, or of the nearest thing around it that is there.

    None if the text cannot be read.
    """
    node = _root(text)
    if node is None:
        return None
    mark = node.start_mark
    for part in _PART.finditer(path):
        found = _within(node, part)
        if found is None:
            break
        mark, node = found
    return int(mark.line) + 1


@lru_cache(maxsize=8)
def _root(text: str) -> yaml.Node | None:
    """The nodes of a text; the faults of one text are asked for one after the other."""
    try:
        refuse_odd(text)
        # A subclass of the safe loader; nothing is constructed.
        return yaml.compose(text, Loader=Loader)  # nosec B506
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _within(node: yaml.Node, part: re.Match[str]) -> tuple[yaml.Mark, yaml.Node] | None:
    """The place of a part of a node, and the node itself; the entries of a mapping can be counted too."""
    name = part[1] or part[2]
    if isinstance(node, yaml.MappingNode):
        for position, (key, value) in enumerate(node.value):
            if (key.value == name) if part[3] is None else position == int(part[3]):
                return key.start_mark, value
    elif isinstance(node, yaml.SequenceNode) and part[3] is not None and int(part[3]) < len(node.value):
        entry = node.value[int(part[3])]
        return entry.start_mark, entry
    return None
