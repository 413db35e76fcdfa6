"""YAML in and out: the plain part of YAML, where a text is a text and nothing is guessed to be a date or a clock."""

import json
import re
from collections.abc import Mapping

import yaml

from pipelines_app.compiler.reading import described
from pipelines_app.errors import DefinitionInvalid, Problem

LONGEST = 200_000
DEEPEST = 50


class Loader(yaml.CSafeLoader):
    """Safe, without doubled keys, and with YAML 1.2's few plain values; what it may read is seen to beforehand."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, object]:  # type: ignore[override]
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            # The text of the key as written: `null:` and `on:` are names here.
            key = key_node.value
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(problem="a key must be a text", problem_mark=key_node.start_mark)
            if key in found:
                raise yaml.MarkedYAMLError(problem=f"the key {key!r} is here twice", problem_mark=key_node.start_mark)
            found[key] = self.construct_object(value_node, deep=True)
        return found


_MAP = "tag:yaml.org,2002:"
Loader.add_implicit_resolver(f"{_MAP}null", re.compile(r"(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
Loader.add_implicit_resolver(f"{_MAP}bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
Loader.add_implicit_resolver(f"{_MAP}int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
Loader.add_implicit_resolver(
    f"{_MAP}float",
    re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)
Loader.add_constructor(f"{_MAP}map", Loader.construct_mapping)


def refuse_odd(text: str) -> None:
    """Raise for what is never needed, one thing after the other, before anything is built from it."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise _marked(f"this is nested more than {DEEPEST} deep", event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _marked("anchors and aliases are not allowed", event)
        if (getattr(event, "tag", None) or "").startswith("!"):
            raise _marked("tags are not allowed", event)


def _marked(problem: str, event: yaml.Event) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type]


def from_yaml(text: str) -> dict[str, object]:
    """The document in a YAML text; raises DefinitionInvalid with the line of the fault."""
    if len(text.encode(errors="surrogatepass")) > LONGEST:
        raise _invalid(f"the document is longer than {LONGEST:,} bytes")
    try:
        refuse_odd(text)
        # A subclass of the safe loader.
        document = yaml.load(text, Loader=Loader)  # nosec B506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = error.problem or error.context or "this is not YAML"
        raise _invalid(said, mark.line + 1 if mark else None, mark.column + 1 if mark else None) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _invalid(f"this is not YAML: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(document, Mapping):
        raise _invalid(f"the document must be a mapping, not {described(document)}", line=1)
    if not _can_be_kept(document):
        raise _invalid("the text holds a character or a number that cannot be kept, such as NUL")
    return dict(document)


def _can_be_kept(document: Mapping[str, object]) -> bool:
    """Whether a database keeps it: no NUL, no halves of characters, no numbers without an end."""
    try:
        kept = json.dumps(document, ensure_ascii=False, allow_nan=False)
        kept.encode()
    except ValueError:
        return False
    return "\\u0000" not in kept


def _invalid(message: str, line: int | None = None, column: int | None = None) -> DefinitionInvalid:
    return DefinitionInvalid([Problem(path="", message=message, line=line, column=column)])


class _Dumper(yaml.SafeDumper):
    """Long texts as written, short lists on one line, no anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def represent_words(self, text: str) -> yaml.ScalarNode:
        style = "|" if "\n" in text else None
        return self.represent_scalar(f"{_MAP}str", text, style=style)

    def represent_items(self, items: list[object]) -> yaml.SequenceNode:
        flat = not any(isinstance(item, list | dict) for item in items)
        return self.represent_sequence(f"{_MAP}seq", items, flow_style=flat)


_Dumper.add_representer(str, _Dumper.represent_words)
_Dumper.add_representer(list, _Dumper.represent_items)


def to_yaml(document: Mapping[str, object]) -> str:
    """The document as YAML, in its own order."""
    return yaml.dump(dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
