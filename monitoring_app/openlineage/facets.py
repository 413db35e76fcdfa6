"""The facets of OpenLineage that we tell, each with the address of its schema. Values in, JSON-ready values out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]
SPEC = "https://openlineage.io/spec"
PRODUCER = "https://github.com/loopline/loopline"
CORE = f"{SPEC}/2-0-2/OpenLineage.json"


def facet(schema: str, **said: object) -> Json:
    """A facet of this schema, such as `1-1-0/SQLJobFacet`."""
    name = schema.partition("/")[2]
    return {"_producer": PRODUCER, "_schemaURL": f"{SPEC}/facets/{schema}.json#/$defs/{name}", **said}


def schema(columns: Iterable[Mapping[str, str]]) -> Json:
    """Names and types of columns."""
    fields = [{"name": column["name"], "type": column["type"]} for column in columns]
    return facet("1-2-0/SchemaDatasetFacet", fields=fields)


def sql(text: str, dialect: str) -> Json:
    return facet("1-1-0/SQLJobFacet", query=text, dialect=dialect)


def version(number: str) -> Json:
    return facet("1-0-1/DatasetVersionDatasetFacet", datasetVersion=number)


def owners(kind: str, team: str) -> Json:
    """Of a job (`Job`) or a dataset (`Dataset`)."""
    return facet(f"1-0-1/Ownership{kind}Facet", owners=[{"name": f"team:{team}", "type": "OWNER"}])


def nominal(start: str, end: str) -> Json:
    return facet("1-0-1/NominalTimeRunFacet", nominalStartTime=start, nominalEndTime=end)


def parent(run_id: str, namespace: str, job: str) -> Json:
    whole = {"run": {"runId": run_id}, "job": {"namespace": namespace, "name": job}}
    return facet("1-2-0/ParentRunFacet", **whole, root=whole)


def error(message: str) -> Json:
    return facet("1-0-1/ErrorMessageRunFacet", message=message, programmingLanguage="SQL")


def statistics(rows: int, size: int, files: int) -> Json:
    return facet("1-0-2/OutputStatisticsOutputDatasetFacet", rowCount=rows, size=size, fileCount=files)


def metrics(rows: int, size: int) -> Json:
    return facet("1-0-0/DataQualityMetricsDatasetFacet", rowCount=rows, bytes=size, columnMetrics={})


def assertions(results: Iterable[tuple[str, str, str, bool]]) -> Json:
    """What checks found: kind, name, severity, and whether it holds."""
    said = [
        {"assertion": kind, "name": name, "severity": "error" if severity == "block" else severity, "success": passed}
        for kind, name, severity, passed in results
    ]
    return facet("1-1-0/DataQualityAssertionsDatasetFacet", assertions=said)


def column_lineage(namespace: str, edges: Iterable[tuple[str, str, str, str, Sequence[str], bool]]) -> Json:
    """Edges as (source, column, column of the target or empty for all, direct or indirect, how, masked)."""
    fields: dict[str, dict[tuple[str, str], Json]] = {}
    for source, source_column, column, kind, how, masked in edges:
        if not source_column:
            continue  # a row is no field of theirs
        inputs = fields.setdefault(column, {})
        named = {"namespace": namespace, "name": source, "field": source_column}
        entry = inputs.setdefault((source, source_column), {**named, "transformations": []})
        entry["transformations"] += [
            {"type": kind.upper(), "subtype": subtype, "masking": masked} for subtype in how or ("TRANSFORMATION",)
        ]
    rows = fields.pop("", {})
    told = {column: {"inputFields": list(inputs.values())} for column, inputs in sorted(fields.items())}
    return facet("1-2-0/ColumnLineageDatasetFacet", fields=told, dataset=list(rows.values()))
