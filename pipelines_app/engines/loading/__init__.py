"""Arriving files by their contract: good rows become the session's output, bad ones a verdict in words."""

from collections.abc import Mapping
from pathlib import Path

from pipelines_app.compiler.definition import Format, Source
from pipelines_app.engines.loading import delimited, jsonl, parquet
from pipelines_app.engines.loading.verdict import Verdict
from pipelines_app.engines.sandbox.session import Session
from pipelines_app.errors import EngineError


def load(session: Session, files: Mapping[str, Path], source: Source) -> Verdict:
    """Write the good rows of all files to the session's output and judge the others."""
    try:
        match source.format:
            case Format.CSV | Format.TSV:
                return delimited.load(session, files, source)
            case Format.JSONL:
                return jsonl.load(session, files, source)
            case Format.PARQUET:
                return parquet.load(session, files, source)
    except EngineError as error:
        if error.kind != EngineError.STATEMENT:
            raise
        raise EngineError(
            f"{', '.join(files)} cannot be read as {source.format.value}: {error.message}",
            kind=EngineError.SOURCE,
            todo="Send the file in the declared format, or change the source.",
            detail=error.detail,
        ) from error
