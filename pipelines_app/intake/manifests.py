"""A dbt `manifest.json` as values: what it makes, what it reads, who owns it. Read strictly, as far as it is used."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipelines_app.compiler.reading import described
from pipelines_app.errors import MessageInvalid

VERSIONS = range(10, 13)
MOST_NODES = 20_000
LONGEST_SQL = 200_000
LONGEST_TEXT = 4_000
LONGEST_NAME = 255
_VERSION = re.compile(r"/manifest/v(\d{1,4})\.json$")
_MADE = ("model", "seed", "snapshot")
# What the parser calls the dialect of an adapter, where that is called otherwise.
_DIALECTS = {"sqlserver": "tsql", "synapse": "tsql", "fabric": "tsql", "fabricspark": "spark", "athena": "athena"}
_KNOWN = "postgres redshift snowflake bigquery databricks spark duckdb trino clickhouse mysql oracle sqlite teradata"


Json = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A model, seed, snapshot or source: where it is, its columns, what it is made from and by which SQL."""

    id: str
    kind: str
    name: str
    columns: tuple[tuple[str, str], ...]
    description: str = ""
    owner: str = ""
    reads: tuple[str, ...] = ()
    sql: str = ""
    tests: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a project is; `dialect` is what its SQL is written in, empty where that is not known."""

    project: str
    at: str
    dialect: str
    tables: tuple[Table, ...]


def read(payload: object) -> Manifest:
    """A manifest; raises MessageInvalid with the place of the first fault."""
    whole = _mapping(payload, "")
    about = _mapping(whole.get("metadata"), "/metadata")
    _refuse_version(about)
    nodes, sources = _mapping(whole.get("nodes"), "/nodes"), _mapping(whole.get("sources"), "/sources")
    if len(nodes) + len(sources) > MOST_NODES:
        raise _fault("/nodes", f"a project may have {MOST_NODES:,} models, tests and sources")
    adapter = _text(about.get("adapter_type"))
    found = _Nodes(
        nodes={key: _mapping(node, f"/nodes/{key[:80]}") for key, node in nodes.items()},
        sources={key: _mapping(node, f"/sources/{key[:80]}") for key, node in sources.items()},
        groups=_owners(whole.get("groups")),
    )
    return Manifest(
        project=_text(about.get("project_name")) or "project",
        at=_needed(about, "generated_at", "/metadata"),
        dialect=_DIALECTS.get(adapter, adapter if adapter in _KNOWN.split() else ""),
        tables=tuple(found.tables()),
    )


@dataclass(frozen=True, kw_only=True)
class _Nodes:
    nodes: Mapping[str, Json]
    sources: Mapping[str, Json]
    groups: Mapping[str, str]

    def tables(self) -> Iterator[Table]:
        """Sources first, then what is made; what is only a part of other queries is none."""
        tests = self._tests()
        for key, node in sorted(self.sources.items()):
            yield self._table(key, node, "source", tests)
        for key, node in sorted(self.nodes.items()):
            if node.get("resource_type") in _MADE and not _is_ephemeral(node):
                yield self._table(key, node, str(node["resource_type"]), tests)

    def _table(self, key: str, node: Json, kind: str, tests: Mapping[str, list[tuple[str, str]]]) -> Table:
        pointer = f"/{'sources' if kind == 'source' else 'nodes'}/{key[:80]}"
        called = _text(node.get("identifier" if kind == "source" else "alias")) or _text(node.get("name"))
        if not called:
            raise _fault(f"{pointer}/name", "is missing")
        parts = (_text(node.get("database")), _text(node.get("schema")), called)
        return Table(
            id=_text(key),
            kind=kind,
            name=".".join(part for part in parts if part)[:LONGEST_NAME],
            columns=tuple(_columns(node, pointer)),
            description=_text(node.get("description"), LONGEST_TEXT),
            owner=self._owner(node),
            reads=tuple(sorted(self._reads(key, node, frozenset()) - {key})),
            sql=_text(node.get("compiled_code"), LONGEST_SQL),
            tests=tuple(tests.get(key, ())),
        )

    def _reads(self, key: str, node: Json, seen: frozenset[str]) -> set[str]:
        """The tables that a node reads, through queries that are no tables."""
        found: set[str] = set()
        for one in _texts(_maybe(node.get("depends_on")).get("nodes")):
            inner = self.nodes.get(one)
            if one in self.sources:
                found.add(one)
            elif inner is not None and _is_ephemeral(inner) and one not in seen:
                found |= self._reads(one, inner, seen | {key, one})
            elif inner is not None and inner.get("resource_type") in _MADE:
                found.add(one)
        return found

    def _owner(self, node: Json) -> str:
        config = _maybe(node.get("config"))
        said = _maybe(node.get("meta")).get("owner") or _maybe(config.get("meta")).get("owner")
        return _text(said) or self.groups.get(_text(node.get("group") or config.get("group")), "")

    def _tests(self) -> dict[str, list[tuple[str, str]]]:
        """The tests of each table: what they are called, and the column that they are about."""
        found: dict[str, list[tuple[str, str]]] = {}
        for node in (node for _, node in sorted(self.nodes.items()) if node.get("resource_type") == "test"):
            read = _texts(_maybe(node.get("depends_on")).get("nodes"))
            about = _text(node.get("attached_node")) or (read[0] if read else "")
            kind = _text(_maybe(node.get("test_metadata")).get("name")) or _text(node.get("name"))
            found.setdefault(about, []).append((kind, _text(node.get("column_name"))))
        return found


def _refuse_version(about: Json) -> None:
    said = _needed(about, "dbt_schema_version", "/metadata")
    match = _VERSION.search(said)
    if match is None or int(match[1]) not in VERSIONS:
        read_here = f"v{VERSIONS[0]} to v{VERSIONS[-1]}"
        raise _fault("/metadata/dbt_schema_version", f"{said[-40:]!r} is not read here: manifests {read_here} are")


def _owners(groups: object) -> dict[str, str]:
    found = {}
    for group in _maybe(groups).values():
        owner = _maybe(_maybe(group).get("owner"))
        found[_text(_maybe(group).get("name"))] = _text(owner.get("name") or owner.get("email"))
    return found


def _columns(node: Json, pointer: str) -> Iterator[tuple[str, str]]:
    for name, column in _mapping(node.get("columns") or {}, f"{pointer}/columns").items():
        told = _maybe(column)
        yield _text(told.get("name")) or _text(name), _text(told.get("data_type"))


def _is_ephemeral(node: Json) -> bool:
    return _maybe(node.get("config")).get("materialized") == "ephemeral"


def _mapping(value: object, pointer: str) -> Json:
    if not isinstance(value, Mapping):
        raise _fault(pointer, f"must be a mapping, not {described(value)}")
    return value


def _maybe(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _needed(mapping: Json, key: str, pointer: str) -> str:
    found = _text(mapping.get(key))
    if not found:
        raise _fault(f"{pointer}/{key}", "is missing")
    return found


def _text(value: object, longest: int = LONGEST_NAME) -> str:
    """A text that every database keeps."""
    if not isinstance(value, str):
        return ""
    return value.replace("\x00", "").encode(errors="replace").decode()[:longest]


def _fault(pointer: str, message: str) -> MessageInvalid:
    todo = "Send the file target/manifest.json as dbt writes it."
    return MessageInvalid(f"{pointer or 'The manifest'}: {message}", pointer=pointer, todo=todo)
