"""Fingerprints: what a version is made by and from, so that equal work is never done twice."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from pipelines_app.compiler import statements
from pipelines_app.compiler.definition import Column, Materialisation

# Raised when the same recipe would be carried out differently, so that nothing made the old way is reused.
VERSION = 1


def recipe(
    *,
    materialise: Materialisation,
    sql: str,
    columns: Sequence[Column],
    contract: Mapping[str, object] | None = None,
    dialect: str = statements.DIALECT,
) -> str:
    """What a step does, apart from when and from what: sha256 in hex. Names, owners and checks are no part of it."""
    return _digest(
        {
            "version": VERSION,
            "materialise": str(materialise),
            "sql": sql,
            "columns": [[column.name, column.type] for column in columns],
            "contract": dict(contract or {}),
            # Equal texts of two dialects are two queries: 1 / 2 is 0 in one, and 0.5 in the other.
            **({} if dialect == statements.DIALECT else {"dialect": dialect}),
        }
    )


def run_key(recipe: str, period: str, inputs: Mapping[str, str]) -> str:
    """One carrying out of a recipe: for a period, from these input versions (dataset -> version): sha256 in hex."""
    return _digest({"recipe": recipe, "period": period, "inputs": dict(inputs)})


def _digest(content: Mapping[str, object]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
